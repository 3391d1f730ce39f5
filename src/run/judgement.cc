#include "run/judgement.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

std::string FailureCounts(const OperationSummary& total) {
  return absl::StrJoin(total.failures, ", ", [](std::string* out, const auto& failure) {
    absl::StrAppend(out, failure.second, " with ", failure.first);
  });
}

void JudgeFailures(const MeasuredRun& measured, const LoadPlan& load, RunResult* result) {
  const OperationSummary& total = result->total;
  if (total.failed == 0) return;
  const std::string text =
      absl::StrFormat("%d of %d operations failed (%s); the first one: %s", total.failed,
                      total.scheduled, FailureCounts(total), measured.first_failure);
  const bool too_many = static_cast<double>(total.failed) >
                        load.max_failed_share * static_cast<double>(total.scheduled);
  const bool none_may_succeed = load.max_failed_share >= 1;
  (too_many || (total.succeeded == 0 && !none_may_succeed) ? result->reasons : result->warnings)
      .push_back(text);
}

void JudgeVerification(RunResult* result) {
  if (!result->verification.has_value()) return;
  const Verification& verification = *result->verification;
  if (!verification.ok) {
    result->reasons.push_back(absl::StrCat("verification failed: ", verification.remark));
  } else if (!verification.remark.empty()) {
    result->warnings.push_back(verification.remark);
  }
}

// What operations waited for connections that could not be had says how long that was, not how fast
// the server is.
void JudgeRefusals(const MeasuredRun& measured, RunResult* result) {
  const ConnectionCounts& connections = result->connections;
  if (measured.opened_before < measured.wanted_before && !measured.interrupted) {
    result->reasons.push_back(absl::StrFormat(
        "only %d of %d connections could be opened before the run (%s), so these figures are not "
        "those of %d connections; close other sessions, or ask for fewer connections",
        measured.opened_before, measured.wanted_before, measured.connect_failure.message(),
        measured.wanted_before));
    return;
  }
  if (connections.refused == 0) return;
  const auto refused_ns = static_cast<double>(measured.connections.refused_ns);
  const auto duration_ns = static_cast<double>(measured.ended_ns - measured.started_ns);
  const std::string text = absl::StrFormat(
      "%d of %d connection attempts were refused (%s); at most %d connections were open",
      connections.refused, connections.requested, measured.connect_failure.message(),
      connections.peak_open);
  if (refused_ns > kMaxRefusedShare * duration_ns) {
    result->reasons.push_back(absl::StrFormat(
        "%s, and none could be added for %.2f of %.2f s, so the times say how long operations "
        "waited for connections",
        text, refused_ns / kNanosecondsPerSecond, duration_ns / kNanosecondsPerSecond));
  } else {
    result->warnings.push_back(text);
  }
}

void JudgeConnections(RunResult* result) {
  const ConnectionCounts& connections = result->connections;
  if (connections.discarded > 0) {
    result->warnings.push_back(absl::StrFormat(
        "%d connections were closed and replaced because an operation had left its transaction or "
        "pipeline open; please report it",
        connections.discarded));
  }
  if (connections.timeline_thinned) {
    result->warnings.push_back(
        "more connection changes than are kept: the timeline is thinned, its peaks and means are "
        "exact");
  }
}

void JudgeRescues(const MeasuredRun& measured, RunResult* result) {
  if (measured.rescued_waits == 0) return;
  result->warnings.push_back(absl::StrFormat(
      "%d times a connection waited for a second and longer for bytes that were there: the ring "
      "had not told of them, and the wait was begun again; please report it, and use --io "
      "readiness meanwhile",
      measured.rescued_waits));
}

// A queue that keeps growing: at the end operations began late by a share of the whole run that no
// passing crowd explains, or a share of them was not begun at all.
void JudgeStability(const MeasuredRun& measured, const LoadPlan& load, RunResult* result) {
  if (!load.open_loop()) return;
  const OperationSummary& total = result->total;
  const auto duration_ns = static_cast<double>(measured.ended_ns - measured.started_ns);
  const auto lag_ns = static_cast<double>(measured.last_lag_ns);
  const double service_ns = total.part(LatencyPart::kService).Mean();
  const bool lags = lag_ns > kMaxLagShare * duration_ns && lag_ns > kMaxLagServices * service_ns;
  const bool skips =
      !measured.interrupted &&
      static_cast<double>(total.skipped) > kMaxSkippedShare * static_cast<double>(total.scheduled);
  result->unstable = lags || skips;
  if (!result->unstable) return;
  std::vector<std::string>& remarks = load.allow_unstable ? result->warnings : result->reasons;
  remarks.push_back(absl::StrFormat(
      "unstable: %g operations a second were asked for and %.0f done; the last one was begun %.2f "
      "s behind its schedule and %d were not begun at all, so the times say how long the run was, "
      "not how fast the server is",
      *load.rate_per_s, result->throughput_per_s, lag_ns / kNanosecondsPerSecond, total.skipped));
}

// An open loop's reasons count these among what was not begun.
void JudgeCut(const MeasuredRun& measured, const LoadPlan& load, RunResult* result) {
  if (measured.cut_at_end == 0 || load.open_loop()) return;
  result->warnings.push_back(absl::StrFormat(
      "%d operations still waited for a connection when the time was up; they were not begun and "
      "count as skipped",
      measured.cut_at_end));
}

}  // namespace

