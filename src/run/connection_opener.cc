#include "run/connection_opener.h"

#include <algorithm>
#include <utility>

#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"

namespace pgring {

ConnectionOpener::ConnectionOpener(Reactor* reactor, Pool* pool)
    : reactor_(reactor),
      pool_(pool),
      stop_(reactor->ready()),
      openers_(reactor->ready()),
      timers_(reactor->ready()) {}

Task<std::vector<Lease>> ConnectionOpener::Open(int64_t count) {
  opening_ = true;
  std::vector<Lease> leases(static_cast<size_t>(count));
  for (Lease& lease : leases) openers_.Spawn(OpenInto(&lease));
  co_await openers_.Join();
  opening_ = false;
  stop_.RequestStop();
  co_await timers_.Join();
  const auto none = [](const Lease& lease) { return !lease.held(); };
  leases.erase(std::remove_if(leases.begin(), leases.end(), none), leases.end());
  co_return std::move(leases);
}

Task<void> ConnectionOpener::OpenInto(Lease* lease) {
  const StopToken stop(&stop_);
  auto opened = co_await pool_->AcquireNew(stop);
  if (opened.ok()) {
    *lease = *std::move(opened);
  } else if (FailureCode(opened.status()) != kCauseInterrupted) {
    failure_ = opened.status();
  }
}

void ConnectionOpener::OnRefused() {
  if (!opening_ || timed_) return;
  timed_ = true;
  timers_.Spawn(StopAfterPatience());
}

Task<void> ConnectionOpener::StopAfterPatience() {
  const StopToken stop(&stop_);
  bool waits_on = true;
  while (waits_on) {
    const int64_t until_ns = reactor_->clock().NowNs() + kPatienceNs;
    const bool reached = co_await SleepUntil(reactor_, until_ns, stop);
    // Without a single connection the pool says when it gives up.
    waits_on = reached && pool_->open() == 0;
  }
  stop_.RequestStop();
}

}  // namespace pgring
