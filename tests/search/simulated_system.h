// A system whose throughput at every limit is known, and trials of it with the noise of a real
// machine: so what a search answers can be compared with what is best.
#ifndef PGRING_TESTS_SEARCH_SIMULATED_SYSTEM_H_
#define PGRING_TESTS_SEARCH_SIMULATED_SYSTEM_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pgring/base/random.h"
#include "search/trial.h"

namespace pgring {

struct SimulatedSystem {
  std::string name;
  std::function<double(double limit)> throughput;
  int max_limit = 200;

  // How much lower the utility at `limit` is than the best one, in percent.
  double LossPercent(int limit, double gain) const;
  // The lowest limit with the highest utility.
  int BestLimit(double gain) const;
};

// By the scalability law.
SimulatedSystem LawSystem(std::string name, double sigma, double kappa, double lambda);
// In proportion to the limit up to `knee`; above it each further operation costs `decay` of the
// throughput there.
SimulatedSystem KneeSystem(std::string name, double knee, double decay);

// Smooth and sharp knees, early and late ones, flat and falling behind them.
std::vector<SimulatedSystem> SixSystems();
// Others: five of them took no part when constants of the search were chosen.
std::vector<SimulatedSystem> OtherSystems();

struct SimulatedNoise {
  double deviation = 0.02;   // relative, of one trial
  double correlation = 0.5;  // of a trial with the next one
  double pause_probability = 0.03;
  double pause_loss = 0.3;  // of the throughput of a trial that falls into a pause
  double drift_per_trial = 0;
};

inline constexpr SimulatedNoise kNoNoise = {.deviation = 0, .pause_probability = 0};

class SimulatedTrials {
 public:
  SimulatedTrials(SimulatedSystem system, const SimulatedNoise& noise, uint64_t seed);

  Trial Measure(int limit);

 private:
  double Normal();

  SimulatedSystem system_;
  SimulatedNoise noise_;
  Random random_;
  double deviate_;
  int measured_ = 0;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SEARCH_SIMULATED_SYSTEM_H_
