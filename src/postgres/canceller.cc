#include "pgring/postgres/canceller.h"

#include <utility>

namespace pgring {

Canceller::~Canceller() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    requests_.clear();
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Canceller::Send(CancelHandle cancel) {
  std::lock_guard<std::mutex> lock(mutex_);
  requests_.push_back(std::move(cancel));
  if (!thread_.joinable()) thread_ = std::thread(&Canceller::Run, this);
  changed_.notify_one();
}

void Canceller::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
    if (stopping_) return;
    CancelHandle request = std::move(requests_.front());
    requests_.pop_front();
    lock.unlock();
    // A request that does not get through leaves the statement running until its connection is
    // closed, which follows; so there is nothing to do about a failure.
    char error[256];
    PQcancel(request.get(), error, sizeof error);
    request.reset();
    lock.lock();
  }
}

}  // namespace pgring
