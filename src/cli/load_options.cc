#include "cli/load_options.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/jobs_options.h"
#include "cli/option_values.h"
#include "pgring/base/status.h"
#include "script/builtin_scripts.h"
#include "script/script_list.h"
#include "script/script_parser.h"
#include "workload/script_protocol.h"

namespace pgring {
namespace {

constexpr const char* kWorkloadGroup = "Workload";
constexpr const char* kLoadGroup = "Load";

absl::Status AddFile(const std::string& notation, std::vector<ScriptText>* scripts) {
  absl::StatusOr<WeightedName> named = ParseWeightedName(notation);
  if (!named.ok()) {
    return absl::Status(
        named.status().code(),
        absl::StrCat("-f: ", named.status().message(),
                     " (the last @ begins the weight; a file of this name is written ", notation,
                     "@1)"));
  }
  absl::StatusOr<std::string> text = ReadScriptFile(named->name);
  if (!text.ok() && named->name != notation && std::filesystem::exists(notation)) {
    return absl::Status(
        text.status().code(),
        absl::StrCat("-f: ", text.status().message(), " (the last @ begins the weight; the file ",
                     notation, " is written ", notation, "@1)"));
  }
  if (!text.ok()) return Annotate(text.status(), "-f");
  ScriptText script = {named->name, *std::move(text), named->weight};
  script.default_mode = DefaultQueryMode(script.text);
  scripts->push_back(std::move(script));
  return absl::OkStatus();
}

absl::StatusOr<const BuiltinScript*> BuiltinNamed(const char* option, const std::string& name) {
  absl::StatusOr<const BuiltinScript*> builtin = FindBuiltinScript(name);
  if (builtin.ok()) return builtin;
  // The list that follows is for those who ask for it.
  const std::string message(builtin.status().message());
  return absl::Status(builtin.status().code(),
                      absl::StrCat(option, ": ", message.substr(0, message.find('\n')),
                                   "; 'pgring compare -b list' lists them"));
}

absl::Status AddBuiltin(const std::string& notation, std::vector<ScriptText>* scripts) {
  absl::StatusOr<WeightedName> named = ParseWeightedName(notation);
  if (!named.ok()) return Annotate(named.status(), "-b");
  absl::StatusOr<const BuiltinScript*> builtin = BuiltinNamed("-b", named->name);
  if (!builtin.ok()) return builtin.status();
  scripts->push_back({std::string((*builtin)->name), std::string((*builtin)->text), named->weight,
                      /*is_builtin=*/true, (*builtin)->needs_pgbench_tables, QueryMode::kPrepared});
  return absl::OkStatus();
}

// Options that say nothing about the built-in workload.
absl::Status RefuseOptionsOfScripts(const RawLoad& raw, const WorkloadPlan& workload) {
  const struct {
    bool given;
    const char* refusal;
  } options[] = {
      {!workload.variables.empty(), "-D defines variables of scripts: give one with -f or -b"},
      {workload.record_commands,
       "-r shows the times of scripts' commands: give a script with -f or -b, or leave -r out"},
      {workload.vacuum_all,
       "-v vacuums pgbench's tables for scripts: give one with -f or -b, or leave -v out"},
      {workload.scale.has_value(),
       "-s sets the scripts' :scale: give a script with -f or -b, or leave -s out"},
      {!raw.mode.empty(), "-M is the protocol of scripts: give one with -f or -b, or leave -M out"},
  };
  for (const auto& option : options) {
    if (option.given) return absl::InvalidArgumentError(option.refusal);
  }
  return absl::OkStatus();
}

absl::Status ResolveScripts(const RawLoad& raw, WorkloadPlan* workload) {
  std::vector<ScriptText>* scripts = &workload->scripts;
  for (const std::string& file : raw.files) PGRING_RETURN_IF_ERROR(AddFile(file, scripts));
  for (const std::string& name : raw.builtins) PGRING_RETURN_IF_ERROR(AddBuiltin(name, scripts));
  if (raw.select_only) PGRING_RETURN_IF_ERROR(AddBuiltin("select-only", scripts));
  if (raw.skip_some_updates) PGRING_RETURN_IF_ERROR(AddBuiltin("simple-update", scripts));
  for (const std::string& definition : raw.definitions) {
    const size_t sign = definition.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == definition.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("-D: \"", definition, "\" is not of the form NAME=VALUE"));
    }
    workload->variables.emplace_back(definition.substr(0, sign), definition.substr(sign + 1));
  }
  if (scripts->empty()) return RefuseOptionsOfScripts(raw, *workload);
  workload->name = "scripts";
  return absl::OkStatus();
}

