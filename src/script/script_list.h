// Which script a transaction runs: the notation FILE[@WEIGHT], and pgbench's weighted choice. Pure.
#ifndef PGRING_SCRIPT_SCRIPT_LIST_H_
#define PGRING_SCRIPT_SCRIPT_LIST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "script/random_source.h"

namespace pgring {

inline constexpr size_t kMaxScripts = 128;  // pgbench's limit
inline constexpr int64_t kMaxScriptWeight = 2'147'483'647;

struct WeightedName {
  std::string name;
  int64_t weight = 1;
};

// What -f and -b take; the last @ separates. InvalidArgument: "invalid weight specification: @x",
// "weight specification out of range (0 .. 2147483647): -1".
absl::StatusOr<WeightedName> ParseWeightedName(const std::string& text);

class ScriptChooser {
 public:
  // InvalidArgument: "at most 128 SQL scripts are allowed", "total script weight must not be zero".
  static absl::StatusOr<ScriptChooser> Make(std::vector<int64_t> weights);

  bool is_single() const { return weights_.size() == 1; }
  // An index into the weights. Draws one number; none where there is one script.
  size_t Choose(RandomSource* random) const;

  int64_t total_weight() const { return total_weight_; }
  const std::vector<int64_t>& weights() const { return weights_; }

 private:
  ScriptChooser(std::vector<int64_t> weights, int64_t total_weight);

  std::vector<int64_t> weights_;
  int64_t total_weight_;
};

}  // namespace pgring

#endif  // PGRING_SCRIPT_SCRIPT_LIST_H_
