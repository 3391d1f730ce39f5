#include "socket_queues.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <thread>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr int kHighestDescriptor = 200;

bool SomeSocketHolds(int byte_count, unsigned long request) {
  for (int descriptor = 0; descriptor <= kHighestDescriptor; ++descriptor) {
    struct stat kind{};
    if (fstat(descriptor, &kind) != 0 || !S_ISSOCK(kind.st_mode)) continue;
    int bytes = 0;
    if (ioctl(descriptor, request, &bytes) == 0 && bytes >= byte_count) return true;
  }
  return false;
}

bool WaitUntilSomeSocketHolds(int byte_count, unsigned long request) {
  const int64_t give_up_ns = SteadyClock::Get()->NowNs() + 60 * kNanosecondsPerSecond;
  while (SteadyClock::Get()->NowNs() < give_up_ns) {
    if (SomeSocketHolds(byte_count, request)) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

bool WaitForUnsentBytes(int byte_count) { return WaitUntilSomeSocketHolds(byte_count, SIOCOUTQ); }

bool WaitForUnreadBytes(int byte_count) { return WaitUntilSomeSocketHolds(byte_count, SIOCINQ); }

}  // namespace pgring