absl::Status ResolveCount(const RawLoad& raw, WorkloadPlan* workload, LoadPlan* load) {
  if (raw.transactions.has_value() && load->duration_s.has_value()) {
    return absl::InvalidArgumentError(
        "-t and -T both say when a run ends: give a number of transactions or a duration");
  }
  if (raw.transactions.has_value() && raw.operations.has_value()) {
    return absl::InvalidArgumentError(
        "-t and --operations both say how many: -t counts for each client, --operations for all");
  }
  load->operations_per_client = raw.transactions;
  if (raw.operations.has_value()) {
    workload->operations = *raw.operations;
  } else if (load->duration_s.has_value()) {
    workload->operations = kUnlimitedOperations;
  }
  return absl::OkStatus();
}

// What --seed says, else PGBENCH_RANDOM_SEED. "time" and "rand" become a number here, so that every
// report names a seed that repeats the run.
absl::Status ResolveSeed(const RawLoad& raw, uint64_t* seed) {
  const char* option = "--seed/--random-seed";
  std::string text = raw.seed.value_or("");
  if (!raw.seed.has_value()) {
    const char* value = std::getenv("PGBENCH_RANDOM_SEED");
    if (value == nullptr) return absl::OkStatus();
    option = "PGBENCH_RANDOM_SEED";
    text = value;
  }
  if (text == "time") {
    *seed = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                      std::chrono::system_clock::now().time_since_epoch())
                                      .count());
    return absl::OkStatus();
  }
  if (text == "rand") {
    if (getentropy(seed, sizeof *seed) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, absl::StrCat(option, " rand: reading a random number"));
  }
  if (absl::SimpleAtoi(text, seed)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": \"", text, "\" is neither a whole number from 0 to ",
                   std::numeric_limits<uint64_t>::max(), " nor time or rand"));
}

// What an error does to an operation, to its client and to the run.
void AddErrorOptions(CLI::App* command, WorkloadPlan* workload, LoadPlan* plan, RawLoad* raw) {
  command
      ->add_option("--max-tries", plan->max_tries,
                   "attempts at an operation that ends in a serialization failure or a deadlock; "
                   "0: as many as -L or -T allow")
      ->check(WholeNumber(0, kMostTries))
      ->capture_default_str()
      ->group(kLoadGroup);
  command
      ->add_flag("-C,--connect", plan->connect_each,
                 "a new connection for every operation; its time counts as waiting for one")
      ->group(kLoadGroup);
  command
      ->add_flag("--exit-on-abort", plan->exit_on_abort,
                 "end when an error aborts a client; otherwise the others go on")
      ->group(kLoadGroup);
  command
      ->add_flag("--continue-on-error", workload->continue_on_error,
                 "of scripts: a client goes on after an SQL error; otherwise it ends, but for "
                 "serialization failures and deadlocks")
      ->group(kLoadGroup);
  command
      ->add_option("--max-failed", raw->max_failed_percent,
                   "percent of the operations that may fail in a valid run; 100 and "
                   "--allow-unstable are what pgbench takes for a success")
      ->check(Number(0, 100))
      ->capture_default_str()
      ->group(kLoadGroup);
  command
      ->add_flag("--allow-unstable", plan->allow_unstable,
                 "with -R: a run that does not keep its rate is valid, with a warning")
      ->group(kLoadGroup);
}

}  // namespace

