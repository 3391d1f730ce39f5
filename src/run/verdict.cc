#include "run/verdict.h"

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

void JudgeFailures(const Run& run, Verdict* verdict) {
  const OperationSummary& total = run.total();
  if (total.failed == 0) return;
  const std::string text =
      absl::StrFormat("%d of %d operations failed (%s); the first one: %s", total.failed,
                      total.scheduled, FailureCounts(total), run.first_failure);
  const bool too_many = static_cast<double>(total.failed) >
                        run.load.max_failed_share * static_cast<double>(total.scheduled);
  const bool none_may_succeed = run.load.max_failed_share >= 1;
  (too_many || (total.succeeded == 0 && !none_may_succeed) ? verdict->reasons : verdict->warnings)
      .push_back(text);
}

// Before the failures that this explains.
void JudgeWorkers(const Run& run, Verdict* verdict) {
  for (const WorkerPart& part : run.workers) {
    if (part.lost.empty()) continue;
    std::string text =
        absl::StrFormat("worker %d of %d %s; ", part.rank, run.workers.size(), part.lost);
    if (part.scheduled > 0) {
      absl::StrAppendFormat(&text,
                            "what became of its %d operations is not known, and they count "
                            "as failed",
                            part.scheduled);
    } else {
      text += "what it did is not known, and is missing in all figures";
    }
    verdict->reasons.push_back(std::move(text));
  }
}

void JudgeVerification(const Run& run, Verdict* verdict) {
  if (!run.not_verified.empty()) {
    verdict->reasons.push_back(absl::StrCat("could not be verified: ", run.not_verified));
  }
  if (!run.verification.has_value()) return;
  const Verification& verification = *run.verification;
  if (!verification.ok) {
    verdict->reasons.push_back(absl::StrCat("verification failed: ", verification.remark));
  } else if (!verification.remark.empty()) {
    verdict->warnings.push_back(verification.remark);
  }
}

// What operations waited for connections that could not be had says how long that was, not how fast
// the server is.
void JudgeRefusals(const Run& run, Verdict* verdict) {
  const PoolCounters& connections = run.connections;
  if (run.opened_before < run.wanted_before && !run.interrupted) {
    verdict->reasons.push_back(absl::StrFormat(
        "only %d of %d connections could be opened before the run (%s), so these figures are not "
        "those of %d connections; close other sessions, or ask for fewer connections",
        run.opened_before, run.wanted_before, run.connect_failure.message(), run.wanted_before));
    return;
  }
  if (connections.refused == 0) return;
  const auto refused_ns = static_cast<double>(run.connections.refused_ns);
  const auto duration_ns = static_cast<double>(run.ended_ns - run.started_ns);
  const std::string text = absl::StrFormat(
      "%d of %d connection attempts were refused (%s); at most %d connections were open",
      connections.refused, connections.requested, run.connect_failure.message(),
      run.timeline.Peak(ConnectionGauge::kOpen));
  if (refused_ns > kMaxRefusedShare * duration_ns) {
    verdict->reasons.push_back(absl::StrFormat(
        "%s, and none could be added for %.2f of %.2f s, so the times say how long operations "
        "waited for connections",
        text, refused_ns / kNanosecondsPerSecond, duration_ns / kNanosecondsPerSecond));
  } else {
    verdict->warnings.push_back(text);
  }
}

void JudgeConnections(const Run& run, Verdict* verdict) {
  const PoolCounters& connections = run.connections;
  if (connections.discarded > 0) {
    verdict->warnings.push_back(absl::StrFormat(
        "%d connections were closed and replaced because an operation had left its transaction or "
        "pipeline open; please report it",
        connections.discarded));
  }
  if (run.timeline.thinned()) {
    verdict->warnings.push_back(
        "more connection changes than are kept: the timeline is thinned, its peaks and means are "
        "exact");
  }
}

void JudgeRescues(const Run& run, Verdict* verdict) {
  if (run.rescued_waits == 0) return;
  verdict->warnings.push_back(absl::StrFormat(
      "%d times a connection waited for a second and longer for bytes that were there: the ring "
      "had not told of them, and the wait was begun again; please report it, and use --io "
      "readiness meanwhile",
      run.rescued_waits));
}

// A queue that keeps growing: at the end operations began late by a share of the whole run that no
// passing crowd explains, or a share of them was not begun at all.
void JudgeStability(const Run& run, Verdict* verdict) {
  if (!run.load.open_loop()) return;
  const OperationSummary& total = run.total();
  const auto duration_ns = static_cast<double>(run.ended_ns - run.started_ns);
  const auto lag_ns = static_cast<double>(run.last_lag_ns);
  const double service_ns = total.part(LatencyPart::kService).Mean();
  const bool lags = lag_ns > kMaxLagShare * duration_ns && lag_ns > kMaxLagServices * service_ns;
  const bool skips =
      !run.interrupted &&
      static_cast<double>(total.skipped) > kMaxSkippedShare * static_cast<double>(total.scheduled);
  verdict->unstable = lags || skips;
  if (!verdict->unstable) return;
  std::vector<std::string>& remarks =
      run.load.allow_unstable ? verdict->warnings : verdict->reasons;
  if (!lags) {
    remarks.push_back(absl::StrFormat(
        "unstable: %d of %d operations were not begun, because the latency limit was over before "
        "there was room for them; the times are those of the others",
        total.skipped, total.scheduled));
    return;
  }
  remarks.push_back(absl::StrFormat(
      "unstable: %g operations a second were asked for and %.0f done; the last one was begun %.2f "
      "s behind its schedule and %d were not begun at all, so the times say how long the run was, "
      "not how fast the server is",
      *run.load.rate_per_s, run.throughput_per_s(), lag_ns / kNanosecondsPerSecond, total.skipped));
}

