#include "cli/transaction_watch.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/output_directory.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

int64_t EpochNowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

PgbenchOutcome OutcomeOf(const EndedOperation& ended) {
  switch (ended.end) {
    case OperationEnd::kSucceeded:
      return PgbenchOutcome::kSucceeded;
    case OperationEnd::kSkipped:
      return PgbenchOutcome::kSkipped;
    case OperationEnd::kFailed:
      break;
  }
  if (ended.failure_code == "40001") return PgbenchOutcome::kSerializationFailure;
  if (ended.failure_code == "40P01") return PgbenchOutcome::kDeadlockFailure;
  return PgbenchOutcome::kOtherFailure;
}

}  // namespace

TransactionWatch::TransactionWatch(const OutputOptions& output, const LoadPlan& load, uint64_t seed)
    : output_(output), process_id_(getpid()), sampling_(seed) {
  format_.rate = load.open_loop();
  format_.latency_limit = load.latency_limit_ms.has_value();
  format_.max_tries = load.max_tries != 1;
  format_.failures_detailed = output.failures_detailed;
}

absl::Status TransactionWatch::CheckLog() const {
  if (!output_.log) return absl::OkStatus();
  const std::string path = PgbenchLogFileName(output_.log_prefix, process_id_, rank_);
  const absl::Status created = LogFile::Create(path).status();
  if (!created.ok()) {
    return absl::Status(created.code(), absl::StrCat(created.message(),
                                                     "; --log-prefix says where logs are written"));
  }
  // A comparison's logs have other names.
  if (unlink(path.c_str()) != 0) return ErrnoStatus(errno, "removing " + path);
  return absl::OkStatus();
}

void TransactionWatch::BecomeWorkers(int64_t process_id, int rank, LiveTotals* totals) {
  process_id_ = process_id;
  rank_ = rank;
  told_totals_ = totals;
}

void TransactionWatch::FollowWorkers(std::shared_ptr<const RunProgress> progress) {
  std::lock_guard<std::mutex> lock(mutex_);
  workers_ = std::move(progress);
}

absl::Status TransactionWatch::StartRun(const std::string& label) {
  std::lock_guard<std::mutex> lock(mutex_);
  workers_ = nullptr;
  totals_ = PgbenchProgressTotals();
  numbers_.clear();
  written_ = absl::OkStatus();
  epoch_offset_ns_ = EpochNowNs() - SteadyClock::Get()->NowNs();
  if (!output_.log) return absl::OkStatus();
  const std::string prefix = label.empty()
                                 ? output_.log_prefix
                                 : absl::StrCat(output_.log_prefix, ".", FileNamePart(label));
  absl::StatusOr<std::unique_ptr<LogFile>> file =
      LogFile::Create(PgbenchLogFileName(prefix, process_id_, rank_));
  if (!file.ok()) return file.status();
  file_ = *std::move(file);
  aggregator_.reset();
  if (output_.aggregate_interval_s.has_value()) {
    aggregator_.emplace(format_, EpochNowNs() / kNanosecondsPerMicrosecond,
                        *output_.aggregate_interval_s);
  }
  return absl::OkStatus();
}

absl::Status TransactionWatch::EndRun() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (file_ == nullptr) return absl::OkStatus();
  if (aggregator_.has_value()) {
    written_.Update(
        aggregator_->AdvanceTo(EpochNowNs() / kNanosecondsPerMicrosecond,
                               [this](std::string_view line) { return file_->Append(line); }));
  }
  written_.Update(file_->Close());
  file_.reset();
  return Annotate(written_, "writing the transaction log (-l)");
}

void TransactionWatch::OnOperationEnded(const EndedOperation& ended) {
  std::lock_guard<std::mutex> lock(mutex_);
  const PgbenchTransaction transaction = TransactionOf(ended);
  if (ended.tries > 1) {
    ++totals_.retried;
    totals_.retries += ended.tries - 1;
  }
  switch (ended.end) {
    case OperationEnd::kSucceeded:
      totals_.AddSuccess(transaction.latency_us, transaction.lag_us);
      break;
    case OperationEnd::kFailed:
      ++totals_.failed;
      break;
    case OperationEnd::kSkipped:
      ++totals_.skipped;
      break;
  }
  if (told_totals_ != nullptr) TellTotals();
  if (file_ == nullptr || !written_.ok()) return;
  if (output_.sampling_rate < 1 && !sampling_.Chance(output_.sampling_rate)) return;
  Write(transaction);
}

PgbenchTransaction TransactionWatch::TransactionOf(const EndedOperation& ended) {
  const auto client = static_cast<size_t>(ended.client);
  if (client >= numbers_.size()) numbers_.resize(client + 1);
  PgbenchTransaction transaction;
  transaction.client = ended.client;
  transaction.number = ++numbers_[client];
  transaction.script = ended.operation.kind;
  transaction.outcome = OutcomeOf(ended);
  transaction.end_epoch_us = EpochUs(ended.stamps.finished_ns);
  if (ended.end == OperationEnd::kSucceeded) {
    const OperationStamps& stamps = ended.stamps;
    transaction.latency_us =
        (stamps.finished_ns - stamps.scheduled_ns) / kNanosecondsPerMicrosecond;
    transaction.lag_us = (stamps.leased_ns - stamps.scheduled_ns) / kNanosecondsPerMicrosecond;
  }
  transaction.retries = std::max(0, ended.tries - 1);
  return transaction;
}

void TransactionWatch::Write(const PgbenchTransaction& transaction) {
  if (aggregator_.has_value()) {
    written_ = aggregator_->Add(transaction,
                                [this](std::string_view line) { return file_->Append(line); });
    return;
  }
  PgbenchLogLine line;
  written_ = file_->Append(FormatPgbenchTransaction(format_, transaction, &line));
}

void TransactionWatch::TellTotals() const {
  told_totals_->succeeded.store(totals_.succeeded);
  told_totals_->failed.store(totals_.failed);
  told_totals_->skipped.store(totals_.skipped);
  told_totals_->retried.store(totals_.retried);
  told_totals_->retries.store(totals_.retries);
  told_totals_->latency_sum_us.store(totals_.latency_sum_us);
  told_totals_->latency_sum_of_squares_us2.store(totals_.latency_sum_of_squares_us2);
  told_totals_->lag_sum_us.store(totals_.lag_sum_us);
}

PgbenchProgressTotals TransactionWatch::Totals() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (workers_ == nullptr) return totals_;
  const LiveTotals& told = workers_->totals;
  return {.succeeded = told.succeeded,
          .failed = told.failed,
          .skipped = told.skipped,
          .retried = told.retried,
          .retries = told.retries,
          .latency_sum_us = told.latency_sum_us,
          .latency_sum_of_squares_us2 = told.latency_sum_of_squares_us2,
          .lag_sum_us = told.lag_sum_us};
}

}  // namespace pgring
