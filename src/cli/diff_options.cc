#include "cli/diff_options.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/option_values.h"

namespace pgring {

void AddDiffOptions(CLI::App* command, DiffOptions* options, RawDiff* raw) {
  command->add_option("OLD", options->old_path, "a result.json, or the directory that it is in");
  command->add_option("NEW", options->new_path, "another one, of the same workload and load");
  command
      ->add_option("--gate", raw->gates,
                   "how much worse NEW may be, as a part of OLD: throughput>=-3%, p99<=+10%; "
                   "metrics: throughput, p50, p90, p95, p99, p99.9, client_cpu, server_cpu, "
                   "connections_peak; may be given several times")
      ->type_name("GATE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->group("Gates");
  command
      ->add_option("--junit", options->junit_file,
                   "write the gates as test results (XML); - for standard output, in place of the "
                   "tables")
      ->type_name("FILE")
      ->check(NotEmpty())
      ->group("Gates");
  command
      ->add_flag("--markdown", options->markdown,
                 "print Markdown tables, for the comment of a pull request")
      ->group("Output");
}

absl::Status ResolveDiff(const RawDiff& raw, const std::vector<std::string>& leftover,
                         DiffOptions* options) {
  if (!leftover.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", leftover.front(), "\" is one argument too many; see 'pgring diff --help'"));
  }
  if (options->new_path.empty()) {
    return absl::InvalidArgumentError(
        "two results are compared, an old one and a new one; see 'pgring diff --help'");
  }
  for (const std::string& text : raw.gates) {
    absl::StatusOr<Gate> gate = ParseGate(text);
    if (!gate.ok()) return gate.status();
    options->gates.push_back(*std::move(gate));
  }
  if (options->junit_file == "-" && options->markdown) {
    return absl::InvalidArgumentError(
        "--markdown and --junit - both want standard output: give --junit a file");
  }
  if (!options->junit_file.empty() && options->gates.empty()) {
    return absl::InvalidArgumentError("--junit writes what became of the gates: give a --gate");
  }
  return absl::OkStatus();
}

}  // namespace pgring
