#include "search/contest.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pgring/base/check.h"
#include "pgring/statistics/student_t.h"
#include "search/robust.h"
#include "search/starting_limit.h"

namespace pgring {
namespace {

// e^10 times the throughput: finite, so that medians with it are.
constexpr double kLost = 10;

double Difference(const Trial& challenger, const Trial& incumbent, double gain) {
  if (!Succeeded(challenger)) return Succeeded(incumbent) ? -kLost : 0;
  if (!Succeeded(incumbent)) return kLost;
  return Utility(challenger.limit, std::log(challenger.throughput_per_s), gain) -
         Utility(incumbent.limit, std::log(incumbent.throughput_per_s), gain);
}

struct Spread {
  double deviation;
  int degrees_of_freedom;
};

// The spread of differences, from themselves and from all trials. The four to eight differences of
// one challenger alone often lie close together by chance, and then noise decides: between equal
// limits 22 % of contests ended in a verdict, and with both 9 % (it is more than 5 % because every
// block from the fourth on is a new look). Real differences are found just as fast.
Spread PooledSpread(const std::vector<double>& differences, const std::optional<Noise>& noise) {
  constexpr int kMostDegreesOfNoise = 60;
  const double own = RobustDeviation(differences);
  const int own_degrees = static_cast<int>(differences.size()) - 1;
  if (!noise) return {own, own_degrees};
  // A difference is of two trials; and each trial is in two of the differences behind the noise.
  const double general = noise->relative * std::numbers::sqrt2;
  const int general_degrees = std::min(kMostDegreesOfNoise, noise->differences / 2);
  const int degrees = own_degrees + general_degrees;
  return {std::sqrt((own * own * own_degrees + general * general * general_degrees) / degrees),
          degrees};
}

}  // namespace

void Contest::AddBlock(const std::vector<Trial>& block) {
  const auto mine = std::find_if(block.begin(), block.end(),
                                 [this](const Trial& trial) { return trial.limit == incumbent_; });
  PGRING_CHECK(mine != block.end(), "a block has a trial of the incumbent");
  for (const Trial& trial : block) {
    if (trial.limit == incumbent_) continue;
    differences_[trial.limit].push_back(Difference(trial, *mine, gain_));
  }
}

std::vector<ComparedLimit> Contest::Compare(const std::optional<Noise>& noise) const {
  std::vector<ComparedLimit> compared;
  for (const auto& [challenger, differences] : differences_) {
    compared.push_back(CompareOne(challenger, differences, noise));
  }
  return compared;
}

ComparedLimit Contest::CompareOne(int challenger, const std::vector<double>& differences,
                                  const std::optional<Noise>& noise) const {
  constexpr double kUpperProbability = 0.975;
  ComparedLimit compared = {.limit = challenger, .blocks = static_cast<int>(differences.size())};
  compared.utility_difference = Median(differences);
  // The gain's part of the utility taken out again.
  const double steps = std::log(static_cast<double>(challenger) / incumbent_);
  compared.throughput_ratio = std::exp(compared.utility_difference + gain_ * steps);
  if (compared.blocks < kFewestBlocks) return compared;
  const Spread spread = PooledSpread(differences, noise);
  compared.standard_error =
      kMedianToMeanError * spread.deviation / std::sqrt(static_cast<double>(compared.blocks));
  const double shown =
      std::max(kSmallestDifference, StudentTQuantile(kUpperProbability, spread.degrees_of_freedom) *
                                        compared.standard_error);
  compared.verdict = compared.utility_difference > shown    ? ContestVerdict::kBetter
                     : compared.utility_difference < -shown ? ContestVerdict::kWorse
                                                            : ContestVerdict::kNoDifference;
  return compared;
}

}  // namespace pgring
