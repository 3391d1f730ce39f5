#include "cli/target.h"

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kFallbackName = "fallback_application_name";
constexpr const char* kPlainName = "pgring";

}  // namespace

bool WantsThrowaway(const Options& options) {
  return options.force_throwaway || (options.target.empty() && !EnvironmentNamesServer());
}

absl::StatusOr<OpenTarget> OpenTargetOf(const Options& options, const Interrupt& interrupt) {
  OpenTarget open;
  if (!options.perf_control.empty()) {
    auto perf = PerfControl::Open(options.perf_control);
    if (!perf.ok()) return perf.status();
    open.perf = *std::move(perf);
    open.target.perf = open.perf.get();
  }
  ConnectionTarget address = options.target;
  if (WantsThrowaway(options)) {
    const std::vector<std::string> ignored = ForgetConnectionEnvironment();
    if (!ignored.empty()) {
      open.note = absl::StrCat(
          "the throwaway server takes nothing from the environment: ", absl::StrJoin(ignored, ", "),
          " not used; name a server (-h, -d) to use it");
    }
    ThrowawayServerOptions server_options;
    server_options.max_connections = options.server.max_connections;
    server_options.cancel_fd = interrupt.descriptor();
    auto server = ThrowawayServer::Start(server_options);
    if (!server.ok()) return server.status();
    open.server = *std::move(server);
    open.target.throwaway = true;
    open.target.postmaster_pid = open.server->postmaster_pid();
    address = ConnectionTarget();
    address.database = open.server->conninfo();
  }
  auto parameters = ConnectionParameters::Resolve(address);
  if (!parameters.ok()) return parameters.status();
  open.target.parameters = *std::move(parameters);
  // Of its own, so that another pgring's sessions are not taken for this one's.
  if (open.target.parameters.Get(kFallbackName) == kPlainName) {
    // The workers of a fleet are one client.
    open.target.parameters.Set(kFallbackName,
                               options.fleet.has_value()
                                   ? absl::StrCat(kPlainName, " fleet ", options.fleet->id)
                                   : absl::StrCat(kPlainName, " ", getpid()));
  }
  open.target.samples_server = options.samples_server;
  if (options.control.empty()) return open;
  ConnectionTarget control;
  control.database = options.control;
  auto direct = ConnectionParameters::Resolve(control);
  if (!direct.ok()) return Annotate(direct.status(), "--control");
  open.target.direct = *std::move(direct);
  return open;
}

absl::StatusOr<OpenTarget> OpenTargetAndTell(const Options& options, const Interrupt& interrupt,
                                             ExperimentObserver* observer) {
  if (WantsThrowaway(options)) {
    observer->OnNote(
        options.force_throwaway
            ? "a throwaway PostgreSQL is started for this run (--throwaway)"
            : "no server was named, so a throwaway PostgreSQL is started for this run");
  }
  absl::StatusOr<OpenTarget> target = OpenTargetOf(options, interrupt);
  if (target.ok() && !target->note.empty()) observer->OnNote(target->note);
  return target;
}

}  // namespace pgring
