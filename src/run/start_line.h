// Where a worker waits, with its connections open, until all of those that share a run start.
#ifndef PGRING_RUN_START_LINE_H_
#define PGRING_RUN_START_LINE_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace pgring {

class StartLine {
 public:
  virtual ~StartLine() = default;
  // Blocks until it is time: returns then, with the time at which this worker's clock starts, by
  // the steady clock. An error: there is no start, with the reason; Cancelled: interrupted.
  virtual absl::StatusOr<int64_t> Await() = 0;
};

}  // namespace pgring

#endif  // PGRING_RUN_START_LINE_H_
