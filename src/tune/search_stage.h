// The first stage of `pgring tune`: looks for the best limit by trials.
#ifndef PGRING_TUNE_SEARCH_STAGE_H_
#define PGRING_TUNE_SEARCH_STAGE_H_

#include <cstdint>
#include <vector>

#include "experiment/experiment.h"
#include "search/limit_search.h"
#include "tune/tune_observer.h"
#include "tune/tune_plan.h"

namespace pgring {

struct SearchOutcome {
  SearchAnswer answer;
  std::vector<Trial> trials;
  // Why the trials ended before the search did, other than by its time; empty: they did not.
  std::string stopped;
  // Of an operation, as an example; empty: none failed.
  std::string first_failure;
  // What the slowest operation took; 0: none ended.
  double longest_operation_s = 0;
};

struct SearchRequest {
  ScenarioPlan scenario;  // its limit is the highest that is tried
  SearchedNumber number = SearchedNumber::kOperations;
  double seconds = 0;
  uint64_t seed = 0;
};

// Scenarios of the reactor are one run, whose limit the search changes; for others, where tables
// grow as the workload runs (they are made anew), and of connections, each trial is a run of its
// own. Connections are tried with kOperationsPerConnection in flight on each, up to those of the
// scenario. What is found by then is the answer when the time is up or the interrupt is raised.
SearchOutcome RunSearch(const TunePlan& plan, const SearchRequest& request, bool tables_grow,
                        Experiment* experiment, Interrupt* interrupt, TuneObserver* observer);

}  // namespace pgring

#endif  // PGRING_TUNE_SEARCH_STAGE_H_
