// Scenarios as the stages of `pgring tune` need them.
#ifndef PGRING_TUNE_SCENARIO_AT_H_
#define PGRING_TUNE_SCENARIO_AT_H_

#include "run/plan.h"

namespace pgring {

// The warm-up before a run that measures for a while: of that while.
inline constexpr double kWarmupShare = 0.2;

// A scenario of that type with that many operations in flight, over as many connections; 1 where
// the type has no other limit. Its label is that of --scenarios: "window:12".
ScenarioPlan ScenarioAt(const ScenarioType& type, int limit);

}  // namespace pgring

#endif  // PGRING_TUNE_SCENARIO_AT_H_
