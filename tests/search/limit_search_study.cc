// Prints what searches reach, on systems whose best limit is known: the figures behind the
// constants of the search. An argument is the number of seeds; with few it only shows that it still
// works.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "search/study.h"

namespace pgring {
namespace {

void Study(const std::string& title, const StudyOptions& options) {
  std::vector<StudyRow> rows;
  for (const SimulatedSystem& system : SixSystems()) rows.push_back(StudySystem(system, options));
  fmt::print("{}\n{}\n", title, FormatStudy(rows));
  rows.clear();
  for (const SimulatedSystem& system : OtherSystems()) {
    rows.push_back(StudySystem(system, options));
  }
  fmt::print("{}, other systems\n{}\n", title, FormatStudy(rows));
}

int Main(int count, char** arguments) {
  int seeds = 60;
  if (count > 1 && (!absl::SimpleAtoi(arguments[1], &seeds) || seeds < 1)) return EXIT_FAILURE;
  Study("2 % of noise, 3 % of the trials in a pause", {.seeds = seeds});
  Study("the same, gain 0.5", {.seeds = seeds, .gain = 0.5});
  Study("the same, throughput falls by 20 % in 100 trials",
        {.seeds = seeds, .noise = {.drift_per_trial = 0.002}});
  Study("5 % of noise, 10 % of the trials in a pause",
        {.seeds = seeds, .noise = {.deviation = 0.05, .pause_probability = 0.1}});
  Study("20 trials can be afforded", {.seeds = seeds, .most_trials = 20});
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace pgring

int main(int count, char** arguments) { return pgring::Main(count, arguments); }
