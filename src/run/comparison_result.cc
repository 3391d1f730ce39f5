#include "run/comparison_result.h"

#include <algorithm>
#include <cstddef>
#include <utility>

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

std::vector<const Run*> ComparisonResult::CountedRuns(std::string_view label) const {
  std::vector<const Run*> counted;
  for (const Block& block : blocks) {
    if (block.is_whole()) counted.push_back(block.Find(label));
  }
  if (has_repeats()) return counted;
  for (const Run& run : runs) {
    if (run.scenario.label == label) counted.push_back(&run);
  }
  return counted;
}

void ComparisonResult::ChooseRuns() {
  std::vector<Run> chosen;
  for (const ScenarioPlan& scenario : plan.scenarios) {
    std::vector<const Run*> counted = CountedRuns(scenario.label);
    if (counted.empty()) counted.push_back(blocks.front().Find(scenario.label));
    if (counted.front() == nullptr) continue;
    const auto median = counted.begin() + static_cast<std::ptrdiff_t>((counted.size() - 1) / 2);
    std::nth_element(counted.begin(), median, counted.end(), [](const Run* left, const Run* right) {
      return left->throughput_per_s() < right->throughput_per_s();
    });
    chosen.push_back(**median);
  }
  runs = std::move(chosen);
}

bool ComparisonResult::valid() const {
  if (interrupted || runs.size() != plan.scenarios.size()) return false;
  const auto is_valid = [](const Run& run) { return run.valid(); };
  return std::all_of(runs.begin(), runs.end(), is_valid) &&
         std::all_of(blocks.begin(), blocks.end(),
                     [](const Block& block) { return block.is_whole(); });
}

}  // namespace pgring
