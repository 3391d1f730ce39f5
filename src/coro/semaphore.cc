#include "pgring/coro/semaphore.h"

#include "pgring/base/check.h"

namespace pgring {

Permit& Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    Release();
    semaphore_ = std::exchange(other.semaphore_, nullptr);
    units_ = std::exchange(other.units_, 0);
  }
  return *this;
}

void Permit::Release() {
  Semaphore* semaphore = std::exchange(semaphore_, nullptr);
  const int64_t units = std::exchange(units_, 0);
  if (semaphore != nullptr) semaphore->Return(units);
}

Permit Permit::Split(int64_t units) {
  PGRING_CHECK(units > 0 && units <= units_, "a permit cannot be split into more than it holds");
  units_ -= units;
  Permit part(semaphore_, units);
  if (units_ == 0) semaphore_ = nullptr;
  return part;
}

Semaphore::Semaphore(ReadyQueue* ready, int64_t units)
    : ready_(ready), capacity_(units), available_(units) {
  PGRING_CHECK(units > 0, "a semaphore needs at least one unit");
}

Semaphore::~Semaphore() {
  PGRING_CHECK(available_ == capacity_, "a semaphore ended before its permits");
  PGRING_CHECK(waiters_.empty(), "a semaphore ended before its waiters");
}

Semaphore::AcquireAwaiter Semaphore::Acquire(int64_t units) {
  PGRING_CHECK(units > 0 && units <= capacity_, "more units asked than the semaphore ever has");
  return AcquireAwaiter(this, units);
}

void Semaphore::SetCapacity(int64_t units) {
  PGRING_CHECK(units > 0, "a semaphore needs at least one unit");
  available_ += units - capacity_;
  capacity_ = units;
  GrantWaiters();
}

void Semaphore::Close() {
  closed_ = true;
  while (AcquireAwaiter* waiter = waiters_.PopFront()) ready_->Post(&waiter->node_);
}

void Semaphore::Return(int64_t units) {
  available_ += units;
  PGRING_CHECK(available_ <= capacity_, "more units returned than were taken");
  GrantWaiters();
}

void Semaphore::GrantWaiters() {
  while (!waiters_.empty() && waiters_.front()->units_ <= available_) {
    AcquireAwaiter* waiter = waiters_.PopFront();
    available_ -= waiter->units_;
    waiter->granted_ = true;
    ready_->Post(&waiter->node_);
  }
}

Semaphore::AcquireAwaiter::~AcquireAwaiter() {
  const bool was_waiting = linked();
  Unlink();
  if (granted_) {
    semaphore_->Return(units_);
  } else if (was_waiting) {
    // Those behind a large request that has left may fit now.
    semaphore_->GrantWaiters();
  }
}

bool Semaphore::AcquireAwaiter::await_ready() {
  if (semaphore_->closed_) return true;
  if (!semaphore_->waiters_.empty() || semaphore_->available_ < units_) return false;
  semaphore_->available_ -= units_;
  granted_ = true;
  return true;
}

void Semaphore::AcquireAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  node_.handle = waiter;
  semaphore_->waiters_.PushBack(this);
}

Permit Semaphore::AcquireAwaiter::await_resume() {
  if (!granted_) return Permit();
  granted_ = false;
  return Permit(semaphore_, units_);
}

}  // namespace pgring
