#include "pgring/base/clock.h"

#include <ctime>

namespace pgring {

const SteadyClock* SteadyClock::Get() {
  static const SteadyClock clock;
  return &clock;
}

int64_t SteadyClock::NowNs() const {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * kNanosecondsPerSecond + now.tv_nsec;
}

}  // namespace pgring
