// The Universal Scalability Law: throughput as a function of how many operations are in flight,
// with three parameters that say why it stops growing. Fitted to trials at several limits.
//
// Source: N. J. Gunther, Guerrilla Capacity Planning, Springer 2007. What is tested are the figures
// that the R package `usl` and usl4j print for their published data.
//
// All is pure: numbers in, numbers out, the bootstrap's random ones from a seed. A fit fails with a
// status; what can only be a programming error stops the program.
#ifndef PGRING_STATISTICS_UNIVERSAL_SCALABILITY_H_
#define PGRING_STATISTICS_UNIVERSAL_SCALABILITY_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

namespace pgring {

// X(N) = lambda * N / (1 + sigma * (N - 1) + kappa * N * (N - 1)), for N >= 1.
struct UniversalScalability {
  double sigma = 0;   // 0 .. 1: what is done by one operation at a time (contention)
  double kappa = 0;   // 0 .. 1: what each operation costs each other one (coherency)
  double lambda = 1;  // > 0: throughput at a limit of 1

  // In the unit of lambda; limit >= 1, as in all that follow.
  double Throughput(double limit) const;

  // Seconds from start to end of an operation, when `limit` are in flight all the time: limit / X.
  double ResponseTime(double limit) const;

  // d ln X / d ln N: by what part of one percent throughput grows when the limit grows by one
  // percent. 1 where it grows in proportion, 0 at the peak, negative beyond it.
  double Elasticity(double limit) const;

  // The limit above which the elasticity is below `gain`, that is, where ln X - gain * ln N is
  // largest: with a gain of 0 the peak, of 1/2 the limit with the greatest throughput per response
  // time (Kleinrock's power). At least 1; nothing where the elasticity stays above `gain` for ever.
  // 0 <= gain < 1.
  std::optional<double> KneeAt(double gain) const;

  // The limit with the highest throughput, KneeAt(0); nothing when kappa is 0 (throughput then only
  // approaches lambda / sigma).
  std::optional<double> PeakLimit() const { return KneeAt(0); }
};

struct ScalabilityPoint {
  double limit;             // >= 1
  double throughput_per_s;  // > 0
};

// What is smallest in the sum of squares.
enum class ScalabilityScale : uint8_t {
  kThroughput,     // differences of throughputs: as published figures were fitted
  kLogThroughput,  // relative differences: for noise in proportion, as trials have it
};

inline constexpr int kFewestLimitsForFit = 3;
inline constexpr int kFewestLimitsForTrust = 6;

struct ScalabilityErrors {
  double sigma;
  double kappa;
  double lambda;
};

struct ScalabilityFit {
  UniversalScalability model;
  // Nothing for as many points as there are parameters. Those of an unbounded fit at the same
  // parameters: they overstate what a parameter at its bound leaves to the others.
  std::optional<ScalabilityErrors> standard_errors;
  // sqrt(sum of squares / degrees of freedom), per second or relative; 0 without any freedom.
  double residual_error;
  int degrees_of_freedom;  // points - 3
  bool few_limits;         // fewer than kFewestLimitsForTrust different ones
  double highest_limit;    // of the points: what lies beyond is not measured

  // The model's PeakLimit, but nothing when the 95 % interval of kappa includes 0: the points do
  // not show then that there is a peak.
  std::optional<double> PeakLimit() const;
};

// The least-squares fit with sigma and kappa within 0 .. 1, by Levenberg-Marquardt from several
// starts. Bounded, because the best unbounded kappa of throughput that grows to the end is
// negative. Fails with fewer than kFewestLimitsForFit different limits, or where no start converges
// to parameters that the points determine.
absl::StatusOr<ScalabilityFit> FitScalability(const std::vector<ScalabilityPoint>& points,
                                              ScalabilityScale scale);

// What a bootstrap draws anew.
enum class ScalabilityResampling : uint8_t {
  kReplicates,  // the points of every limit among themselves; for several points at each limit
  kResiduals,   // the differences from the fit, over all limits; for one point at each
};

struct PeakBootstrapOptions {
  ScalabilityResampling resampling = ScalabilityResampling::kReplicates;
  int resamples = 1'000;  // >= 1
  uint64_t seed = 0;
  double confidence = 0.95;
};

// The percentile interval of the peak. Both ends are nothing for a peak beyond all limits.
struct PeakInterval {
  std::optional<double> low;
  std::optional<double> high;
  int resamples;     // those that could be fitted
  int without_peak;  // of these
};

// Refits resampled points. `fit` is that of `points` on `scale`. Preferred to the standard errors,
// because the peak's distribution is skewed and reaches to infinity. Fails if no resample can be
// fitted.
absl::StatusOr<PeakInterval> BootstrapPeak(const std::vector<ScalabilityPoint>& points,
                                           ScalabilityScale scale, const ScalabilityFit& fit,
                                           const PeakBootstrapOptions& options);

}  // namespace pgring

#endif  // PGRING_STATISTICS_UNIVERSAL_SCALABILITY_H_
