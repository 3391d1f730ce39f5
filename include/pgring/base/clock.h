// The only source of time. Everything that measures or waits takes a Clock, so that tests can run
// hours of schedule in milliseconds and get the same answer each time.
//
// All times are monotonic nanoseconds since an arbitrary start. Reading a clock cannot fail.
#ifndef PGRING_BASE_CLOCK_H_
#define PGRING_BASE_CLOCK_H_

#include <cstdint>
#include <limits>

namespace pgring {

inline constexpr int64_t kNanosecondsPerMicrosecond = 1'000;
inline constexpr int64_t kNanosecondsPerMillisecond = 1'000'000;
inline constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
inline constexpr int64_t kMicrosecondsPerSecond = 1'000'000;

// Truncates. Times that options may have are far below the limit of 292 years.
inline int64_t SecondsInNs(double seconds) {
  return static_cast<int64_t>(seconds * static_cast<double>(kNanosecondsPerSecond));
}

inline double NsInSeconds(int64_t ns) {
  return static_cast<double>(ns) / static_cast<double>(kNanosecondsPerSecond);
}

// A deadline that never comes.
inline constexpr int64_t kNoDeadlineNs = std::numeric_limits<int64_t>::max();

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowNs() const = 0;
};

// CLOCK_MONOTONIC. Stateless; safe from any thread.
class SteadyClock final : public Clock {
 public:
  // The process-wide instance; lives for ever.
  static const SteadyClock* Get();
  int64_t NowNs() const override;
};

// A clock that moves only when told to. Not thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(int64_t start_ns = kNanosecondsPerSecond) : now_ns_(start_ns) {}
  int64_t NowNs() const override { return now_ns_; }
  void AdvanceNs(int64_t delta_ns) { now_ns_ += delta_ns; }
  // Never moves backwards: an earlier time is ignored.
  void AdvanceTo(int64_t time_ns) {
    if (time_ns > now_ns_) now_ns_ = time_ns;
  }

 private:
  int64_t now_ns_;
};

}  // namespace pgring

#endif  // PGRING_BASE_CLOCK_H_
