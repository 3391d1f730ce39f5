// Chooses the limit of a run while it goes on: a search that learns from each operation that ends.
//
// Called on the thread of the run, between operations, so that it must be quick and must not wait.
#ifndef PGRING_RUN_LIMIT_SOURCE_H_
#define PGRING_RUN_LIMIT_SOURCE_H_

#include "run/limiter.h"

namespace pgring {

class LimitSource {
 public:
  virtual ~LimitSource() = default;

  // How many operations may be in flight, 1 or more; beyond the scenario's own limit it has no
  // effect.
  virtual int limit() const = 0;

  // An operation has ended, while so many connections are open.
  virtual void OnEnd(const OperationSample& sample, int open_connections) = 0;

  // Nothing more is to be learned: nothing more is begun.
  virtual bool done() const = 0;
};

}  // namespace pgring

#endif  // PGRING_RUN_LIMIT_SOURCE_H_
