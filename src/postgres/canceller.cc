#include "pgring/postgres/canceller.h"

#include <chrono>
#include <thread>
#include <utility>

#include "pgring/base/thread.h"

namespace pgring {

Canceller::Canceller() : shared_(std::make_shared<Shared>()) {}

Canceller::~Canceller() {
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->stopping = true;
  shared_->requests.clear();
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, std::chrono::nanoseconds(kEndLimitNs),
                            [this] { return !shared_->running; });
}

void Canceller::Send(CancelHandle cancel) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->requests.push_back(std::move(cancel));
  if (!std::exchange(shared_->running, true)) {
    std::thread thread;
    // As for a request that does not get through: the connection will be closed.
    shared_->running =
        StartThread("for cancel requests", [shared = shared_] { Run(shared); }, &thread).ok();
    if (thread.joinable()) thread.detach();
  }
  shared_->changed.notify_all();
}

void Canceller::Run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock<std::mutex> lock(shared->mutex);
  for (;;) {
    shared->changed.wait(lock, [&shared] { return shared->stopping || !shared->requests.empty(); });
    if (shared->stopping) break;
    CancelHandle request = std::move(shared->requests.front());
    shared->requests.pop_front();
    lock.unlock();
    // A request that does not get through leaves the statement running until its connection is
    // closed, which follows; so there is nothing to do about a failure.
    char error[256];
    PQcancel(request.get(), error, sizeof error);
    request.reset();
    lock.lock();
  }
  shared->running = false;
  shared->changed.notify_all();
}

}  // namespace pgring
