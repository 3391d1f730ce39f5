#include "run/run_progress.h"

namespace pgring {
namespace {

template <size_t kSize>
void CopyText(std::string_view text, std::array<char, kSize>* to) {
  const size_t length = text.copy(to->data(), kSize - 1);
  (*to)[length] = '\0';
}

int64_t SumOf(const std::vector<const RunProgress*>& parts,
              std::atomic<int64_t> RunProgress::* count) {
  int64_t sum = 0;
  for (const RunProgress* part : parts) sum += (part->*count).load(std::memory_order_acquire);
  return sum;
}

template <typename Number>
void SumTotal(const std::vector<const RunProgress*>& parts, std::atomic<Number> LiveTotals::* total,
              LiveTotals* sums) {
  Number sum = 0;
  for (const RunProgress* part : parts) sum += (part->totals.*total).load();
  (sums->*total).store(sum);
}

void SumTotals(const std::vector<const RunProgress*>& parts, LiveTotals* sums) {
  SumTotal(parts, &LiveTotals::succeeded, sums);
  SumTotal(parts, &LiveTotals::failed, sums);
  SumTotal(parts, &LiveTotals::skipped, sums);
  SumTotal(parts, &LiveTotals::retried, sums);
  SumTotal(parts, &LiveTotals::retries, sums);
  SumTotal(parts, &LiveTotals::latency_sum_us, sums);
  SumTotal(parts, &LiveTotals::latency_sum_of_squares_us2, sums);
  SumTotal(parts, &LiveTotals::lag_sum_us, sums);
}

}  // namespace

std::map<std::string, int64_t> LiveFailures::by_code() const {
  std::map<std::string, int64_t> counts;
  const size_t used = used_.load(std::memory_order_acquire);
  for (size_t place = 0; place < used; ++place) {
    counts[entries_[place].code.data()] += entries_[place].count.load(std::memory_order_relaxed);
  }
  return counts;
}

std::string LiveFailures::first_message() const {
  return has_message_.load(std::memory_order_acquire) ? first_message_.data() : "";
}

LiveFailures::Entry* LiveFailures::EntryOf(std::string_view code) {
  const size_t used = used_.load(std::memory_order_relaxed);
  for (size_t place = 0; place < used; ++place) {
    if (code.substr(0, kLongestCode) == entries_[place].code.data()) return &entries_[place];
  }
  if (used == kMostCodes) return &entries_.back();
  CopyText(used + 1 == kMostCodes ? "other" : code, &entries_[used].code);
  used_.store(used + 1, std::memory_order_release);
  return &entries_[used];
}

void LiveFailures::Add(std::string_view code, int64_t count, std::string_view message) {
  if (!has_message_.load(std::memory_order_relaxed)) {
    CopyText(message, &first_message_);
    has_message_.store(true, std::memory_order_release);
  }
  // There is one writer at a time, so that the addition itself need not be atomic.
  std::atomic<int64_t>& counted = EntryOf(code)->count;
  counted.store(counted.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
}

void LiveFailures::SetSum(const std::vector<const LiveFailures*>& parts) {
  std::map<std::string, int64_t> sums;
  std::string message;
  for (const LiveFailures* part : parts) {
    for (const auto& [code, count] : part->by_code()) sums[code] += count;
    if (message.empty()) message = part->first_message();
  }
  std::map<std::string, int64_t> before = by_code();
  for (const auto& [code, count] : sums) {
    if (count > before[code]) Add(code, count - before[code], message);
  }
}

// What has ended first: it is never more than what was scheduled.
void RunProgress::SetSum(const std::vector<const RunProgress*>& parts) {
  failed.store(SumOf(parts, &RunProgress::failed), std::memory_order_release);
  ended.store(SumOf(parts, &RunProgress::ended), std::memory_order_release);
  SumTotals(parts, &totals);
  if (!is_detailed) return;
  scheduled.store(SumOf(parts, &RunProgress::scheduled), std::memory_order_release);
  LiveLatencies::Counts counts = {};
  int64_t sum_ns = 0;
  std::vector<const LiveFailures*> failures_of_parts;
  for (const RunProgress* part : parts) {
    const LiveLatencies::Counts more = part->response_ns.Read();
    for (size_t bucket = 0; bucket < counts.size(); ++bucket) counts[bucket] += more[bucket];
    sum_ns += part->response_ns.sum_ns();
    failures_of_parts.push_back(&part->failures);
  }
  response_ns.Set(counts, sum_ns);
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    int32_t value = 0;
    for (const RunProgress* part : parts) {
      value += part->connections.value(static_cast<ConnectionGauge>(gauge));
    }
    connections.values[gauge].store(value, std::memory_order_relaxed);
  }
  failures.SetSum(failures_of_parts);
}

}  // namespace pgring
