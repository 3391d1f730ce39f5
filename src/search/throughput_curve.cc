#include "search/throughput_curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <utility>

#include "absl/status/statusor.h"
#include "pgring/statistics/universal_scalability.h"
#include "search/bent_line.h"

namespace pgring {
namespace {

// Limits farther from the middle than this, as a factor, say nothing of those around it.
constexpr double kWindow = 4.2;

// Of the curve itself. How far apart in ln(limit) throughputs still resemble each other, and by how
// much ln(throughput) varies over such a distance, around no model and around one. Measured over
// fourteen systems: half and twice of each lose more.
constexpr double kLength = 1.0;
constexpr double kAmplitude = 0.5;
constexpr struct {
  double amplitude;
  double doubt;  // that a server follows a model so closely: ln of the odds against it
} kAroundModel[] = {{0.1, 0}, {0.04, 0}, {0.015, 2}};
// The level of the curve, about which nothing is assumed.
constexpr double kLevelVariance = 1.0;

// Of the errors. The noise of trials, where it is not known yet, and the least that is believed.
constexpr double kTypicalNoise = 0.03;
constexpr double kLeastNoise = 0.003;
// The share of it that trials have in common with their neighbours in time, and over how many
// trials that fades.
constexpr double kSharedNoise = 0.4;
constexpr double kSharedTrials = 3;
// By how much throughput wanders from trial to trial, and drifts steadily.
constexpr double kWandering = 0.005;
constexpr double kDrift = 0.003;
// Of Student's t distribution: errors of ten deviations count a twentieth of small ones.
constexpr double kDegreesOfFreedom = 4;
// Where trials contradict each other, their noise is more than it seemed: at most so much more, as
// a variance.
constexpr double kMostSurprise = 4;
constexpr int kWeightings = 4;

// Matern's, of order 3/2: curves with a slope everywhere, which may have a knee.
double Covariance(double distance, double amplitude) {
  const double scaled = std::sqrt(3.0) * std::abs(distance) / kLength;
  return amplitude * amplitude * (1 + scaled) * std::exp(-scaled);
}

// Of a symmetric matrix of n x n, in place: its lower triangle becomes the factor.
void Factorize(size_t n, std::vector<double>* matrix) {
  constexpr double kLeastPivot = 1e-12;  // rounding must not make it negative
  double* const at = matrix->data();
  for (size_t row = 0; row < n; ++row) {
    for (size_t column = 0; column <= row; ++column) {
      const double* const left = at + row * n;
      const double* const right = at + column * n;
      const double sum = left[column] - std::inner_product(left, left + column, right, 0.0);
      at[row * n + column] =
          row == column ? std::sqrt(std::max(sum, kLeastPivot)) : sum / right[column];
    }
  }
}

// Solves lower * x = values, in place.
void SolveLower(const std::vector<double>& lower, std::vector<double>* values) {
  const size_t n = values->size();
  for (size_t row = 0; row < n; ++row) {
    const double* const left = lower.data() + row * n;
    const double known = std::inner_product(left, left + row, values->data(), 0.0);
    (*values)[row] = ((*values)[row] - known) / left[row];
  }
}

// The same of its transpose.
void SolveUpper(const std::vector<double>& lower, std::vector<double>* values) {
  const size_t n = values->size();
  for (size_t row = n; row-- > 0;) {
    double& value = (*values)[row];
    for (size_t below = row + 1; below < n; ++below) {
      value -= lower[below * n + row] * (*values)[below];
    }
    value /= lower[row * n + row];
  }
}

bool IsNear(int limit, int middle) {
  return std::abs(std::log(static_cast<double>(limit) / middle)) <= std::log(kWindow);
}

}  // namespace

// A trial, as the curve sees it.
struct ThroughputCurve::Point {
  double log_limit;
  double log_throughput;
  double order;  // when it was measured, counted in trials
};

std::vector<ThroughputCurve::Model> ThroughputCurve::ModelsOf(const std::vector<Trial>& trials,
                                                              int middle) {
  constexpr int kLawParameters = 3;
  constexpr int kLineParameters = 4;
  std::vector<Model> models = {{.log_throughput = [](double) { return 0.0; },
                                .amplitude = kAmplitude,
                                .parameters = 0,
                                .doubt = 0}};
  std::vector<ScalabilityPoint> points;
  std::map<int, double> near;
  for (const auto& [limit, log_throughput] : LogThroughputs(trials)) {
    points.push_back({static_cast<double>(limit), std::exp(log_throughput)});
    if (IsNear(limit, middle)) near[limit] = log_throughput;
  }
  const absl::StatusOr<ScalabilityFit> law =
      FitScalability(points, ScalabilityScale::kLogThroughput);
  const std::optional<BentLine> line = FitBentLine(near);
  for (const auto& [amplitude, doubt] : kAroundModel) {
    if (law.ok()) {
      models.push_back(
          {.log_throughput =
               [model = law->model](double limit) { return std::log(model.Throughput(limit)); },
           .amplitude = amplitude,
           .parameters = kLawParameters,
           .doubt = doubt});
    }
    if (line) {
      models.push_back(
          {.log_throughput = [bent = *line](double limit) { return bent.LogThroughput(limit); },
           .amplitude = amplitude,
           .parameters = kLineParameters,
           .doubt = doubt});
    }
  }
  return models;
}

std::optional<ThroughputCurve> ThroughputCurve::Fit(const std::vector<Trial>& trials, int middle) {
  std::vector<Point> points;
  for (size_t index = 0; index < trials.size(); ++index) {
    const Trial& trial = trials[index];
    if (!Succeeded(trial) || !IsNear(trial.limit, middle)) continue;
    points.push_back(
        {std::log(trial.limit), std::log(trial.throughput_per_s), static_cast<double>(index)});
  }
  if (points.size() < kFewestTrials) return std::nullopt;
  const std::optional<Noise> known = TrialNoise(trials);
  const double noise = std::max(known ? known->relative : kTypicalNoise, kLeastNoise);
  const double penalty = std::log(static_cast<double>(points.size())) / 2;  // G. Schwarz 1978
  std::optional<ThroughputCurve> likeliest;
  double highest = 0;
  for (Model& model : ModelsOf(trials, middle)) {
    ThroughputCurve curve;
    curve.model_ = std::move(model);
    const double likelihood =
        curve.FitAround(points, noise) - penalty * curve.model_.parameters - curve.model_.doubt;
    if (likeliest && likelihood <= highest) continue;
    likeliest = std::move(curve);
    highest = likelihood;
  }
  return likeliest;
}

double ThroughputCurve::FitAround(const std::vector<Point>& points, double noise) {
  const size_t n = points.size();
  std::vector<double> distances;  // from the model, about their mean
  double level = 0;
  for (const Point& point : points) {
    log_limits_.push_back(point.log_limit);
    distances.push_back(point.log_throughput - model_.log_throughput(std::exp(point.log_limit)));
    level += distances.back() / static_cast<double>(n);
  }
  for (double& distance : distances) distance -= level;
  std::vector<double> covariances(n * n);
  for (size_t row = 0; row < n; ++row) {
    for (size_t column = 0; column <= row; ++column) {
      const Point& late = points[row];
      const Point& early = points[column];
      covariances[row * n + column] =
          kLevelVariance + Covariance(late.log_limit - early.log_limit, model_.amplitude) +
          noise * noise * kSharedNoise * std::exp((early.order - late.order) / kSharedTrials) +
          kWandering * kWandering * early.order + kDrift * kDrift * early.order * late.order;
    }
  }
  const double least_variance = noise * noise * (1 - kSharedNoise);
  double own_variance = least_variance;
  std::vector<double> weights(n, 1);
  for (int weighting = 0; weighting < kWeightings; ++weighting) {
    lower_ = covariances;
    for (size_t row = 0; row < n; ++row) lower_[row * (n + 1)] += own_variance / weights[row];
    Factorize(n, &lower_);
    coefficients_ = distances;
    SolveLower(lower_, &coefficients_);
    SolveUpper(lower_, &coefficients_);
    double squares = 0;
    for (size_t row = 0; row < n; ++row) {
      // What neither the curve nor neighbours or drift explain of a trial.
      const double own = own_variance / weights[row] * coefficients_[row];
      weights[row] = (kDegreesOfFreedom + 1) / (kDegreesOfFreedom + own * own / own_variance);
      squares += weights[row] * own * own;
    }
    own_variance = std::clamp(squares / static_cast<double>(n), least_variance,
                              kMostSurprise * least_variance);
  }
  double likelihood =
      -std::inner_product(distances.begin(), distances.end(), coefficients_.begin(), 0.0) / 2;
  for (size_t row = 0; row < n; ++row) likelihood -= std::log(lower_[row * (n + 1)]);
  return likelihood;
}

ThroughputCurve::Difference ThroughputCurve::Compare(double limit, double other_limit) const {
  const double here = std::log(limit);
  const double there = std::log(other_limit);
  std::vector<double> covariances;
  covariances.reserve(log_limits_.size());
  for (const double tried : log_limits_) {
    covariances.push_back(Covariance(here - tried, model_.amplitude) -
                          Covariance(there - tried, model_.amplitude));
  }
  Difference difference;
  difference.mean =
      model_.log_throughput(limit) - model_.log_throughput(other_limit) +
      std::inner_product(covariances.begin(), covariances.end(), coefficients_.begin(), 0.0);
  SolveLower(lower_, &covariances);
  const double explained =
      std::inner_product(covariances.begin(), covariances.end(), covariances.begin(), 0.0);
  const double variance =
      2 * (Covariance(0, model_.amplitude) - Covariance(here - there, model_.amplitude)) -
      explained;
  difference.deviation = std::sqrt(std::max(variance, 0.0));
  return difference;
}

}  // namespace pgring
