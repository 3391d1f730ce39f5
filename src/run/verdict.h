// Whether the figures of a run may be believed. Pure; nothing here can fail.
#ifndef PGRING_RUN_VERDICT_H_
#define PGRING_RUN_VERDICT_H_

#include "pgring/base/build_info.h"
#include "run/run.h"

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
LittleCheck CheckLittle(const Run& run);

// Of a run that is complete, with its verification; `build` is this program.
Verdict Validate(const Run& run, const BuildInfo& build);

}  // namespace pgring

#endif  // PGRING_RUN_VERDICT_H_
