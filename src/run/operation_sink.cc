#include "run/operation_sink.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "pgring/base/clock.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr std::string_view kSerializationFailure = "40001";
constexpr std::string_view kDeadlockDetected = "40P01";

}  // namespace

OperationSink::OperationSink(const RunContext& context, MeasuredRun* measured)
    : context_(context), measured_(measured) {
  if (context.load.latency_limit_ms.has_value()) {
    latency_limit_ns_ =
        static_cast<int64_t>(*context.load.latency_limit_ms * kNanosecondsPerMillisecond);
  }
}

void OperationSink::StartClock(int64_t measuring_from_ns, int64_t end_ns) {
  measuring_from_ns_ = measuring_from_ns;
  context_.progress->measuring_from_ns.store(measuring_from_ns, std::memory_order_relaxed);
  end_ns_ = end_ns;
  context_.workload->StartRun();
}

void OperationSink::StartMeasuring(int64_t now_ns) {
  measuring_ = true;
  // Not when that was noticed: what was scheduled in between is the list's and counts.
  measuring_from_ns_ = std::min(measuring_from_ns_, now_ns);
  measured_->started_ns = measuring_from_ns_;
  if (context_.events != nullptr) context_.events->OnMeasuringStarts();
}

void OperationSink::Scheduled(const Operation& operation, int64_t scheduled_ns) {
  if (Counts(scheduled_ns)) measured_->recorder.Scheduled(operation.kind, scheduled_ns);
}

void OperationSink::Succeeded(const Operation& operation, const OperationStamps& stamps,
                              const Attempts& attempts) {
  ++measured_->succeeded_by_kind[operation.kind];
  if (!Counts(stamps.scheduled_ns)) return;
  measured_->recorder.Succeeded(operation.kind, stamps);
  if (stamps.finished_ns - stamps.scheduled_ns > latency_limit_ns_) ++measured_->late;
  Ended(stamps, attempts.tries);
  Log(operation, stamps, OperationEnd::kSucceeded, attempts, "");
}

void OperationSink::Failed(const Operation& operation, const OperationStamps& stamps,
                           const absl::Status& status, const Attempts& attempts) {
  if (measured_->first_failure.empty()) measured_->first_failure = std::string(status.message());
  Tell(AbortsClient(status) ? ErrorOutcome::kClientAborted : ErrorOutcome::kOperationFailed, status,
       attempts);
  if (!Counts(stamps.scheduled_ns)) return;
  const std::string code = FailureCode(status);
  measured_->recorder.Failed(operation.kind, stamps, code);
  context_.progress->failed.fetch_add(1, std::memory_order_relaxed);
  Ended(stamps, attempts.tries);
  Log(operation, stamps, OperationEnd::kFailed, attempts, code);
}

void OperationSink::Skipped(const Operation& operation, SkipReason reason, int64_t scheduled_ns,
                            int64_t now_ns) {
  if (!Counts(scheduled_ns)) return;
  measured_->recorder.Skipped(operation.kind, scheduled_ns, now_ns);
  context_.progress->ended.fetch_add(1, std::memory_order_relaxed);
  if (reason == SkipReason::kTimeUp) ++measured_->cut_at_end;
  if (reason != SkipReason::kTooLate) return;
  OperationStamps stamps;
  stamps.scheduled_ns = scheduled_ns;
  stamps.finished_ns = now_ns;
  Log(operation, stamps, OperationEnd::kSkipped, Attempts(), "");
}

void OperationSink::Ended(const OperationStamps& stamps, int tries) {
  if (tries > 1) {
    ++measured_->retried;
    measured_->retries += tries - 1;
  }
  if (context_.load.open_loop()) {
    measured_->last_lag_ns = stamps.leased_ns - stamps.scheduled_ns;
  }
  context_.progress->ended.fetch_add(1, std::memory_order_relaxed);
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

bool OperationSink::MayRetry(const absl::Status& status, const Attempts& attempts,
                             int64_t scheduled_ns, int64_t now_ns) const {
  if (status.ok() || context_.load.max_tries == 1) return false;
  const std::string code = FailureCode(status);
  if (code != kSerializationFailure && code != kDeadlockDetected) return false;
  if (context_.interrupt->raised() || now_ns >= end_ns_) return false;
  if (context_.load.max_tries > 0 && attempts.tries >= context_.load.max_tries) return false;
  if (now_ns - scheduled_ns > latency_limit_ns_) return false;
  Tell(ErrorOutcome::kRetried, status, attempts);
  return true;
}

}  // namespace pgring
