// What is known of a run while it goes on. Written by the run, by one thread at a time; read by
// displays and exporters on threads of their own.
//
// Thread-safe as that. Nothing here can fail.
#ifndef PGRING_RUN_RUN_PROGRESS_H_
#define PGRING_RUN_RUN_PROGRESS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/live_latencies.h"

namespace pgring {

// Failures are rare, so that a mutex does.
class LiveFailures {
 public:
  void Count(const std::string& code, std::string_view message) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (first_message_.empty()) first_message_ = message;
    ++by_code_[code];
  }
  std::map<std::string, int64_t> by_code() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return by_code_;
  }
  // Empty: there was none.
  std::string first_message() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return first_message_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int64_t> by_code_;
  std::string first_message_;
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
