#include "pgring/statistics/universal_scalability.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/random.h"
#include "pgring/statistics/student_t.h"

namespace pgring {
namespace {

constexpr size_t kParameters = 3;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// sigma, kappa, ln lambda: the logarithm keeps lambda positive, and makes its slope in ln X 1.
using Vector = std::array<double, kParameters>;
using Matrix = std::array<Vector, kParameters>;
constexpr Vector kLowest = {0, 0, -kInfinity};
constexpr Vector kHighest = {1, 1, kInfinity};

// N / X at a lambda of 1.
double RelativeResponse(const UniversalScalability& model, double limit) {
  return 1 + model.sigma * (limit - 1) + model.kappa * limit * (limit - 1);
}

UniversalScalability ModelOf(const Vector& parameters) {
  return {.sigma = parameters[0], .kappa = parameters[1], .lambda = std::exp(parameters[2])};
}

// The sum of squares at some parameters, and its linearisation.
struct Linearised {
  double squares = 0;
  Matrix curvature = {};  // J'J
  Vector descent = {};    // J'r
};

Linearised Linearise(const std::vector<ScalabilityPoint>& points, ScalabilityScale scale,
                     const Vector& parameters) {
  const UniversalScalability model = ModelOf(parameters);
  Linearised sums;
  for (const auto& [limit, throughput] : points) {
    const double response = RelativeResponse(model, limit);
    const double fitted = model.lambda * limit / response;
    // Slopes of ln X; those of X are the same multiplied by X.
    Vector slope = {-(limit - 1) / response, -limit * (limit - 1) / response, 1};
    double residual = std::log(throughput / fitted);
    if (scale == ScalabilityScale::kThroughput) {
      residual = throughput - fitted;
      for (double& value : slope) value *= fitted;
    }
    sums.squares += residual * residual;
    for (size_t row = 0; row < kParameters; ++row) {
      sums.descent[row] += slope[row] * residual;
      for (size_t column = 0; column < kParameters; ++column) {
        sums.curvature[row][column] += slope[row] * slope[column];
      }
    }
  }
  return sums;
}

// Solves matrix * x = right by Cholesky's decomposition after scaling the diagonal to 1, for kappa
// is some ten thousand times smaller than lambda. Nothing where the matrix is not positive
// definite.
std::optional<Vector> Solve(const Matrix& matrix, const Vector& right) {
  constexpr double kSmallestPivot = 1e-13;
  Vector size;
  for (size_t row = 0; row < kParameters; ++row) {
    size[row] = std::sqrt(matrix[row][row]);
    if (!(size[row] > 0.0)) return std::nullopt;
  }
  Matrix lower = {};
  Vector solution;
  for (size_t row = 0; row < kParameters; ++row) {
    for (size_t column = 0; column <= row; ++column) {
      double rest = matrix[row][column] / (size[row] * size[column]);
      for (size_t k = 0; k < column; ++k) rest -= lower[row][k] * lower[column][k];
      if (row == column && rest < kSmallestPivot) return std::nullopt;
      lower[row][column] = row == column ? std::sqrt(rest) : rest / lower[column][column];
    }
    solution[row] = right[row] / size[row];
    for (size_t k = 0; k < row; ++k) solution[row] -= lower[row][k] * solution[k];
    solution[row] /= lower[row][row];
  }
  for (size_t row = kParameters; row-- > 0;) {
    for (size_t k = row + 1; k < kParameters; ++k) solution[row] -= lower[k][row] * solution[k];
    solution[row] /= lower[row][row];
  }
  for (size_t row = 0; row < kParameters; ++row) solution[row] /= size[row];
  return solution;
}

// A parameter at its bound that the descent would push beyond it stays there.
std::array<bool, kParameters> HeldAtBound(const Vector& parameters, const Vector& descent) {
  std::array<bool, kParameters> held;
  for (size_t row = 0; row < kParameters; ++row) {
    held[row] = (parameters[row] <= kLowest[row] && descent[row] <= 0) ||
                (parameters[row] >= kHighest[row] && descent[row] >= 0);
  }
  return held;
}

// How far the residuals are from being orthogonal to every slope that is not held, as the largest
// cosine of the angle between the two (MINPACK's gtol); 0 at the minimum.
double LargestCosine(const Linearised& sums, const std::array<bool, kParameters>& held) {
  double largest = 0;
  for (size_t row = 0; row < kParameters; ++row) {
    const double length = std::sqrt(sums.curvature[row][row] * sums.squares);
    if (!held[row] && length > 0) largest = std::max(largest, std::abs(sums.descent[row]) / length);
  }
  return largest;
}

struct Minimum {
  Vector parameters;
  Linearised sums;
};

// Levenberg-Marquardt with Marquardt's scaling; steps are cut off at the bounds.
std::optional<Minimum> Minimise(const std::vector<ScalabilityPoint>& points, ScalabilityScale scale,
                                Vector parameters) {
  constexpr int kMostSteps = 500;
  constexpr double kConvergedCosine = 1e-9;
  constexpr double kConvergedStep = 1e-12;  // relative
  constexpr double kHighestDamping = 1e15;
  constexpr double kEasier = 0.2;
  constexpr double kHarder = 5;
  double damping = 1e-3;
  Linearised sums = Linearise(points, scale, parameters);
  for (int step = 0; step < kMostSteps; ++step) {
    const std::array<bool, kParameters> held = HeldAtBound(parameters, sums.descent);
    if (LargestCosine(sums, held) < kConvergedCosine) return Minimum{parameters, sums};
    Matrix damped = sums.curvature;
    Vector descent = sums.descent;
    for (size_t row = 0; row < kParameters; ++row) {
      damped[row][row] *= 1 + damping;
      if (!held[row]) continue;
      descent[row] = 0;
      for (size_t other = 0; other < kParameters; ++other) {
        if (other != row) damped[row][other] = damped[other][row] = 0;
      }
    }
    Vector next = parameters;
    double largest_change = kInfinity;
    if (const std::optional<Vector> change = Solve(damped, descent)) {
      largest_change = 0;
      for (size_t row = 0; row < kParameters; ++row) {
        next[row] = std::clamp(parameters[row] + (*change)[row], kLowest[row], kHighest[row]);
        largest_change = std::max(largest_change, std::abs(next[row] - parameters[row]) /
                                                      (std::abs(parameters[row]) + kConvergedStep));
      }
    }
    // No digit is left to be won; rounding keeps the cosine of an almost perfect fit large.
    if (largest_change < kConvergedStep) return Minimum{parameters, sums};
    const Linearised next_sums = Linearise(points, scale, next);
    if (next_sums.squares < sums.squares) {
      parameters = next;
      sums = next_sums;
      damping *= kEasier;
    } else {
      damping *= kHarder;
      if (damping > kHighestDamping) return std::nullopt;
    }
  }
  return std::nullopt;
}

// The lambda that is best for given sigma and kappa, on the scale of ln X: where a search starts.
Vector StartAt(const std::vector<ScalabilityPoint>& points, double sigma, double kappa) {
  const UniversalScalability model = {.sigma = sigma, .kappa = kappa, .lambda = 1};
  double log_lambda = 0;
  for (const auto& [limit, throughput] : points) {
    log_lambda += std::log(throughput / model.Throughput(limit));
  }
  return {sigma, kappa, log_lambda / static_cast<double>(points.size())};
}

// The best minimum that a search from one of the starts finds.
std::optional<Minimum> BestMinimum(const std::vector<ScalabilityPoint>& points,
                                   ScalabilityScale scale, const std::vector<Vector>& starts) {
  std::optional<Minimum> best;
  for (const Vector& start : starts) {
    const std::optional<Minimum> found = Minimise(points, scale, start);
    if (found && (!best || found->sums.squares < best->sums.squares)) best = found;
  }
  return best;
}

int DifferentLimits(const std::vector<ScalabilityPoint>& points) {
  std::vector<double> limits;
  for (const ScalabilityPoint& point : points) limits.push_back(point.limit);
  std::sort(limits.begin(), limits.end());
  return static_cast<int>(std::unique(limits.begin(), limits.end()) - limits.begin());
}

void CheckPoints(const std::vector<ScalabilityPoint>& points) {
  PGRING_CHECK(std::all_of(points.begin(), points.end(),
                           [](const ScalabilityPoint& point) {
                             return std::isfinite(point.limit) && point.limit >= 1 &&
                                    std::isfinite(point.throughput_per_s) &&
                                    point.throughput_per_s > 0;
                           }),
               "the scalability law is fitted to limits from 1 and throughputs above 0");
}

// The square roots of the diagonal of variance * (J'J)^-1.
std::optional<Vector> StandardErrors(const Linearised& sums, double variance) {
  Vector errors;
  for (size_t row = 0; row < kParameters; ++row) {
    Vector unit = {};
    unit[row] = 1;
    const std::optional<Vector> column = Solve(sums.curvature, unit);
    if (!column) return std::nullopt;
    errors[row] = std::sqrt(variance * (*column)[row]);
  }
  return errors;
}

std::vector<ScalabilityPoint> ResampledReplicates(const std::vector<ScalabilityPoint>& points,
                                                  Random* random) {
  std::map<double, std::vector<double>> by_limit;
  for (const auto& [limit, throughput] : points) by_limit[limit].push_back(throughput);
  std::vector<ScalabilityPoint> drawn;
  for (const auto& [limit, throughputs] : by_limit) {
    for (size_t count = 0; count < throughputs.size(); ++count) {
      drawn.push_back({limit, throughputs[random->Below(throughputs.size())]});
    }
  }
  return drawn;
}

std::vector<ScalabilityPoint> ResampledResiduals(const std::vector<ScalabilityPoint>& points,
                                                 ScalabilityScale scale,
                                                 const UniversalScalability& model,
                                                 Random* random) {
  std::vector<ScalabilityPoint> drawn;
  for (const ScalabilityPoint& point : points) {
    const double fitted = model.Throughput(point.limit);
    const ScalabilityPoint& other = points[random->Below(points.size())];
    const double other_fitted = model.Throughput(other.limit);
    const double throughput = scale == ScalabilityScale::kThroughput
                                  ? fitted + other.throughput_per_s - other_fitted
                                  : fitted * other.throughput_per_s / other_fitted;
    // Where a difference of throughputs is larger than a small throughput.
    if (throughput > 0) drawn.push_back({point.limit, throughput});
  }
  return drawn;
}

// Infinity is no peak.
std::optional<double> Finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

double UniversalScalability::Throughput(double limit) const {
  return lambda * limit / RelativeResponse(*this, limit);
}

double UniversalScalability::ResponseTime(double limit) const {
  return RelativeResponse(*this, limit) / lambda;
}

double UniversalScalability::Elasticity(double limit) const {
  return (1 - sigma - kappa * limit * limit) / RelativeResponse(*this, limit);
}

std::optional<double> UniversalScalability::KneeAt(double gain) const {
  PGRING_CHECK(gain >= 0.0 && gain < 1.0, "a gain is at least 0 and below 1");
  // Elasticity(N) = gain is square * N^2 + linear * N = constant, whose positive solution in this
  // form holds without the square as well: it is (1 - gain) * (1 - sigma) / (gain * sigma) then.
  const double square = kappa * (1 + gain);
  const double linear = gain * (sigma - kappa);
  const double constant = (1 - gain) * (1 - sigma);
  const double divisor = linear + std::sqrt(linear * linear + 4 * square * constant);
  if (divisor > 0) return std::max(1.0, 2 * constant / divisor);
  // Either the elasticity never falls to `gain`, or sigma is 1 and it is never above 0.
  return constant == 0 ? std::optional(1.0) : std::nullopt;
}

std::optional<double> ScalabilityFit::PeakLimit() const {
  constexpr double kUpperProbability = 0.975;
  if (!standard_errors) return std::nullopt;
  const double half_width =
      StudentTQuantile(kUpperProbability, degrees_of_freedom) * standard_errors->kappa;
  return model.kappa > half_width ? model.PeakLimit() : std::nullopt;
}

absl::StatusOr<ScalabilityFit> FitScalability(const std::vector<ScalabilityPoint>& points,
                                              ScalabilityScale scale) {
  CheckPoints(points);
  const int different_limits = DifferentLimits(points);
  if (different_limits < kFewestLimitsForFit) {
    return absl::InvalidArgumentError(
        "fitting the scalability law: it has three parameters, so trials at three different limits "
        "are the fewest");
  }
  // From little to much of each kind of loss: one start can end in a minimum that is not the best.
  constexpr std::pair<double, double> kStarts[] = {{.1, .01}, {.02, .0005}, {.5, 0}, {0, .02}};
  std::vector<Vector> starts;
  for (const auto& [sigma, kappa] : kStarts) starts.push_back(StartAt(points, sigma, kappa));
  const std::optional<Minimum> best = BestMinimum(points, scale, starts);
  if (!best) {
    return absl::FailedPreconditionError(
        "fitting the scalability law: no search for its parameters converged");
  }
  ScalabilityFit fit = {.model = ModelOf(best->parameters),
                        .standard_errors = std::nullopt,
                        .residual_error = 0,
                        .degrees_of_freedom = static_cast<int>(points.size() - kParameters),
                        .few_limits = different_limits < kFewestLimitsForTrust,
                        .highest_limit = 0};
  for (const ScalabilityPoint& point : points) {
    fit.highest_limit = std::max(fit.highest_limit, point.limit);
  }
  if (fit.degrees_of_freedom == 0) return fit;
  const double variance = best->sums.squares / fit.degrees_of_freedom;
  const std::optional<Vector> errors = StandardErrors(best->sums, variance);
  if (!errors) {
    return absl::FailedPreconditionError(
        "fitting the scalability law: the trials do not determine its parameters");
  }
  fit.residual_error = std::sqrt(variance);
  // d lambda = lambda * d ln lambda.
  fit.standard_errors =
      ScalabilityErrors{(*errors)[0], (*errors)[1], fit.model.lambda * (*errors)[2]};
  return fit;
}

absl::StatusOr<PeakInterval> BootstrapPeak(const std::vector<ScalabilityPoint>& points,
                                           ScalabilityScale scale, const ScalabilityFit& fit,
                                           const PeakBootstrapOptions& options) {
  CheckPoints(points);
  PGRING_CHECK(options.resamples >= 1, "a bootstrap takes a resample or more");
  PGRING_CHECK(options.confidence > 0.0 && options.confidence < 1.0,
               "a confidence lies between 0 and 1");
  const Vector start = {fit.model.sigma, fit.model.kappa, std::log(fit.model.lambda)};
  Random random(options.seed);
  std::vector<double> peaks;
  for (int resample = 0; resample < options.resamples; ++resample) {
    const std::vector<ScalabilityPoint> drawn =
        options.resampling == ScalabilityResampling::kReplicates
            ? ResampledReplicates(points, &random)
            : ResampledResiduals(points, scale, fit.model, &random);
    if (DifferentLimits(drawn) < kFewestLimitsForFit) continue;
    // The points have been moved, so the minimum is near; one search, not four, leads there.
    const std::optional<Minimum> refit = BestMinimum(drawn, scale, {start});
    if (refit) peaks.push_back(ModelOf(refit->parameters).PeakLimit().value_or(kInfinity));
  }
  if (peaks.empty()) {
    return absl::FailedPreconditionError(
        "the interval of the scalability law's peak: no resample could be fitted");
  }
  std::sort(peaks.begin(), peaks.end());
  const double tail = (1 - options.confidence) / 2 * static_cast<double>(peaks.size());
  const size_t left_out = std::min(static_cast<size_t>(tail), (peaks.size() - 1) / 2);
  return PeakInterval{
      .low = Finite(peaks[left_out]),
      .high = Finite(peaks[peaks.size() - 1 - left_out]),
      .resamples = static_cast<int>(peaks.size()),
      .without_peak = static_cast<int>(std::count(peaks.begin(), peaks.end(), kInfinity))};
}

}  // namespace pgring
