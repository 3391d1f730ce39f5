#include "script/script_list.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pgring {

absl::StatusOr<WeightedName> ParseWeightedName(const std::string& text) {
  WeightedName result;
  const size_t separator = text.rfind('@');
  if (separator == std::string::npos) {
    result.name = text;
    return result;
  }
  result.name = text.substr(0, separator);
  const char* const digits = text.c_str() + separator + 1;
  errno = 0;
  char* end = nullptr;
  result.weight = std::strtoll(digits, &end, 10);
  if (errno != 0 || end == digits || end != text.c_str() + text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid weight specification: ", text.substr(separator)));
  }
  if (result.weight < 0 || result.weight > kMaxScriptWeight) {
    return absl::InvalidArgumentError(absl::StrCat("weight specification out of range (0 .. ",
                                                   kMaxScriptWeight, "): ", result.weight));
  }
  return result;
}

ScriptChooser::ScriptChooser(std::vector<int64_t> weights, int64_t total_weight)
    : weights_(std::move(weights)), total_weight_(total_weight) {}

absl::StatusOr<ScriptChooser> ScriptChooser::Make(std::vector<int64_t> weights) {
  if (weights.size() > kMaxScripts) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxScripts, " SQL scripts are allowed"));
  }
  int64_t total_weight = 0;
  for (const int64_t weight : weights) total_weight += weight;
  if (total_weight <= 0) {
    return absl::InvalidArgumentError("total script weight must not be zero");
  }
  return ScriptChooser(std::move(weights), total_weight);
}

size_t ScriptChooser::Choose(RandomSource* random) const {
  if (is_single()) return 0;
  int64_t rest = random->Uniform(0, total_weight_ - 1);
  size_t chosen = 0;
  while (rest >= weights_[chosen]) rest -= weights_[chosen++];
  return chosen;
}

}  // namespace pgring
