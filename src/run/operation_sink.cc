#include "run/operation_sink.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>

#include "pgring/base/clock.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"
#include "pgring/base/trace_points.h"

namespace pgring {
namespace {

constexpr std::string_view kSerializationFailure = "40001";
constexpr std::string_view kDeadlockDetected = "40P01";

// There is one writer at a time, so that the addition itself need not be atomic.
void CountOne(std::atomic<int64_t>* count) {
  count->store(count->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// At one place in the program: perf takes only one form of a probe's arguments, and where the probe
// is inlined they differ.
[[gnu::noinline]] void TellDone(const Arrival& arrival, const OperationStamps& stamps, int client,
                                bool succeeded) {
  TraceOperationDone(arrival.operation.index, client, stamps.finished_ns - stamps.scheduled_ns,
                     succeeded ? 1 : 0);
}

}  // namespace

OperationSink::OperationSink(const RunContext& context, Run* run) : context_(context), run_(run) {
  if (context.load.latency_limit_ms.has_value()) {
    latency_limit_ns_ =
        static_cast<int64_t>(*context.load.latency_limit_ms * kNanosecondsPerMillisecond);
  }
}

void OperationSink::StartClock(int64_t measuring_from_ns, int64_t end_ns) {
  measuring_from_ns_ = measuring_from_ns;
  context_.progress->measuring_from_ns.store(measuring_from_ns, std::memory_order_relaxed);
  end_ns_ = end_ns;
}

void OperationSink::StartMeasuring(int64_t now_ns) {
  measuring_ = true;
  // Not when that was noticed: what was due in between is the list's and counts.
  measuring_from_ns_ = std::min(measuring_from_ns_, now_ns);
  run_->started_ns = measuring_from_ns_;
  TraceRunBegin(run_->scenario.label.c_str(), context_.scenario->limit.value_or(0));
  run_->recorder.StartSeconds(measuring_from_ns_, run_->scenario.type->shares_connections);
  if (context_.events != nullptr) context_.events->OnMeasuringStarts();
}

void OperationSink::Scheduled(const Arrival& arrival) {
  if (arrival.phase != Phase::kMeasured) return;
  if (context_.progress->is_detailed) CountOne(&context_.progress->scheduled);
  run_->recorder.Scheduled(arrival.operation.kind, arrival.due_ns);
}

void OperationSink::Succeeded(const Arrival& arrival, const OperationStamps& stamps,
                              const Attempts& attempts) {
  ++run_->succeeded_by_kind[arrival.operation.kind];
  TellDone(arrival, stamps, attempts.client, /*succeeded=*/true);
  if (arrival.phase != Phase::kMeasured) return;
  run_->recorder.Succeeded(arrival.operation.kind, stamps);
  if (context_.progress->is_detailed) {
    context_.progress->response_ns.Record(stamps.finished_ns - stamps.scheduled_ns);
  }
  if (stamps.finished_ns - stamps.scheduled_ns > latency_limit_ns_) ++run_->late;
  Ended(stamps, attempts.tries);
  Log(arrival.operation, stamps, OperationEnd::kSucceeded, attempts, "");
}

void OperationSink::Failed(const Arrival& arrival, const OperationStamps& stamps,
                           const absl::Status& status, const Attempts& attempts) {
  if (run_->first_failure.empty()) run_->first_failure = std::string(status.message());
  TellDone(arrival, stamps, attempts.client, /*succeeded=*/false);
  Tell(AbortsClient(status) ? ErrorOutcome::kClientAborted : ErrorOutcome::kOperationFailed, status,
       attempts);
  if (arrival.phase != Phase::kMeasured) return;
  const std::string code = FailureCode(status);
  run_->recorder.Failed(arrival.operation.kind, stamps, code);
  CountOne(&context_.progress->failed);
  if (context_.progress->is_detailed) {
    context_.progress->failures.Count(code, run_->first_failure);
  }
  Ended(stamps, attempts.tries);
  Log(arrival.operation, stamps, OperationEnd::kFailed, attempts, code);
}

void OperationSink::Skipped(const Arrival& arrival, SkipReason reason, int64_t now_ns) {
  if (arrival.phase != Phase::kMeasured) return;
  run_->recorder.Skipped(arrival.operation.kind, arrival.due_ns, now_ns);
  CountOne(&context_.progress->ended);
  if (reason == SkipReason::kTimeUp) ++run_->cut_at_end;
  if (reason != SkipReason::kTooLate) return;
  OperationStamps stamps;
  stamps.scheduled_ns = arrival.due_ns;
  stamps.finished_ns = now_ns;
  Log(arrival.operation, stamps, OperationEnd::kSkipped, Attempts(), "");
}

void OperationSink::Ended(const OperationStamps& stamps, int tries) {
  if (tries > 1) {
    ++run_->retried;
    run_->retries += tries - 1;
  }
  if (context_.load.open_loop()) {
    run_->last_lag_ns = stamps.leased_ns - stamps.scheduled_ns;
  }
  CountOne(&context_.progress->ended);
}

void OperationSink::Log(const Operation& operation, const OperationStamps& stamps, OperationEnd end,
                        const Attempts& attempts, std::string_view failure_code) {
  if (context_.log == nullptr) return;
  context_.log->OnOperationEnded(
      {operation, end, attempts.client, stamps, attempts.tries, failure_code});
}

void OperationSink::Tell(ErrorOutcome outcome, const absl::Status& status,
                         const Attempts& attempts) const {
  if (context_.errors == nullptr || FailureCode(status) == kCauseInterrupted) return;
  context_.errors->OnError({outcome, attempts.client, attempts.tries, status});
}

bool OperationSink::MayRetry(const absl::Status& status, const Attempts& attempts, int64_t due_ns,
                             int64_t now_ns) const {
  if (status.ok() || context_.load.max_tries == 1) return false;
  const std::string code = FailureCode(status);
  if (code != kSerializationFailure && code != kDeadlockDetected) return false;
  if (context_.interrupt->raised() || now_ns >= end_ns_) return false;
  if (context_.load.max_tries > 0 && attempts.tries >= context_.load.max_tries) return false;
  if (now_ns - due_ns > latency_limit_ns_) return false;
  Tell(ErrorOutcome::kRetried, status, attempts);
  return true;
}

}  // namespace pgring
