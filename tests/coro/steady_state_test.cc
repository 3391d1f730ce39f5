#include <gtest/gtest.h>
#include <poll.h>

#include <cstdint>

#include "pgring/coro/awaitables.h"
#include "pgring/coro/run.h"
#include "pgring/coro/semaphore.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task_group.h"
#include "support/allocation_count.h"
#include "support/coro_fixture.h"
#include "support/sanitizers.h"

namespace pgring {
namespace {

// The kernel's world only: the simulator allocates for its own records.
template <typename World>
class SteadyStateTest : public CoroTest<World> {};
TYPED_TEST_SUITE(SteadyStateTest, KernelWorldOnly, ReactorWorldNames);

Task<int32_t> PollOnce(Reactor* reactor, int descriptor) {
  RingOperation operation(reactor);
  const int32_t events = co_await PollDescriptor(&operation, descriptor, POLLIN);
  co_return events;
}

Task<void> Work(Reactor* reactor, Semaphore* semaphore, StopToken stop, int descriptor) {
  const Permit permit = co_await semaphore->Acquire();
  const int32_t events = co_await PollOnce(reactor, descriptor);
  EXPECT_EQ(events, POLLIN);
  const int64_t deadline_ns = reactor->clock().NowNs() + 1;
  const bool reached = co_await SleepUntil(reactor, deadline_ns, stop);
  EXPECT_TRUE(reached);
  co_await Yield(reactor);
}

Task<void> Rounds(Reactor* reactor, Semaphore* semaphore, StopToken stop, int descriptor,
                  int count) {
  for (int round = 0; round < count; ++round) {
    TaskGroup group(reactor->ready());
    for (int worker = 0; worker < 20; ++worker) {
      group.Spawn(Work(reactor, semaphore, stop, descriptor));
    }
    co_await group.Join();
  }
}

TYPED_TEST(SteadyStateTest, AllocatesNothing) {
  if (kAddressSanitizer) GTEST_SKIP() << "frames come from the heap under AddressSanitizer";
  const int descriptor = this->world()->NewDescriptor();
  this->world()->MakeReadable(descriptor);
  Semaphore semaphore(this->reactor()->ready(), 5);
  StopSource source(this->reactor()->ready());
  const StopToken stop(&source);
  RunUntilDone(this->reactor(), Rounds(this->reactor(), &semaphore, stop, descriptor, 10));
  const int64_t allocations = AllocationCount();
  const int64_t reserved_bytes = GetFramePoolStats().reserved_bytes;
  RunUntilDone(this->reactor(), Rounds(this->reactor(), &semaphore, stop, descriptor, 200));
  EXPECT_EQ(AllocationCount(), allocations);
  EXPECT_EQ(GetFramePoolStats().reserved_bytes, reserved_bytes);
}

}  // namespace
}  // namespace pgring