void AddWorkloadOptions(CLI::App* command, WorkloadPlan* plan, RawLoad* raw) {
  std::vector<std::string> names;
  for (const BuiltinScript& script : BuiltinScripts()) names.emplace_back(script.name);
  const std::string builtins = absl::StrCat("TEXT:{", absl::StrJoin(names, ","), "}");
  command
      ->add_option("-f,--file", raw->files,
                   "run this pgbench script, FILE[@WEIGHT]; may be given several times")
      ->allow_extra_args(false)
      ->group(kWorkloadGroup);
  command
      ->add_option("-b,--builtin", raw->builtins,
                   "run this built-in script, NAME[@WEIGHT]; 'list' lists them")
      ->type_name(builtins)
      ->allow_extra_args(false)
      ->group(kWorkloadGroup);
  command->add_option("--show-script", raw->show_script, "print this built-in script and end")
      ->type_name(builtins)
      ->group(kWorkloadGroup);
  command->add_flag("-S,--select-only", raw->select_only, "-b select-only")->group(kWorkloadGroup);
  command->add_flag("-N,--skip-some-updates", raw->skip_some_updates, "-b simple-update")
      ->group(kWorkloadGroup);
  command->add_option("-D,--define", raw->definitions, "a script's variable, NAME=VALUE")
      ->allow_extra_args(false)
      ->group(kWorkloadGroup);
  command
      ->add_option("-M,--protocol", raw->mode,
                   "of scripts: simple, extended or prepared (default: simple for -f, as in "
                   "pgbench, and prepared for built-in ones)")
      ->check(CLI::IsMember({"simple", "extended", "prepared"}))
      ->group(kWorkloadGroup);
  command
      ->add_option("-s,--scale", plan->scale, "the scripts' :scale (default: asked of the tables)")
      ->check(WholeNumber(1, 1'000'000))
      ->group(kWorkloadGroup);
  command
      ->add_flag("-n,--no-vacuum", raw->no_vacuum,
                 "do not vacuum pgbench's tables before a run, nor empty the history")
      ->group(kWorkloadGroup);
  command
      ->add_flag("-v,--vacuum-all", plan->vacuum_all,
                 "also vacuum and analyze pgbench_accounts before a run")
      ->group(kWorkloadGroup);
  command
      ->add_flag("-r,--report-per-command", plan->record_commands,
                 "of scripts: show the mean time of every command")
      ->group(kWorkloadGroup);
  command->add_option("--write-ratio", plan->write_ratio, "of family: share of creates, 0 to 1")
      ->check(Number(0, 1))
      ->capture_default_str()
      ->group(kWorkloadGroup);
  command
      ->add_option("--statements", raw->statements,
                   "of family: batched (4 round trips a create) or per-row (10)")
      ->check(CLI::IsMember({"batched", "per-row"}))
      ->capture_default_str()
      ->group(kWorkloadGroup);
  command
      ->add_flag("--fk-index", plan->fk_index,
                 "of family: index b.a_id, so that reads do not scan b")
      ->group(kWorkloadGroup);
  command
      ->add_flag("--print-rows", plan->print_rows,
                 "of family: print every b row that is read to standard output")
      ->group(kWorkloadGroup);
  command
      ->add_option("--seed,--random-seed", raw->seed,
                   "of the operation list and of the scripts' random numbers: a number, time or "
                   "rand; the report says which it was (default: PGBENCH_RANDOM_SEED, else 42)")
      ->group(kWorkloadGroup);
}

