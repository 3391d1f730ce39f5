// What follows when a server refuses connections (too many clients, starting, no listener): a pause
// that grows before the next attempt, for how long that has been going on, and when to give up.
//
// Plain arithmetic on times that the caller gives. Not thread-safe; nothing here can fail.
#ifndef PGRING_POSTGRES_CONNECT_REFUSALS_H_
#define PGRING_POSTGRES_CONNECT_REFUSALS_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "pgring/base/clock.h"

namespace pgring {

// Pauses of 10 ms, doubled up to 1 s.
class ConnectBackoff {
 public:
  static constexpr int64_t kFirstNs = 10 * kNanosecondsPerMillisecond;
  static constexpr int64_t kLongestNs = kNanosecondsPerSecond;

  int64_t NextNs() {
    const int64_t pause_ns = next_ns_;
    next_ns_ = std::min(next_ns_ * 2, kLongestNs);
    return pause_ns;
  }
  void Reset() { next_ns_ = kFirstNs; }

 private:
  int64_t next_ns_ = kFirstNs;
};

class ConnectRefusals {
 public:
  // Without a single connection for so long there is nothing left to wait for.
  static constexpr int64_t kGiveUpAfterNs = 30 * kNanosecondsPerSecond;

  void OnOpened(int64_t now_ns);
  // `any_open`: other connections are.
  void OnRefused(int64_t now_ns, const absl::Status& refusal, bool any_open);
  // Whether none has been open for kGiveUpAfterNs.
  bool IsTimeToGiveUp(int64_t now_ns, bool any_open) const;
  // The last refusal, with how long it was waited.
  absl::Status GiveUpStatus() const;

  int64_t count() const { return count_; }
  // When the first one was; 0: there was none.
  int64_t first_ns() const { return first_ns_; }
  // The last one; OK: there was none.
  const absl::Status& last() const { return last_; }

  // For how long connections were refused: from a refusal until one was opened, or now.
  int64_t RefusedNs(int64_t now_ns) const {
    return refused_ns_ + (refused_since_ns_.has_value() ? now_ns - *refused_since_ns_ : 0);
  }
  // RefusedNs counts from now on.
  void StartMeasuring(int64_t now_ns);

 private:
  int64_t count_ = 0;
  int64_t first_ns_ = 0;
  absl::Status last_;
  int64_t refused_ns_ = 0;
  std::optional<int64_t> refused_since_ns_;
  std::optional<int64_t> unreachable_since_ns_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECT_REFUSALS_H_