LittleCheck CheckLittle(const MeasuredRun& measured) {
  LittleCheck check;
  const auto duration_ns = static_cast<double>(measured.ended_ns - measured.started_ns);
  const OperationSummary total = measured.recorder.Total();
  const auto completions = static_cast<double>(total.succeeded + total.failed);
  if (duration_ns <= 0 || completions == 0) return check;
  check.mean_in_system = measured.recorder.MeanInSystem(measured.started_ns, measured.ended_ns);
  check.expected = measured.recorder.SumTimeInSystemNs() / duration_ns;
  check.tolerance = std::max(0.01, 2 * check.mean_in_system / completions);
  check.ok = std::abs(check.mean_in_system - check.expected) <=
             check.tolerance * std::max(check.mean_in_system, check.expected);
  return check;
}

RunResult MakeRunResult(const ScenarioPlan& scenario, const std::vector<std::string>& kinds,
                        const MeasuredRun& measured) {
  RunResult result;
  result.scenario = scenario;
  result.driver = DriverOf(scenario.kind);
  result.limiter = LimiterOf(scenario.kind);
  if (result.driver == Driver::kReactor) {
    result.io_mode = std::string(IoModeName(measured.io_mode));
    result.io_setup = measured.io_setup;
  }
  result.interrupted = measured.interrupted;
  result.total = measured.recorder.Total();
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    result.by_kind.push_back({kinds[kind], measured.recorder.kind(kind)});
  }
  result.wall_s =
      static_cast<double>(measured.ended_ns - measured.started_ns) / kNanosecondsPerSecond;
  if (result.wall_s > 0) {
    result.throughput_per_s = static_cast<double>(result.total.succeeded) / result.wall_s;
  }
  result.retried = measured.retried;
  result.retries = measured.retries;
  result.aborted_clients = measured.aborted_clients;
  result.round_trips = measured.tally.round_trips;
  result.rows_read = measured.tally.rows_read;
  result.rows_checksum = measured.tally.rows_checksum;

  const ConnectionTimeline& timeline = measured.timeline;
  ConnectionCounts& connections = result.connections;
  connections.requested = measured.connections.requested;
  connections.opened = measured.connections.opened;
  connections.refused = measured.connections.refused;
  connections.discarded = measured.connections.discarded;
  connections.peak_open = timeline.Peak(ConnectionGauge::kOpen);
  connections.mean_open = timeline.Mean(ConnectionGauge::kOpen);
  connections.peak_in_use = timeline.Peak(ConnectionGauge::kInUse);
  connections.mean_in_use = timeline.Mean(ConnectionGauge::kInUse);
  connections.timeline = timeline.Steps(ConnectionTimeline::kMaxSteps);
  connections.timeline_thinned = timeline.thinned();
  connections.connect_ns = measured.connect_ns;
  connections.opened_before = measured.opened_before;
  connections.connecting_s = static_cast<double>(measured.connecting_ns) / kNanosecondsPerSecond;

  if (measured.ring.has_value()) {
    result.client.enters = measured.ring->enters;
    result.client.sqes = measured.ring->submissions;
    result.client.cqes = measured.ring->completions;
  }
  result.client.bytes_per_connection = measured.bytes_per_connection;
  return result;
}

void Judge(const MeasuredRun& measured, const BuildInfo& build, const LoadPlan& load,
           RunResult* result) {
  if (load.latency_limit_ms.has_value()) result->late = measured.late;
  if (measured.interrupted) result->reasons.push_back("interrupted");
  if (!measured.gave_up.empty()) {
    result->reasons.push_back(absl::StrCat("given up: ", measured.gave_up));
  }
  if (!result->total.Balanced()) {
    const OperationSummary& total = result->total;
    result->reasons.push_back(absl::StrFormat(
        "operations were lost: %d scheduled, but %d succeeded + %d failed + %d skipped",
        total.scheduled, total.succeeded, total.failed, total.skipped));
  }
  JudgeVerification(result);
  JudgeFailures(measured, load, result);
  if (measured.aborted_clients > 0) {
    result->reasons.push_back(absl::StrFormat(
        "%d %s aborted by errors, so fewer were left than asked for", measured.aborted_clients,
        measured.aborted_clients == 1 ? "client was" : "clients were"));
  }
  JudgeStability(measured, load, result);
  const LittleCheck little = CheckLittle(measured);
  if (!little.ok) {
    result->reasons.push_back(absl::StrFormat(
        "Little's law does not hold: %.2f operations in the system on average, %.2f from their "
        "times (tolerance %.1f %%)",
        little.mean_in_system, little.expected, little.tolerance * 100));
  }
  if (measured.ring.has_value() && measured.ring->overflows > 0) {
    result->reasons.push_back(
        absl::StrFormat("the completion queue overflowed %d times: latencies are suspect",
                        measured.ring->overflows));
  }
  if (!build.fit_for_measuring()) {
    result->reasons.push_back(
        build.sanitizers != "none"
            ? absl::StrCat("this pgring was built with sanitizers (", build.sanitizers, ")")
            : "this pgring was built without optimisation");
  }
  JudgeRefusals(measured, result);
  JudgeConnections(result);
  JudgeCut(measured, load, result);
  JudgeRescues(measured, result);
  const OperationSummary& total = result->total;
  if (result->reasons.empty() && total.scheduled > 0 && total.succeeded + total.failed == 0) {
    result->reasons.push_back(absl::StrFormat(
        "none of %d operations was completed, so nothing was measured", total.scheduled));
  }
}

}  // namespace pgring
