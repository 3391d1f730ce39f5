// The stage of `pgring tune --slo`: the highest arrival rate at which the percentiles that the user
// names stay within their times. An open loop: operations arrive on a schedule, whatever becomes of
// those before them, and their response counts from the schedule.
#ifndef PGRING_TUNE_SERVICE_LEVEL_STAGE_H_
#define PGRING_TUNE_SERVICE_LEVEL_STAGE_H_

#include "experiment/experiment.h"
#include "tune/tune_observer.h"
#include "tune/tune_plan.h"
#include "tune/tune_result.h"

namespace pgring {

// Below this share of what was offered the server does not keep up, whatever the percentiles say.
inline constexpr double kKeepsUpShare = 0.99;

// With `limit` operations in flight, over so many connections where they share them (else 0), whose
// throughput in a closed loop is `closed_loop_per_s`: no rate above it can be kept. Within
// `seconds`.
ServiceLevelStage RunServiceLevelStage(const TunePlan& plan, int limit, int connections,
                                       double closed_loop_per_s, double seconds,
                                       Experiment* experiment, Interrupt* interrupt,
                                       TuneObserver* observer);

}  // namespace pgring

#endif  // PGRING_TUNE_SERVICE_LEVEL_STAGE_H_