void AddLoadOptions(CLI::App* command, WorkloadPlan* workload, LoadPlan* plan, RawLoad* raw) {
  command
      ->add_option(
          "--operations", raw->operations,
          absl::StrCat("how many, all clients together (default ", WorkloadPlan().operations, ")"))
      ->check(WholeNumber(1, kMaxOperations))
      ->group(kLoadGroup);
  AddJobs(command, &raw->jobs);
  command
      ->add_option("-t,--transactions", raw->transactions,
                   "how many for each client: 1 of sync, one for each thread or place of the "
                   "limit, one for each connection of async")
      ->check(WholeNumber(1, kMaxOperations))
      ->group(kLoadGroup);
  command
      ->add_option("-T,--time", plan->duration_s,
                   "seconds to run; what is in flight at the end is completed and counts")
      ->transform(Duration(TimeUnit::kSeconds, 0.001, kMaxDurationS))
      ->group(kLoadGroup);
  command->add_option("--warmup", plan->warmup_s, "seconds before that, which count nowhere")
      ->transform(Duration(TimeUnit::kSeconds, 0, kMaxDurationS))
      ->group(kLoadGroup);
  command
      ->add_option("--ramp", plan->ramp_s,
                   "seconds in which the limit, or async's pool, grows from 1 to its full size")
      ->transform(Duration(TimeUnit::kSeconds, 0, kMaxDurationS))
      ->group(kLoadGroup);
  command
      ->add_option("-R,--rate", plan->rate_per_s,
                   "operations a second, scheduled whether there is room for them or not; "
                   "response counts from the schedule")
      ->check(Number(0.001, kMaxRatePerS))
      ->group(kLoadGroup);
  command->add_option("--arrivals", raw->arrivals, "of -R: poisson or constant")
      ->check(CLI::IsMember({"poisson", "constant"}))
      ->capture_default_str()
      ->group(kLoadGroup);
  command
      ->add_option("-L,--latency-limit", plan->latency_limit_ms,
                   "milliseconds: slower operations count as late, and with -R those that could "
                   "not be begun within it are skipped")
      ->transform(Duration(TimeUnit::kMilliseconds, 0.001, kMaxDurationS * 1e3))
      ->group(kLoadGroup);
  command
      ->add_option("--connecting", raw->connecting,
                   "open connections before the clock starts, or lazily, when they are first "
                   "needed (default: before for scripts, lazily for family)")
      ->check(CLI::IsMember({"before", "lazily"}))
      ->group(kLoadGroup);
  AddErrorOptions(command, workload, plan, raw);
}

absl::Status CountForClients(ComparisonPlan* plan) {
  if (!plan->load.operations_per_client.has_value()) return absl::OkStatus();
  const int64_t each = *plan->load.operations_per_client;
  int64_t most = 0;
  for (const ScenarioPlan& scenario : plan->scenarios) {
    if (each > kMaxOperations / scenario.ClientCount()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "-t ", each, " for the ", scenario.ClientCount(), " clients of scenario ", scenario.label,
          " are more than ", kMaxOperations, " operations; give a smaller -t, or -T"));
    }
    most = std::max(most, OperationCount(plan->workload, plan->load, scenario));
  }
  plan->workload.operations = most;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> RequestedText(const RawLoad& raw) {
  for (const std::string& name : raw.builtins) {
    if (name == "list") return BuiltinScriptList();
  }
  if (raw.show_script.empty()) return std::nullopt;
  absl::StatusOr<const BuiltinScript*> builtin = BuiltinNamed("--show-script", raw.show_script);
  if (!builtin.ok()) return builtin.status();
  return fmt::format("-- {}: {}\n{}\n", (*builtin)->name, (*builtin)->description,
                     (*builtin)->text);
}

absl::Status ResolveLoad(const RawLoad& raw, WorkloadPlan* workload, LoadPlan* load) {
  PGRING_RETURN_IF_ERROR(ResolveSeed(raw, &workload->seed));
  workload->statements =
      raw.statements == "batched" ? StatementStyle::kBatched : StatementStyle::kPerRow;
  workload->vacuum = !raw.no_vacuum;
  for (const QueryMode mode : {QueryMode::kSimple, QueryMode::kExtended, QueryMode::kPrepared}) {
    if (raw.mode == QueryModeName(mode)) workload->mode = mode;
  }
  load->arrivals = raw.arrivals == "poisson" ? ArrivalKind::kPoisson : ArrivalKind::kConstant;
  load->arrival_seed = workload->seed;
  load->max_failed_share = raw.max_failed_percent / 100;
  if (load->max_tries == 0 && !load->latency_limit_ms && !load->duration_s) {
    return absl::InvalidArgumentError(
        "--max-tries 0 tries for ever: give -L or -T, which end it, or a number");
  }
  PGRING_RETURN_IF_ERROR(ResolveScripts(raw, workload));
  if (load->connect_each && !raw.connecting.empty()) {
    return absl::InvalidArgumentError(
        "-C opens a connection for every operation: leave out --connecting");
  }
  load->connect_before = raw.connecting.empty() ? !workload->scripts.empty() && !load->connect_each
                                                : raw.connecting == "before";
  return ResolveCount(raw, workload, load);
}

}  // namespace pgring
