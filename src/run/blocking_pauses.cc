#include "run/blocking_pauses.h"

#include <poll.h>

#include <algorithm>
#include <ctime>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr int64_t kLongestPauseNs = 1'000 * kNanosecondsPerSecond;

}  // namespace

Task<bool> BlockingPauses::Sleep(int64_t duration_ns) {
  bool slept = Wait(-1, SteadyClock::Get()->NowNs() + duration_ns);
  co_return slept;
}

Task<bool> BlockingPauses::WaitReadable(int descriptor) {
  bool readable = Wait(descriptor, kNoDeadlineNs);
  co_return readable;
}

// Waits for the deadline or the descriptor; false when an interrupt has had its time.
bool BlockingPauses::Wait(int descriptor, int64_t deadline_ns) const {
  for (;;) {
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    if (now_ns >= deadline_ns) return true;
    const bool interrupted = interrupt_ != nullptr && interrupt_->raised();
    int64_t wake_ns = deadline_ns;
    if (interrupted) {
      const int64_t cut_ns = interrupt_->raised_at_ns() + Interrupt::kDrainNs;
      if (now_ns >= cut_ns) return false;
      wake_ns = std::min(wake_ns, cut_ns);
    }
    pollfd descriptors[2] = {{descriptor, POLLIN, 0}, {-1, POLLIN, 0}};
    if (interrupt_ != nullptr && !interrupted) descriptors[1].fd = interrupt_->descriptor();
    // Finer than poll(2)'s milliseconds: \sleep counts microseconds.
    const int64_t left_ns = std::min(wake_ns - now_ns, kLongestPauseNs);
    const timespec timeout = {left_ns / kNanosecondsPerSecond, left_ns % kNanosecondsPerSecond};
    if (ppoll(descriptors, 2, &timeout, nullptr) > 0 && descriptors[0].revents != 0) return true;
  }
}

}  // namespace pgring
