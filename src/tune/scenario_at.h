// Scenarios as the stages of `pgring tune` need them.
#ifndef PGRING_TUNE_SCENARIO_AT_H_
#define PGRING_TUNE_SCENARIO_AT_H_

#include "run/plan.h"
#include "run/run.h"
#include "tune/tune_plan.h"

namespace pgring {

// The warm-up before a run that measures for a while: of that while.
inline constexpr double kWarmupShare = 0.2;

// A scenario of that type with that many operations in flight, 1 where the type has no other limit,
// over as many connections, or where they are shared over `connections`, if that is not 0. Its
// label is that of --scenarios: "window:12", "multiplexed:40:pool=5".
ScenarioPlan ScenarioAt(const ScenarioType& type, int limit, int connections = 0);

// A fresh run that measures for so many seconds, after a warm-up: connections are open before it,
// and operations are tried as often as the plan says.
LoadPlan FreshLoad(const TunePlan& plan, double measured_s);

// What the client used, of one processor where one thread drives the scenario (the busiest
// worker's, where there are several), else of all `cpu_count` of this machine; 0 for a run without
// any time.
double ClientShare(const Run& run, int cpu_count);

}  // namespace pgring

#endif  // PGRING_TUNE_SCENARIO_AT_H_
