#include "script/random_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "script/value.h"

namespace pgring {
namespace {

uint64_t SplitMix64(uint64_t* state) {
  *state += 0x9e3779b97f4a7c15u;
  uint64_t value = *state;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

// The point `fraction` of the way through [low, high].
int64_t AtFraction(int64_t low, int64_t high, double fraction) {
  const double offset = static_cast<double>(high - low + 1) * fraction;
  if (!(offset > 0)) return low;
  // For want of precision it may lie beyond the end, even beyond what an int64_t holds.
  if (offset >= 0x1p63) return high;
  const auto whole = static_cast<int64_t>(offset);
  return whole >= high - low ? high : low + whole;
}

}  // namespace

RandomSource::RandomSource(uint64_t seed) : state_{SplitMix64(&seed), 0} {
  state_[1] = SplitMix64(&seed);
  // The generator would never leave this state; no known seed leads to it.
  if (state_[0] == 0 && state_[1] == 0) {
    state_[0] = 0x5851f42d4c957f2du;
    state_[1] = 0x14057b7ef767814fu;
  }
}

uint64_t RandomSource::UpTo(uint64_t bound) {
  if (bound == 0) return 0;
  const int shift = std::countl_zero(bound);
  uint64_t value = Next() >> shift;
  while (value > bound) value = Next() >> shift;
  return value;
}

int64_t RandomSource::Uniform(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(UpTo(static_cast<uint64_t>(high - low)));
}

int64_t RandomSource::Exponential(int64_t low, int64_t high, double parameter) {
  const double cut = std::exp(-parameter);
  const double uniform = 1.0 - Unit();  // in (0, 1], so that the logarithm is finite
  return AtFraction(low, high, -std::log(cut + (1.0 - cut) * uniform) / parameter);
}

int64_t RandomSource::Gaussian(int64_t low, int64_t high, double parameter) {
  double deviation = 0;
  do {
    // Box and Muller's transformation; one of the two results is enough.
    const double radius = 1.0 - Unit();
    const double angle = 1.0 - Unit();
    deviation = std::sqrt(-2.0 * std::log(radius)) * std::sin(2.0 * std::numbers::pi * angle);
  } while (deviation < -parameter || deviation >= parameter);
  return AtFraction(low, high, (deviation + parameter) / (parameter * 2.0));
}

// Rejection method: Devroye, Non-Uniform Random Variate Generation (1986), p. 550.
int64_t RandomSource::Zipfian(int64_t low, int64_t high, double parameter) {
  const int64_t count = high - low + 1;
  if (count <= 1) return low;
  const double base = std::pow(2.0, parameter - 1.0);
  while (true) {
    const double first = Unit();
    const double second = Unit();
    const double rank = std::floor(std::pow(first, -1.0 / (parameter - 1.0)));
    const double ratio = std::pow(1.0 + 1.0 / rank, parameter - 1.0);
    if (second * rank * (ratio - 1.0) / (base - 1.0) <= ratio / base &&
        rank <= static_cast<double>(count)) {
      // As doubles, the largest counts are 2^63, which is no int64_t.
      if (rank >= 0x1p63) return high;
      return low + (std::min(static_cast<int64_t>(rank), count) - 1);
    }
  }
}

absl::Status CheckRandomRange(int64_t low, int64_t high) {
  if (low > high) return absl::InvalidArgumentError("empty range given to random");
  const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  if (span >= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return absl::InvalidArgumentError("random range is too large");
  }
  return absl::OkStatus();
}

absl::Status CheckExponentialParameter(double parameter) {
  if (parameter > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "exponential parameter must be greater than zero (not ", FixedText(parameter), ")"));
}

absl::Status CheckGaussianParameter(double parameter) {
  if (parameter >= kMinGaussianParameter && std::isfinite(parameter)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("gaussian parameter must be at least ",
                                                 FixedText(kMinGaussianParameter), " (not ",
                                                 FixedText(parameter), ")"));
}

absl::Status CheckZipfianParameter(double parameter) {
  if (parameter >= kMinZipfianParameter && parameter <= kMaxZipfianParameter) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("zipfian parameter must be in range [{:.3f}, {:.0f}] (not {})",
                  kMinZipfianParameter, kMaxZipfianParameter, FixedText(parameter)));
}

RunGenerators MakeRunGenerators(uint64_t random_seed, int client_count, int thread_count,
                                bool default_seed_given) {
  RandomSource base(random_seed);
  RunGenerators generators;
  for (int i = 0; i < client_count; ++i) generators.clients.emplace_back(base.Next());
  if (!default_seed_given) generators.default_seed = static_cast<int64_t>(base.Next());
  for (int i = 0; i < thread_count; ++i) {
    const RandomSource choose_script(base.Next());
    const RandomSource throttle(base.Next());
    const RandomSource sample_log(base.Next());
    generators.threads.push_back({choose_script, throttle, sample_log});
  }
  return generators;
}

}  // namespace pgring
