#include "report/what_limited.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/format.h"
#include "report/server_cause.h"

namespace pgring {
namespace {

// A thread or a machine that is busy for this share of the time has nothing left to give.
constexpr double kBusyShare = 0.9;

// How many processors a run kept busy, and how many there are; 0 where that is not known.
struct Busy {
  double client = 0;
  double thread = 0;  // of the reactor, of the busiest worker's where there are several
  double server = 0;
  bool sees_server = false;
  int processors = 0;

  bool several_machines = false;

  bool machine() const {
    return processors > 0 && !several_machines && (client + server) / processors >= kBusyShare;
  }
};

Busy BusyOf(const ComparisonResult& result, const Run& run) {
  Busy busy;
  busy.client = (run.client.user_s + run.client.system_s) / run.duration_s();
  const WorkerPart* const busiest = run.BusiestWorker();
  busy.thread = busiest == nullptr ? busy.client : busiest->processor_share();
  busy.several_machines =
      std::any_of(run.workers.begin(), run.workers.end(),
                  [&run](const WorkerPart& part) { return part.host != run.workers.front().host; });
  busy.sees_server = run.server.has_value();
  if (busy.sees_server) {
    busy.server = (run.server->user_s + run.server->system_s) / run.duration_s();
  }
  busy.processors = result.environment.cpu_count;
  return busy;
}

std::string MachineText(const Busy& busy) {
  const std::string whose =
      busy.processors == 1 ? "processor was" : fmt::format("{} processors were", busy.processors);
  std::string text = fmt::format(
      "the {}machine, whose {} busy {:.0f} % of the time", busy.sees_server ? "" : "client's ",
      whose, std::min((busy.client + busy.server) / busy.processors, 1.0) * kPercent);
  if (!busy.sees_server) return text;
  return text +
         (busy.server > busy.client ? ", mostly in the server" : ", mostly in pgring itself");
}

std::string ConnectionsText(const Run& run, double wait_ns) {
  const int connections = run.scenario.pool.size + run.scenario.pool.max_overflow;
  return fmt::format(
      "its {} connection{}; operations waited {} for {} on average, longer than they were then at "
      "work",
      CountText(connections), connections == 1 ? "" : "s", DurationText(wait_ns),
      connections == 1 ? "it" : "one");
}

// The samples of the server name a cause, and agree with its counters.
bool IsTold(const std::optional<Cause>& cause) {
  return cause.has_value() && cause->is_trusted && !cause->summary.empty();
}

bool IsInServer(const std::optional<Cause>& cause) { return IsTold(cause) && !cause->few_at_work; }

std::string UnknownText(const Busy& busy) {
  if (busy.sees_server && busy.processors > 0) {
    return fmt::format(
        "pgring and the server used {} of {} processors, and operations waited for something else, "
        "such as commits, locks, the network or other programs",
        FixedText(busy.client + busy.server, 1), busy.processors);
  }
  return fmt::format(
      "the client used {} of {} processors, and the server's cannot be seen from here",
      FixedText(busy.client, 2), busy.processors > 0 ? CountText(busy.processors) : "its");
}

}  // namespace

std::optional<std::string> WhatWasBusy(const ComparisonResult& result, const Run& run) {
  if (run.duration_s() <= 0) return std::nullopt;
  const Busy busy = BusyOf(result, run);
  if (busy.machine()) {
    const std::optional<Cause> cause = CauseOf(result, run);
    // Which says no more than that the processors were busy.
    const bool says_more = IsInServer(cause) && cause->named != WaitClass::kCpu;
    return MachineText(busy) + (says_more ? "; in the server " + cause->summary : "");
  }
  if (run.scenario.type->driver->uses_io_uring && busy.thread >= kBusyShare) {
    const double percent = std::min(busy.thread, 1.0) * kPercent;
    const WorkerPart* const busiest = run.BusiestWorker();
    if (busiest == nullptr) {
      return fmt::format("the client, whose thread was busy {:.0f} % of the time", percent);
    }
    return fmt::format(
        "the client: of its {} workers the busiest, worker {}, was busy {:.0f} % of "
        "the time",
        run.workers.size(), busiest->rank, percent);
  }
  return std::nullopt;
}

std::optional<Limit> WhatLimited(const ComparisonResult& result, const Run& run) {
  if (run.duration_s() <= 0) return std::nullopt;
  const LoadPlan& load = result.plan.load;
  if (load.open_loop() && !run.verdict.unstable) {
    return Limit{true, fmt::format("the {} operations per second that were asked for",
                                   FigureText(load.rate_per_s))};
  }
  if (std::optional<std::string> busy = WhatWasBusy(result, run); busy.has_value()) {
    return Limit{true, *std::move(busy)};
  }
  const std::optional<Cause> cause = CauseOf(result, run);
  const std::string in_server = IsInServer(cause) ? "; in the server " + cause->summary : "";
  if (load.connect_each) {
    return Limit{true, "opening a connection for every operation, which is part of its latency"};
  }
  if (run.scenario.limit == 1) {
    return Limit{true, "it runs one operation at a time, so every wait adds up" + in_server};
  }
  const double wait_ns = run.total().part(LatencyPart::kPoolWait).Mean();
  if (wait_ns > run.total().part(LatencyPart::kService).Mean()) {
    // More of them may run into what keeps these.
    return Limit{true, ConnectionsText(run, wait_ns) + in_server};
  }
  if (IsTold(cause)) return Limit{true, cause->summary, cause->advice};
  return Limit{false, UnknownText(BusyOf(result, run))};
}

}  // namespace pgring
