// The notation of --scenarios: names separated by commas, each with its own settings behind colons.
//
//   sync,async,chunked:10,window:limit=20:pool=40,async:pool=1900
//
//   name[:LIMIT][:limit=N][:pool=N][:overflow=N][:timeout=SECONDS]
#ifndef PGRING_CLI_SCENARIO_LIST_H_
#define PGRING_CLI_SCENARIO_LIST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "run/plan.h"

namespace pgring {

inline constexpr int kMaxScenarios = 32;
inline constexpr double kMaxPoolTimeoutS = 86'400;

// What the options beside --scenarios set for every scenario that has no setting of its own.
struct ScenarioDefaults {
  std::optional<int> limit;
  std::optional<int> pool_size;
  std::optional<int> max_overflow;
  std::optional<double> pool_timeout_s;
  // Of scenarios on the reactor.
  bool pipeline = false;
};

// Every scenario fully resolved, with a label unique in the list. Fails on unknown names and
// settings, on settings that the scenario does not have and on numbers out of range; the message
// says what is allowed.
absl::StatusOr<std::vector<ScenarioPlan>> ParseScenarios(const std::string& text,
                                                         const ScenarioDefaults& defaults);

}  // namespace pgring

#endif  // PGRING_CLI_SCENARIO_LIST_H_
