// Comparisons whose durations are made up, for tests of what is concluded and told of them.
#ifndef PGRING_TESTS_SUPPORT_MADE_UP_COMPARISON_H_
#define PGRING_TESTS_SUPPORT_MADE_UP_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "run/comparison_result.h"

namespace pgring {

struct MadeUpScenario {
  // A type's name, which its limit may follow ("window:20") and the number of the copy ("#2").
  std::string label;
  // One for each run of it.
  std::vector<double> durations_s;
  int64_t operations = 1'000;
};

// All operations of the run succeed, and each has to wait so long for its connection and is served
// in so long: its median, its 99th percentile and its mean are the same.
void SetLatencies(int64_t operations, int64_t pool_wait_ns, int64_t service_ns, Run* run);
void SetDuration(double duration_s, Run* run);

// Each scenario run once, all runs valid and of 10 ms for each operation.
ComparisonResult MadeUpSingles(const std::vector<MadeUpScenario>& scenarios);
// In as many blocks as each scenario has durations.
ComparisonResult MadeUpBlocks(const std::vector<MadeUpScenario>& scenarios);

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_MADE_UP_COMPARISON_H_
