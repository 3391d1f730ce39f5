#include "run/comparison_result.h"

#include <algorithm>

namespace pgring {

bool Block::is_whole() const {
  return runs.size() == planned &&
         std::all_of(runs.begin(), runs.end(), [](const Run& run) { return run.comparable(); });
}

const Run* Block::Find(std::string_view label) const {
  for (const Run& run : runs) {
    if (run.scenario.label == label) return &run;
  }
  return nullptr;
}

bool ComparisonResult::valid() const {
  if (interrupted || runs.size() != plan.scenarios.size()) return false;
  const auto is_valid = [](const Run& run) { return run.valid(); };
  return std::all_of(runs.begin(), runs.end(), is_valid) &&
         std::all_of(blocks.begin(), blocks.end(),
                     [](const Block& block) { return block.is_whole(); });
}

}  // namespace pgring
