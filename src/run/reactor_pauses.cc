#include "run/reactor_pauses.h"

#include <poll.h>

#include "pgring/coro/awaitables.h"

namespace pgring {

Task<bool> ReactorPauses::Sleep(int64_t duration_ns) {
  const StopToken stop(&ended_);
  const int64_t wake_ns = reactor_->clock().NowNs() + duration_ns;
  const bool reached = co_await SleepUntil(reactor_, wake_ns, stop);
  co_return reached;
}

Task<bool> ReactorPauses::WaitReadable(int descriptor) {
  if (ended_.stop_requested()) co_return false;
  Poll poll(reactor_);
  polls_.PushBack(&poll);
  RingOperation* operation = &poll.operation;
  const int32_t events = co_await PollDescriptor(operation, descriptor, POLLIN);
  co_return events > 0;
}

void ReactorPauses::End() {
  ended_.RequestStop();
  polls_.ForEach([](Poll* poll) { poll->operation.Cancel(); });
}

}  // namespace pgring
