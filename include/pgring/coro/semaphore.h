// A weighted FIFO semaphore whose capacity may change. Strictly in order: a small request behind a
// large one waits for it. A permit is RAII and may be split; giving one back posts the next waiters
// to the ready queue and resumes nothing itself.
//
// The semaphore must outlive its permits and waiters and checks that at its end. A waiter that is
// destroyed leaves the line (and returns what it was already granted). Not thread-safe; never
// allocates.
#ifndef PGRING_CORO_SEMAPHORE_H_
#define PGRING_CORO_SEMAPHORE_H_

#include <coroutine>
#include <cstdint>
#include <utility>

#include "pgring/base/intrusive_list.h"
#include "pgring/uring/ready_queue.h"

namespace pgring {

class Semaphore;

// Some units of a semaphore, given back when destroyed. Movable. An empty permit holds nothing.
class [[nodiscard]] Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept
      : semaphore_(std::exchange(other.semaphore_, nullptr)),
        units_(std::exchange(other.units_, 0)) {}
  Permit& operator=(Permit&& other) noexcept;
  ~Permit() { Release(); }

  int64_t units() const { return units_; }
  // Gives everything back now.
  void Release();
  // Takes `units` (at most units()) out into a permit of their own.
  Permit Split(int64_t units);

 private:
  friend class Semaphore;
  Permit(Semaphore* semaphore, int64_t units) : semaphore_(semaphore), units_(units) {}

  Semaphore* semaphore_ = nullptr;
  int64_t units_ = 0;
};

class Semaphore {
 public:
  Semaphore(ReadyQueue* ready, int64_t units);
  ~Semaphore();
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Negative while more permits are out than a capacity that was lowered allows.
  int64_t available() const { return available_; }
  int64_t capacity() const { return capacity_; }
  // At least 1, and at least what each waiter asks for. More: waiters are granted what is new.
  // Less: permits that are out stay valid, and as many units of them as were taken away are given
  // to none when they come back.
  void SetCapacity(int64_t units);
  bool has_waiters() const { return !waiters_.empty(); }

  class AcquireAwaiter : public ListHook<> {
   public:
    AcquireAwaiter(Semaphore* semaphore, int64_t units) : semaphore_(semaphore), units_(units) {}
    ~AcquireAwaiter();
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    // An empty permit if the semaphore was closed.
    Permit await_resume();

   private:
    friend class Semaphore;
    Semaphore* semaphore_;
    int64_t units_;
    bool granted_ = false;
    ReadyNode node_;
  };

  // Waits for `units`, 1..capacity().
  AcquireAwaiter Acquire(int64_t units = 1);

  // Wakes every waiter with an empty permit; later requests get one at once. Permits that are out
  // stay valid.
  void Close();
  bool closed() const { return closed_; }

 private:
  friend class Permit;
  void Return(int64_t units);
  void GrantWaiters();

  ReadyQueue* const ready_;
  int64_t capacity_;
  int64_t available_;
  bool closed_ = false;
  IntrusiveList<AcquireAwaiter> waiters_;
};

}  // namespace pgring

#endif  // PGRING_CORO_SEMAPHORE_H_
