// Turns what a runner left behind into a result: figures, and whether they may be believed. Pure.
#ifndef PGRING_RUN_JUDGEMENT_H_
#define PGRING_RUN_JUDGEMENT_H_

#include <string>
#include <vector>

#include "run/load_plan.h"
#include "run/measured_run.h"
#include "run/run_result.h"

namespace pgring {

// When connections were refused for more than this share of the run, it measured waiting for them.
inline constexpr double kMaxRefusedShare = 0.01;

// An open loop is unstable when its last operation began later than these say (both), or when more
// than this share was skipped.
inline constexpr double kMaxLagShare = 0.02;     // of the run's duration
inline constexpr double kMaxLagServices = 10.0;  // mean service times
inline constexpr double kMaxSkippedShare = 0.01;

// Little's law: mean number in the system = sum of the times in it / duration. `tolerance` is
// max(1 %, 2 N / completions).
struct LittleCheck {
  double mean_in_system = 0;
  double expected = 0;
  double tolerance = 0;  // relative
  bool ok = true;
};
LittleCheck CheckLittle(const MeasuredRun& measured);

// Everything of a result that follows from `measured`; costs, verification and observations are
// the caller's.
RunResult MakeRunResult(const ScenarioPlan& scenario, const std::vector<std::string>& kinds,
                        const MeasuredRun& measured);

// Adds the reasons for which `result`, complete with its verification, is not valid.
void Judge(const MeasuredRun& measured, const BuildInfo& build, const LoadPlan& load,
           RunResult* result);

}  // namespace pgring

#endif  // PGRING_RUN_JUDGEMENT_H_
