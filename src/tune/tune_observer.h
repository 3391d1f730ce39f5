// Told of a search for the best limit while it goes on, for a live display.
#ifndef PGRING_TUNE_TUNE_OBSERVER_H_
#define PGRING_TUNE_TUNE_OBSERVER_H_

#include "experiment/experiment.h"
#include "search/limit_search.h"
#include "tune/tune_result.h"

namespace pgring {

class TuneObserver : public ExperimentObserver {
 public:
  // The server has been reached and described, and the workload is prepared.
  virtual void OnStart(const TuneResult& result) = 0;
  // On the thread of the run: `search`, for that number, as it is after that trial; the stage ends
  // in `left_s`, or earlier.
  virtual void OnTrial(const Trial& trial, const LimitSearch& search, SearchedNumber number,
                       double left_s) = 0;
  // Fresh runs at `answer` and beside it begin, and end in about `left_s`.
  virtual void OnTesting(int answer, double left_s) = 0;
  // One of those fresh runs has ended, in that block, from 1.
  virtual void OnTestingRun(const Run& run, int block, double left_s) = 0;
  // A rate has been tried against the service levels.
  virtual void OnRate(const RateTrial& trial, double left_s) = 0;
};

}  // namespace pgring

#endif  // PGRING_TUNE_TUNE_OBSERVER_H_