// An open loop's reasons count these among what was not begun.
void JudgeCut(const Run& run, Verdict* verdict) {
  if (run.cut_at_end == 0 || run.load.open_loop()) return;
  verdict->warnings.push_back(absl::StrFormat(
      "%d operations still waited for a connection when the time was up; they were not begun and "
      "count as skipped",
      run.cut_at_end));
}

void JudgeRamp(const Run& run, Verdict* verdict) {
  const double measured_and_warmup_s = run.duration_s() + run.load.warmup_s;
  if (run.load.ramp_s <= measured_and_warmup_s) return;
  verdict->warnings.push_back(absl::StrFormat(
      "the run was over before its ramp of %g s: it never had its full size", run.load.ramp_s));
}

// Whether pgring itself can be trusted to have measured.
void JudgeMeasuring(const Run& run, const BuildInfo& build, Verdict* verdict) {
  const LittleCheck little = CheckLittle(run);
  if (!little.ok) {
    verdict->reasons.push_back(absl::StrFormat(
        "Little's law does not hold: %.2f operations in the system on average, %.2f from their "
        "times (tolerance %.1f %%)",
        little.mean_in_system, little.expected, little.tolerance * 100));
  }
  if (run.ring.has_value() && run.ring->overflows > 0) {
    verdict->reasons.push_back(absl::StrFormat(
        "the completion queue overflowed %d times: latencies are suspect", run.ring->overflows));
  }
  if (!build.fit_for_measuring()) {
    verdict->reasons.push_back(
        build.sanitizers != "none"
            ? absl::StrCat("this pgring was built with sanitizers (", build.sanitizers, ")")
            : "this pgring was built without optimisation");
  }
}

}  // namespace

LittleCheck CheckLittle(const Run& run) {
  LittleCheck check;
  const auto duration_ns = static_cast<double>(run.ended_ns - run.started_ns);
  const OperationSummary& total = run.total();
  const auto completions = static_cast<double>(total.succeeded + total.failed);
  if (duration_ns <= 0 || completions == 0) return check;
  check.mean_in_system = run.recorder.MeanInSystem(run.started_ns, run.ended_ns);
  check.expected = run.recorder.SumTimeInSystemNs() / duration_ns;
  check.tolerance = std::max(0.01, 2 * check.mean_in_system / completions);
  check.ok = std::abs(check.mean_in_system - check.expected) <=
             check.tolerance * std::max(check.mean_in_system, check.expected);
  return check;
}

Verdict Validate(const Run& run, const BuildInfo& build) {
  Verdict verdict;
  verdict.warnings = run.remarks;
  if (!run.not_started.empty()) {
    verdict.reasons.push_back(run.not_started);
    return verdict;
  }
  const OperationSummary& total = run.total();
  if (run.interrupted) verdict.reasons.emplace_back("interrupted");
  if (!run.gave_up.empty()) verdict.reasons.push_back(absl::StrCat("given up: ", run.gave_up));
  if (!total.Balanced()) {
    verdict.reasons.push_back(absl::StrFormat(
        "operations were lost: %d scheduled, but %d succeeded + %d failed + %d skipped",
        total.scheduled, total.succeeded, total.failed, total.skipped));
  }
  JudgeWorkers(run, &verdict);
  JudgeVerification(run, &verdict);
  JudgeFailures(run, &verdict);
  if (run.aborted_clients > 0) {
    verdict.reasons.push_back(absl::StrFormat(
        "%d %s aborted by errors, so fewer were left than asked for; the first error: %s",
        run.aborted_clients, run.aborted_clients == 1 ? "client was" : "clients were",
        run.first_failure));
  }
  JudgeStability(run, &verdict);
  JudgeMeasuring(run, build, &verdict);
  JudgeRefusals(run, &verdict);
  JudgeConnections(run, &verdict);
  JudgeCut(run, &verdict);
  JudgeRamp(run, &verdict);
  JudgeRescues(run, &verdict);
  if (verdict.valid() && total.scheduled > 0 && total.succeeded + total.failed == 0) {
    verdict.reasons.push_back(absl::StrFormat(
        "none of %d operations was completed, so nothing was measured", total.scheduled));
  }
  return verdict;
}

}  // namespace pgring
