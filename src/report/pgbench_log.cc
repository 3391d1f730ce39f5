#include "report/pgbench_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// Appends to a line of fixed size.
class LineWriter {
 public:
  explicit LineWriter(PgbenchLogLine* line) : line_(line) {}

  template <typename... Values>
  void Write(fmt::format_string<Values...> format, Values&&... values) {
    const auto written = fmt::format_to_n(line_->data() + size_, line_->size() - size_, format,
                                          std::forward<Values>(values)...);
    size_ += written.size;
    PGRING_CHECK(size_ <= line_->size(), "a log line is longer than any can be");
  }
  std::string_view text() const { return std::string_view(line_->data(), size_); }

 private:
  PgbenchLogLine* const line_;
  size_t size_ = 0;
};

const char* WordFor(PgbenchOutcome outcome, bool failures_detailed) {
  if (outcome == PgbenchOutcome::kSkipped) return "skipped";
  if (!failures_detailed) return "failed";
  switch (outcome) {
    case PgbenchOutcome::kSerializationFailure:
      return "serialization";
    case PgbenchOutcome::kDeadlockFailure:
      return "deadlock";
    default:
      return "other";
  }
}

}  // namespace

std::string_view FormatPgbenchTransaction(const PgbenchLogFormat& format,
                                          const PgbenchTransaction& transaction,
                                          PgbenchLogLine* line) {
  LineWriter writer(line);
  const bool succeeded = transaction.outcome == PgbenchOutcome::kSucceeded;
  writer.Write("{} {} ", transaction.client, transaction.number);
  if (succeeded) {
    writer.Write("{}", transaction.latency_us);
  } else {
    writer.Write("{}", WordFor(transaction.outcome, format.failures_detailed));
  }
  writer.Write(" {} {} {}", transaction.script, transaction.end_epoch_us / kMicrosecondsPerSecond,
               transaction.end_epoch_us % kMicrosecondsPerSecond);
  if (format.rate) writer.Write(" {}", succeeded ? transaction.lag_us : 0);
  if (format.max_tries) writer.Write(" {}", transaction.retries);
  writer.Write("\n");
  return writer.text();
}

std::string PgbenchLogFileName(std::string_view prefix, int64_t process_id, int thread) {
  if (thread == 0) return fmt::format("{}.{}", prefix, process_id);
  return fmt::format("{}.{}.{}", prefix, process_id, thread);
}

void PgbenchAggregator::Sums::Add(int64_t value) {
  const auto number = static_cast<double>(value);
  minimum = count == 0 ? number : std::min(minimum, number);
  maximum = count == 0 ? number : std::max(maximum, number);
  ++count;
  sum += number;
  sum_of_squares += number * number;
}

PgbenchAggregator::PgbenchAggregator(const PgbenchLogFormat& format, int64_t start_epoch_us,
                                     int interval_s)
    : format_(format),
      interval_us_(interval_s * kMicrosecondsPerSecond),
      start_epoch_us_(start_epoch_us) {
  PGRING_CHECK(interval_s >= 1, "an interval of the log must last");
}

absl::Status PgbenchAggregator::Add(const PgbenchTransaction& transaction, PgbenchLineSink sink) {
  PGRING_RETURN_IF_ERROR(AdvanceTo(transaction.end_epoch_us, sink));
  if (transaction.outcome == PgbenchOutcome::kSkipped) {
    ++current_.skipped;
    return absl::OkStatus();
  }
  current_.retries += transaction.retries;
  if (transaction.retries > 0) ++current_.retried;
  switch (transaction.outcome) {
    case PgbenchOutcome::kSucceeded:
      current_.latency_us.Add(transaction.latency_us);
      current_.lag_us.Add(transaction.lag_us);
      break;
    case PgbenchOutcome::kSerializationFailure:
      ++current_.serialization_failures;
      break;
    case PgbenchOutcome::kDeadlockFailure:
      ++current_.deadlock_failures;
      break;
    default:
      // PostgreSQL 15 has no column for other failures.
      break;
  }
  return absl::OkStatus();
}

absl::Status PgbenchAggregator::AdvanceTo(int64_t epoch_us, PgbenchLineSink sink) {
  while (epoch_us - start_epoch_us_ >= interval_us_) {
    PgbenchLogLine line;
    const std::string_view text = FormatInterval(&line);
    current_ = Interval();
    start_epoch_us_ += interval_us_;
    PGRING_RETURN_IF_ERROR(sink(text));
  }
  return absl::OkStatus();
}

std::string_view PgbenchAggregator::FormatInterval(PgbenchLogLine* line) const {
  LineWriter writer(line);
  const Sums& latency = current_.latency_us;
  writer.Write("{} {} {:.0f} {:.0f} {:.0f} {:.0f}", start_epoch_us_ / kMicrosecondsPerSecond,
               latency.count, latency.sum, latency.sum_of_squares, latency.minimum,
               latency.maximum);
  const Sums lag = format_.rate ? current_.lag_us : Sums();
  writer.Write(" {:.0f} {:.0f} {:.0f} {:.0f}", lag.sum, lag.sum_of_squares, lag.minimum,
               lag.maximum);
  writer.Write(" {}", format_.latency_limit ? current_.skipped : 0);
  writer.Write(" {} {}", format_.max_tries ? current_.retried : 0,
               format_.max_tries ? current_.retries : 0);
  writer.Write(" {} {}\n", format_.failures_detailed ? current_.serialization_failures : 0,
               format_.failures_detailed ? current_.deadlock_failures : 0);
  return writer.text();
}

}  // namespace pgring
