#include "pgring/base/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {

Interrupt::Interrupt() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  PGRING_CHECK(descriptor_ >= 0, "eventfd failed: too many open files?");
}

Interrupt::~Interrupt() { close(descriptor_); }

void Interrupt::Raise(int signal_number) {
  int none = 0;
  if (!signal_number_.compare_exchange_strong(none, signal_number)) return;
  raised_at_ns_.store(SteadyClock::Get()->NowNs(), std::memory_order_release);
  const uint64_t one = 1;
  // Cannot fail: the counter is far from its limit and the descriptor is ours.
  [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof one);
}

}  // namespace pgring
