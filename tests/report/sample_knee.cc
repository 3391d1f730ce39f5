#include "sample_knee.h"

#include <cmath>

namespace pgring {
namespace {

double ThroughputOf(const KneeCurve& curve, int limit) {
  return curve.lambda_per_s * limit /
         (1 + curve.sigma * (limit - 1) + curve.kappa * limit * (limit - 1));
}

// With an interval of such a share to each side around the throughput and twice that around the
// p99, which is Little's mean three times.
KneePoint MeasuredAt(int limit, double throughput_per_s, double share) {
  constexpr double kTail = 3'000;
  KneePoint point = PointOf(limit, throughput_per_s, kTail * limit / throughput_per_s);
  point.throughput_interval_per_s =
      Interval{throughput_per_s * (1 - share), throughput_per_s * (1 + share)};
  point.p99_interval_ms =
      Interval{*point.p99_ms * (1 - 2 * share), *point.p99_ms * (1 + 2 * share)};
  return point;
}

}  // namespace

KneePoint PointOf(int limit, double throughput_per_s, double p99_ms) {
  KneePoint point;
  point.limit = limit;
  point.throughput_per_s = throughput_per_s;
  point.p99_ms = p99_ms;
  return point;
}

KneePoint FailedAt(int limit) {
  KneePoint point;
  point.limit = limit;
  point.failed = true;
  return point;
}

KneePicture ScalabilityKnee() {
  KneePicture picture;
  picture.title = "tpcb-like, scale 10";
  picture.notes = {"PostgreSQL 15.20, throwaway server, Unix socket",
                   "Linux 6.18.44, Example CPU, 2 CPUs"};
  picture.curve = KneeCurve{.sigma = 0.02671591, .kappa = 7.690945e-4, .lambda_per_s = 995.6486};
  for (const int limit : {16, 1, 2, 4, 8, 24, 31, 32, 40, 48, 64, 128, 256}) {
    // As if measured: off the curve by up to 3 %.
    const double noise = 1 + 0.03 * std::sin(limit * 1.7);
    picture.points.push_back(MeasuredAt(limit, ThroughputOf(*picture.curve, limit) * noise, 0.02));
  }
  picture.points.back().client_limited = true;
  picture.answer = 31;
  picture.indifferent = {24, 31, 32, 40};
  return picture;
}

KneePicture HardKnee() {
  KneePicture picture;
  picture.title = "select-only, scale 100";
  for (const int limit : {1, 2, 4, 6, 7, 8, 9, 10, 16, 32, 64}) {
    const double throughput = limit <= 8 ? 1'500.0 * limit : 12'000 * std::pow(8.0 / limit, 0.35);
    picture.points.push_back(MeasuredAt(limit, throughput, 0.012));
  }
  picture.points.push_back(FailedAt(128));
  picture.curve = KneeCurve{.sigma = 0.001, .kappa = 0.0052, .lambda_per_s = 1'620};
  picture.answer = 8;
  return picture;
}

KneePicture FlatKnee() {
  KneePicture picture;
  picture.title = "one row, all clients";
  for (const int limit : {1, 2, 4, 8, 16, 32}) {
    picture.points.push_back(MeasuredAt(limit, 2'000, 0.015));
    picture.indifferent.push_back(limit);
  }
  picture.curve = KneeCurve{.sigma = 1, .kappa = 0, .lambda_per_s = 2'000};
  picture.answer = 1;
  return picture;
}

KneePicture LinearKnee() {
  KneePicture picture;
  picture.title = "remote server, 20 ms away";
  for (const int limit : {1, 2, 4, 8, 16, 32, 45, 64}) {
    picture.points.push_back(MeasuredAt(limit, 49.0 * limit, 0.01));
  }
  picture.curve = KneeCurve{.sigma = 0, .kappa = 0, .lambda_per_s = 49};
  picture.answer = 64;
  return picture;
}

KneePicture RetrogradeKnee() {
  KneePicture picture;
  picture.title = "contended counter";
  picture.curve = KneeCurve{.sigma = 0.9, .kappa = 0.06, .lambda_per_s = 812};
  for (const int limit : {1, 2, 3, 4, 8, 16}) {
    picture.points.push_back(MeasuredAt(limit, ThroughputOf(*picture.curve, limit), 0.03));
  }
  picture.answer = 1;
  picture.indifferent = {1, 2};
  return picture;
}

KneePicture NoisyKnee() {
  KneePicture picture;
  picture.title = "family, batched statements, a neighbour on the machine";
  picture.curve = KneeCurve{.sigma = 0.08, .kappa = 4e-4, .lambda_per_s = 410};
  for (const int limit : {1, 2, 4, 8, 11, 12, 13, 14, 16, 17, 18, 24, 32, 64, 128}) {
    const double noise = 1 + 0.22 * std::sin(limit * 2.3);
    picture.points.push_back(MeasuredAt(limit, ThroughputOf(*picture.curve, limit) * noise, 0.33));
  }
  picture.answer = 17;
  picture.indifferent = {12, 13, 14, 17, 18, 24, 32};
  return picture;
}

std::vector<NamedKnee> AllKnees() {
  return {{"scalability", ScalabilityKnee()},
          {"hard", HardKnee()},
          {"flat", FlatKnee()},
          {"linear", LinearKnee()},
          {"retrograde", RetrogradeKnee()},
          {"noisy", NoisyKnee()}};
}

}  // namespace pgring
