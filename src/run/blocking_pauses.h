// The pauses of a client on a thread of its own: they block it. Borrows the interrupt; after it has
// been raised a pause goes on for Interrupt::kDrainNs. Used by any number of threads.
#ifndef PGRING_RUN_BLOCKING_PAUSES_H_
#define PGRING_RUN_BLOCKING_PAUSES_H_

#include <cstdint>

#include "pgring/base/interrupt.h"
#include "pgring/coro/task.h"
#include "workload/pauses.h"

namespace pgring {

class BlockingPauses final : public Pauses {
 public:
  // `interrupt` may be nullptr.
  explicit BlockingPauses(const Interrupt* interrupt) : interrupt_(interrupt) {}

  // No await of them ever suspends.
  Task<bool> Sleep(int64_t duration_ns) override;
  Task<bool> WaitReadable(int descriptor) override;

 private:
  bool Wait(int descriptor, int64_t deadline_ns) const;

  const Interrupt* const interrupt_;
};

}  // namespace pgring

#endif  // PGRING_RUN_BLOCKING_PAUSES_H_
