// What many searches of one simulated system reach: how good their answers are, at the end and when
// stopped early.
#ifndef PGRING_TESTS_SEARCH_STUDY_H_
#define PGRING_TESTS_SEARCH_STUDY_H_

#include <string>
#include <vector>

#include "search/limit_search.h"
#include "search/simulated_system.h"

namespace pgring {

// Trials after which searches are asked for an answer although they go on.
inline constexpr int kStoppedAfter[] = {20, 40, 60, 80, 100};

// Quantiles over the seeds.
struct Losses {  // of utility, percent
  double mean = 0;
  double p90 = 0;
};

struct StudyRow {
  std::string system;
  int best_limit = 0;
  int limit_p10 = 0;
  int limit_p50 = 0;
  int limit_p90 = 0;
  int trials_p50 = 0;
  int trials_p90 = 0;
  int most_trials = 0;
  std::vector<Losses> stopped;  // at kStoppedAfter
  Losses end;
  double lowest_throughput = 1;  // of all answers, as a share of the highest possible
  int capped = 0;                // answers that say so
  int not_converged = 0;
};

struct StudyOptions {
  int seeds = 60;
  double gain = kDefaultGain;
  int most_trials = kDefaultMostTrials;
  SimulatedNoise noise = {};
};

StudyRow StudySystem(const SimulatedSystem& system, const StudyOptions& options);

std::string FormatStudy(const std::vector<StudyRow>& rows);

}  // namespace pgring

#endif  // PGRING_TESTS_SEARCH_STUDY_H_
