// The pauses of a run's clients on the reactor. Borrows the reactor; not thread-safe.
#ifndef PGRING_RUN_REACTOR_PAUSES_H_
#define PGRING_RUN_REACTOR_PAUSES_H_

#include <cstdint>

#include "pgring/base/intrusive_list.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/uring/reactor.h"
#include "pgring/uring/ring_operation.h"
#include "workload/pauses.h"

namespace pgring {

class ReactorPauses final : public Pauses {
 public:
  explicit ReactorPauses(Reactor* reactor) : reactor_(reactor), ended_(reactor->ready()) {}

  Task<bool> Sleep(int64_t duration_ns) override;
  Task<bool> WaitReadable(int descriptor) override;

  // Every pause ends, and each that is begun later at once.
  void End();

 private:
  struct Poll : ListHook<> {
    explicit Poll(Reactor* reactor) : operation(reactor) {}
    RingOperation operation;
  };

  Reactor* const reactor_;
  StopSource ended_;
  IntrusiveList<Poll> polls_;
};

}  // namespace pgring

#endif  // PGRING_RUN_REACTOR_PAUSES_H_
