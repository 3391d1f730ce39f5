#include "search/simulated_system.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "pgring/statistics/universal_scalability.h"
#include "search/utility.h"

namespace pgring {

int SimulatedSystem::BestLimit(double gain) const {
  int best = 1;
  for (int limit = 2; limit <= max_limit; ++limit) {
    const double lead = Utility(limit, std::log(throughput(limit)), gain) -
                        Utility(best, std::log(throughput(best)), gain);
    if (lead > 1e-12) best = limit;
  }
  return best;
}

double SimulatedSystem::LossPercent(int limit, double gain) const {
  const int best = BestLimit(gain);
  return 100 * (Utility(best, std::log(throughput(best)), gain) -
                Utility(limit, std::log(throughput(limit)), gain));
}

SimulatedSystem LawSystem(std::string name, double sigma, double kappa, double lambda) {
  const UniversalScalability law = {.sigma = sigma, .kappa = kappa, .lambda = lambda};
  return {.name = std::move(name),
          .throughput = [law](double limit) { return law.Throughput(limit); }};
}

SimulatedSystem KneeSystem(std::string name, double knee, double decay) {
  return {.name = std::move(name), .throughput = [knee, decay](double limit) {
            return 100 * std::min(limit, knee / (1 + decay * std::max(0.0, limit - knee)));
          }};
}

std::vector<SimulatedSystem> SixSystems() {
  return {LawSystem("Cisco, peak 35.6", 0.026715945, 7.69093921e-4, 995.65),
          LawSystem("sigma .45, no peak", 0.45, 0, 1'000),
          LawSystem("peak 6.7, falls fast", 0.1, 0.02, 1'000),
          KneeSystem("sharp knee 8, falls", 8, 0.005),
          KneeSystem("sharp knee 2, flat", 2, 0),
          KneeSystem("linear to 24, falls", 24, 0.01)};
}

std::vector<SimulatedSystem> OtherSystems() {
  SimulatedSystem soft = {.name = "soft knee 11",
                          .throughput = [](double limit) { return 1'100 * std::tanh(limit / 11); }};
  // Contention before the knee, locks behind it.
  SimulatedSystem locks = {.name = "contention, knee 12", .throughput = [](double limit) {
                             const double busy = std::min(limit, 12.0);
                             return 1'000 * busy / (1 + 0.05 * (busy - 1)) *
                                    std::pow(std::max(limit, 12.0) / 12, -0.15);
                           }};
  // Commits that share a flush: slow at first, then faster than in proportion.
  SimulatedSystem commits = {.name = "group commit", .throughput = [](double limit) {
                               return 100 * std::pow(limit, 1.1) / (1 + std::pow(limit / 30, 1.6));
                             }};
  SimulatedSystem pool = {.name = "linear up to the pool",
                          .throughput = [](double limit) { return 100 * limit; },
                          .max_limit = 100};
  return {KneeSystem("sharp knee 40, flat", 40, 0),
          soft,
          locks,
          commits,
          pool,
          KneeSystem("sharp knee 5, falls", 5, 0.02),
          LawSystem("peak 90", 0.005, 1.2e-4, 300),
          LawSystem("no gain at all", 1, 0, 500)};
}

SimulatedTrials::SimulatedTrials(SimulatedSystem system, const SimulatedNoise& noise, uint64_t seed)
    : system_(std::move(system)), noise_(noise), random_(seed), deviate_(Normal()) {}

// G. E. P. Box and M. E. Muller 1958.
double SimulatedTrials::Normal() {
  const double radius = std::sqrt(-2 * std::log(1 - random_.Unit()));
  return radius * std::cos(2 * std::numbers::pi * random_.Unit());
}

Trial SimulatedTrials::Measure(int limit) {
  constexpr double kSeconds = 0.5;
  deviate_ = noise_.correlation * deviate_ +
             std::sqrt(1 - noise_.correlation * noise_.correlation) * Normal();
  double throughput = system_.throughput(limit) *
                      std::exp(noise_.deviation * deviate_ - noise_.drift_per_trial * measured_);
  if (random_.Chance(noise_.pause_probability)) throughput *= 1 - noise_.pause_loss;
  ++measured_;
  return {.limit = limit,
          .throughput_per_s = throughput,
          .completed = std::max<int64_t>(1, std::llround(throughput * kSeconds)),
          .failed = 0,
          .seconds = kSeconds};
}

}  // namespace pgring
