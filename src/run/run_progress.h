// What is known of a run while it goes on. Written by the run, by one thread at a time; read by
// displays and exporters on threads of their own.
//
// Thread-safe as that, also between processes that share its memory. Nothing here can fail.
#ifndef PGRING_RUN_RUN_PROGRESS_H_
#define PGRING_RUN_RUN_PROGRESS_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/live_latencies.h"

namespace pgring {

// Failures by code, and the first of them in words: in memory of their own, so that another process
// may read them. Codes beyond the first kMostCodes count as "other", long texts are cut.
class LiveFailures {
 public:
  static constexpr size_t kMostCodes = 32;

  void Count(std::string_view code, std::string_view message) { Add(code, 1, message); }
  std::map<std::string, int64_t> by_code() const;
  // Empty: there was none.
  std::string first_message() const;
  // Becomes the sum of those, which may go on counting.
  void SetSum(const std::vector<const LiveFailures*>& parts);

 private:
  static constexpr size_t kLongestCode = 31;
  static constexpr size_t kLongestMessage = 511;
  struct Entry {
    std::array<char, kLongestCode + 1> code = {};
    std::atomic<int64_t> count{0};
  };

  void Add(std::string_view code, int64_t count, std::string_view message);
  Entry* EntryOf(std::string_view code);

  // Written before used_ says so.
  std::array<Entry, kMostCodes> entries_;
  std::atomic<size_t> used_{0};
  std::array<char, kLongestMessage + 1> first_message_ = {};
  std::atomic<bool> has_message_{false};
};

// What pgbench's progress lines are made from; times in µs and µs², as pgbench sums them.
struct LiveTotals {
  std::atomic<int64_t> succeeded{0};
  std::atomic<int64_t> failed{0};
  std::atomic<int64_t> skipped{0};
  std::atomic<int64_t> retried{0};
  std::atomic<int64_t> retries{0};
  std::atomic<double> latency_sum_us{0};
  std::atomic<double> latency_sum_of_squares_us2{0};
  std::atomic<double> lag_sum_us{0};
};

// All counts are of the measured phase.
struct RunProgress {
  // Whether a reader wants more than the counts of what has ended. Set before the run.
  bool is_detailed = false;

  std::atomic<int64_t> ended{0};
  std::atomic<int64_t> failed{0};
  // When the measured phase begins, by the steady clock: in the future during the warm-up, 0 until
  // it is known.
  std::atomic<int64_t> measuring_from_ns{0};
  // When the run had ended and its verification began; 0 before.
  std::atomic<int64_t> ended_ns{0};

  // The rest is kept only if is_detailed. What was due and has not ended is in flight.
  std::atomic<int64_t> scheduled{0};
  LiveLatencies response_ns;  // of operations that succeeded, from when they were due
  LiveGauges connections;
  LiveFailures failures;

  // Kept by a worker whose log is told of its operations.
  LiveTotals totals;

  // Becomes the sum of those of several workers, which go on.
  void SetSum(const std::vector<const RunProgress*>& parts);

  // The two counts change one after the other: read until they are of one moment, or nearly so.
  int64_t in_flight() const {
    constexpr int kMostReadings = 8;
    int64_t before = ended.load(std::memory_order_acquire);
    int64_t due = 0;
    for (int reading = 0; reading < kMostReadings; ++reading) {
      due = scheduled.load(std::memory_order_acquire);
      const int64_t after = ended.load(std::memory_order_acquire);
      if (after == before) break;
      before = after;
    }
    return std::max<int64_t>(0, due - before);
  }
};

}  // namespace pgring

#endif  // PGRING_RUN_RUN_PROGRESS_H_
