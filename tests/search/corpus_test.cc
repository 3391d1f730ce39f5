// Systems whose answer is known by reasoning, each with the mistake that it stands for. What a user
// reports as a wrong answer belongs here, as another row.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "search/simulated_system.h"
#include "search/study.h"

namespace pgring {
namespace {

struct CorpusCase {
  std::string name;
  SimulatedSystem system;
  int lowest;  // of all but the lowest and highest tenth of the answers
  int highest;
  SimulatedNoise noise = {};
  bool capped = false;  // in nine of ten answers
};

SimulatedSystem Capped(SimulatedSystem system, int max_limit) {
  system.max_limit = max_limit;
  return system;
}

// Up and down by 3 % with every 1.6-fold limit, up to 16.
SimulatedSystem Waves() {
  return {.name = "waves", .throughput = [](double limit) {
            const double angle = 2 * std::numbers::pi * std::log(limit) / std::log(1.6);
            return 100 * std::min(limit, 16.0) * (1 + 0.03 * std::sin(angle));
          }};
}

std::vector<CorpusCase> Corpus() {
  const SimulatedSystem cisco = SixSystems()[0];
  const SimulatedSystem linear_to_24 = SixSystems()[5];
  const SimulatedSystem endless = LawSystem("endless", 0, 0, 100);
  const SimulatedNoise pauses = {.deviation = 0.05, .pause_probability = 0.1};
  const SimulatedNoise much = {.deviation = 0.15};
  const SimulatedNoise falling = {.drift_per_trial = 0.002};
  const SimulatedNoise rising = {.drift_per_trial = -0.002};
  const SimulatedNoise slow = {.correlation = 0.9};
  return {
      // The smooth curve fitted to it has its knee at 86, where it wins nothing above 40.
      {"hard knee", KneeSystem("", 40, 0), 39, 46},
      // The ramp tries 16 and 32; at 26, utility is 1.2 % lower.
      {"hard knee between the ramp's limits", KneeSystem("", 23, 0), 23, 26},
      // At the end of the ramp throughput is a third of the best, and must not lead the fit.
      {"retrograde", LawSystem("", 0.1, 0.02, 1'000), 6, 6},
      // No limit wins anything, so the lowest is the best; noise must not make it climb.
      {"flat", LawSystem("", 1, 0, 500), 1, 1},
      // The elasticity at 1 is the gain exactly: 1 - sigma.
      {"almost flat", LawSystem("", 0.9, 0, 500), 1, 2},
      // Throughput rises to the end: the answer is at least the pool's size.
      {"linear up to the pool", Capped(endless, 100), 100, 100, {}, true},
      // Nothing tells it from a system that would rise on.
      {"knee at the highest limit", Capped(KneeSystem("", 64, 0), 64), 61, 64, {}, true},
      // The ramp's last step is less than a doubling.
      {"highest limit below the best", Capped(cisco, 12), 12, 12, {}, true},
      // Every tenth trial is a third slower: no side may win by the other's pauses.
      {"noise with pauses", KneeSystem("", 8, 0.005), 8, 11, pauses},
      // Nothing is decided; but between these utility is within 5 % of the best.
      {"very much noise", cisco, 21, 45, much},
      // A fifth slower at the end: limits tried early must not look better than later ones.
      {"drift", cisco, 28, 33, falling},
      // Caches fill: limits tried late must not look better.
      {"drift upwards", KneeSystem("", 8, 0), 8, 9, rising},
      // Neighbouring trials err alike, so that trials at one limit seem to be exact.
      {"slow noise", linear_to_24, 24, 25, slow},
      // Several maxima, the highest near the knee.
      {"waves", Waves(), 11, 20},
  };
}

TEST(SearchCorpusTest, AnswersLieWhereReasonPutsThem) {
  std::vector<CorpusCase> corpus = Corpus();
  for (CorpusCase& one : corpus) {
    one.system.name = one.name;
    const StudyRow row = StudySystem(one.system, {.seeds = 40, .noise = one.noise});
    SCOPED_TRACE("\n" + FormatStudy({row}));
    EXPECT_GE(row.limit_p10, one.lowest);
    EXPECT_LE(row.limit_p90, one.highest);
    EXPECT_LE(row.most_trials, kDefaultMostTrials);
    if (one.capped) {
      EXPECT_GE(row.capped, 36);
    } else {
      EXPECT_LE(row.capped, 4);
    }
  }
}

}  // namespace
}  // namespace pgring
