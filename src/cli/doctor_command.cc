#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/signals.h"
#include "cli/target.h"
#include "cluster/find_binaries.h"
#include "experiment/connection_allowance.h"
#include "experiment/environment.h"
#include "experiment/perf_abilities.h"
#include "experiment/pooler.h"
#include "pgring/base/printable.h"
#include "pgring/base/status.h"
#include "pgring/postgres/connect_failure.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/kernel_backend.h"

namespace pgring {
namespace {

// One line a finding. `kBad` is what stops pgring from working; `kNote` is what a user may want to
// change.
enum class Finding : uint8_t { kGood, kNote, kBad };

class Findings {
 public:
  void Add(Finding finding, const std::string& subject, const std::string& text) {
    static constexpr const char* kMarks[] = {"ok  ", "note", "BAD "};
    PrintOutput(EscapeControls(
        fmt::format("{} {:<11} {}\n", kMarks[static_cast<size_t>(finding)], subject, text)));
    if (finding == Finding::kBad) any_bad_ = true;
  }
  bool any_bad() const { return any_bad_; }

 private:
  bool any_bad_ = false;
};

// The server's settings that change what a comparison on it means.
void JudgeSettings(const Environment& environment, Findings* findings) {
  for (const auto& [name, value] : environment.server_settings) {
    const bool durability =
        name == "fsync" || name == "synchronous_commit" || name == "full_page_writes";
    if (durability && value == "off") {
      findings->Add(Finding::kNote, "server",
                    absl::StrCat(name,
                                 " is off: commits are faster here than on a server that "
                                 "keeps its data"));
    }
  }
}

void CheckBuild(const Environment& environment, Findings* findings) {
  const BuildInfo& build = environment.build;
  const std::string text =
      fmt::format("pgring {} ({}), {}, {}, libpq {}", build.version, build.commit, build.compiler,
                  build.build_type, environment.libpq_version);
  if (build.fit_for_measuring()) {
    findings->Add(Finding::kGood, "build", text);
  } else {
    findings->Add(Finding::kNote, "build",
                  text +
                      "; not fit for measuring: every run will be marked invalid; use "
                      "tools/build");
  }
}

void CheckHost(const Environment& environment, Findings* findings) {
  findings->Add(Finding::kGood, "host",
                fmt::format("{}, {}, {} CPUs{}{}, {:.1f} GiB of memory", environment.host,
                            environment.kernel, environment.cpu_count,
                            environment.cpu_model.empty() ? "" : " of ", environment.cpu_model,
                            static_cast<double>(environment.memory_bytes) / (1 << 30)));
  if (environment.cpu_count < 2) {
    findings->Add(
        Finding::kNote, "host",
        "one CPU: client and server take it from each other, and every figure shows both");
  }
  auto backend = CreateKernelBackend(KernelBackendOptions());
  if (backend.ok()) {
    const absl::Status completion = CheckCompletionIo();
    findings->Add(
        Finding::kGood, "io_uring",
        absl::StrCat("set up as ", (*backend)->setup(), "; I/O mode ",
                     completion.ok()
                         ? "completion (bytes go through the ring)"
                         : absl::StrCat("readiness (completion: ", completion.message(), ")")));
  } else {
    findings->Add(Finding::kBad, "io_uring", std::string(backend.status().message()));
  }
  const PerfAbilities perf = AskPerfAbilities();
  findings->Add(perf.samples ? Finding::kGood : Finding::kNote, "perf", PerfAbilitiesText(perf));
  const int64_t open_files = RaiseOpenFileLimit();
  constexpr int64_t kComfortable = 2'100;
  findings->Add(open_files >= kComfortable ? Finding::kGood : Finding::kNote, "open files",
                fmt::format("up to {}{}", open_files,
                            open_files >= kComfortable
                                ? ""
                                : fmt::format("; raise it with 'ulimit -n {}' for pools beyond {}",
                                              kComfortable, open_files - 100)));
}

void CheckBinaries(Findings* findings) {
  auto binaries = FindPostgresBinaries();
  if (binaries.ok()) {
    findings->Add(Finding::kGood, "throwaway",
                  absl::StrCat("PostgreSQL ", binaries->version, " in ", binaries->directory));
  } else {
    findings->Add(Finding::kNote, "throwaway", std::string(binaries.status().message()));
  }
}

// How many connections a run gets: the server's word, unless a pooler has one of its own.
absl::Status CheckConnections(BlockingSession* session, Findings* findings) {
  const absl::StatusOr<bool> pooler = IsBehindPooler(session);
  if (!pooler.ok()) return pooler.status();
  if (*pooler) {
    findings->Add(Finding::kNote, "pooler",
                  "a connection pooler is between pgring and the server: its limits count, not the "
                  "server's (PgBouncer: max_client_conn for connections, default_pool_size for "
                  "sessions of the server); what is asked to be prepared is sent unprepared");
    return absl::OkStatus();
  }
  const auto allowance = AskConnectionAllowance(session, 1);
  if (!allowance.ok()) return allowance.status();
  findings->Add(allowance->connections > 0 ? Finding::kGood : Finding::kBad, "server",
                fmt::format("up to {} connections for a run now ({})", allowance->connections,
                            allowance->explanation));
  return absl::OkStatus();
}

absl::Status CheckRole(BlockingSession* session, Findings* findings) {
  absl::StatusOr<Result> answer =
      session->ExecuteSql("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')");
  if (!answer.ok()) return Annotate(answer.status(), "asking whether the server is a standby");
  if (answer->Text(0, 0) == "t") {
    findings->Add(Finding::kNote, "server",
                  "a standby (in recovery): only what reads can run here, such as -S or scripts of "
                  "your own; the built-in workload writes");
  } else if (answer->Text(0, 1) == "on") {
    findings->Add(
        Finding::kNote, "server",
        "transactions are read only here (default_transaction_read_only): only what reads "
        "can run, such as -S or scripts of your own");
  }
  return absl::OkStatus();
}

void CheckServer(const Options& options, const Interrupt& interrupt, Findings* findings) {
  if (WantsThrowaway(options)) {
    findings->Add(Finding::kNote, "server",
                  "none named (-h, -d, PGHOST …): compare and run start a throwaway one");
    return;
  }
  auto target = OpenTargetOf(options, interrupt);
  if (!target.ok()) {
    findings->Add(Finding::kBad, "server", std::string(target.status().message()));
    return;
  }
  const ConnectionParameters& parameters = target->target.parameters;
  BlockingSession session(&parameters, nullptr, &interrupt);
  const absl::Status connected = session.ConnectNow();
  if (!connected.ok()) {
    findings->Add(Finding::kBad, "server",
                  std::string(ExplainConnectFailure(connected, parameters).message()));
    return;
  }
  Environment environment;
  absl::Status status = DescribeServer(&session, parameters, &environment);
  if (status.ok()) {
    std::string settings;
    for (const auto& [name, value] : environment.server_settings) {
      absl::StrAppend(&settings, settings.empty() ? "" : ", ", name, " ", value);
    }
    findings->Add(
        Finding::kGood, "server",
        fmt::format("PostgreSQL {} at {}", environment.server_version, environment.server_address));
    findings->Add(Finding::kGood, "server", settings);
    status = CheckConnections(&session, findings);
  }
  if (status.ok()) status = CheckRole(&session, findings);
  if (!status.ok()) {
    findings->Add(Finding::kBad, "server", std::string(status.message()));
    return;
  }
  JudgeSettings(environment, findings);
  session.CloseNow();
}

}  // namespace

int DoctorCommand(const Options& options, Interrupt* interrupt) {
  Findings findings;
  const Environment host = DescribeHost();
  CheckBuild(host, &findings);
  CheckHost(host, &findings);
  CheckBinaries(&findings);
  CheckServer(options, *interrupt, &findings);
  if (interrupt->raised()) return ExitCodeOf(*interrupt);
  return FinishWith(findings.any_bad() ? kExitCouldNotStart : kExitValid);
}

}  // namespace pgring
