// What a client waits for beside its server: time, and descriptors of others. Both drivers have
// one; a wait ends early when the run is interrupted.
#ifndef PGRING_WORKLOAD_PAUSES_H_
#define PGRING_WORKLOAD_PAUSES_H_

#include <cstdint>

#include "pgring/coro/task.h"

namespace pgring {

class Pauses {
 public:
  virtual ~Pauses() = default;

  // False when the run was interrupted and the operation is to end.
  virtual Task<bool> Sleep(int64_t duration_ns) = 0;
  // Waits until `descriptor` can be read; false as above.
  virtual Task<bool> WaitReadable(int descriptor) = 0;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_PAUSES_H_
