// The parts of a run, added one after the other as they come: what Run::Add does, for a thousand
// parts. Steps of timelines are added pairwise, so that none is gone through a thousand times.
//
// Not thread-safe. Adding parts of unlike runs is a programmer error.
#ifndef PGRING_RUN_RUN_SUM_H_
#define PGRING_RUN_RUN_SUM_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "run/run.h"

namespace pgring {

class RunSum {
 public:
  // More steps than these are thinned.
  explicit RunSum(size_t max_steps = ConnectionTimeline::kMaxSteps) : max_steps_(max_steps) {}

  // Of a run that has ended. What one part has of the whole run (verification, samples of the
  // server, remarks) is kept.
  void Add(Run part);
  bool empty() const { return !sum_.has_value(); }
  const Run& first() const { return *sum_; }
  // With its workers by rank; nothing may be added after it. Its verdict is yet to be made.
  Run Take();

 private:
  void AddTimeline(ConnectionTimeline timeline);

  const size_t max_steps_;
  std::optional<Run> sum_;
  // The one at place n holds 2^n parts, or none.
  std::vector<std::optional<ConnectionTimeline>> timelines_;
};

}  // namespace pgring

#endif  // PGRING_RUN_RUN_SUM_H_
