#include "report/knee_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <tuple>

#include "absl/strings/str_join.h"
#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/timeline_columns.h"

namespace pgring {
namespace {

bool IsDrawable(const Interval& interval, double least) {
  return std::isfinite(interval.low) && std::isfinite(interval.high) && interval.low >= least &&
         interval.low <= interval.high;
}

KneePoint Cleaned(KneePoint point) {
  PGRING_CHECK(point.limit >= 1, "a limit below one operation in flight");
  if (!std::isfinite(point.throughput_per_s) || point.throughput_per_s < 0) point.failed = true;
  if (point.failed) {
    KneePoint failed;
    failed.limit = point.limit;
    failed.failed = true;
    return failed;
  }
  if (point.throughput_interval_per_s && !IsDrawable(*point.throughput_interval_per_s, 0)) {
    point.throughput_interval_per_s.reset();
  }
  if (point.p99_ms && !(std::isfinite(*point.p99_ms) && *point.p99_ms > 0)) point.p99_ms.reset();
  // A logarithmic axis has no zero.
  constexpr double kLeastMs = 1e-9;
  if (!point.p99_ms || (point.p99_interval_ms && !IsDrawable(*point.p99_interval_ms, kLeastMs))) {
    point.p99_interval_ms.reset();
  }
  return point;
}

LogScale LimitScale(const std::set<int>& limits) {
  if (limits.empty()) return {.low = 1, .high = 2};
  constexpr double kMarginShare = 0.04;
  constexpr double kLeastOctaves = 0.5;
  const double low = std::log2(*limits.begin());
  const double high = std::log2(*limits.rbegin());
  const double margin = std::max(kMarginShare * (high - low), (kLeastOctaves - (high - low)) / 2);
  return {.low = std::exp2(low - margin), .high = std::exp2(high + margin)};
}

// The round value (1, 2, 5 x 10^n) next to `value`, at or below it, or at or above.
double RoundValue(double value, bool above) {
  constexpr double kTolerance = 1e-9;
  const double power = std::pow(10, std::floor(std::log10(value) + kTolerance));
  double below = power;
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    const double candidate = factor * power;
    if (candidate >= value * (1 - kTolerance)) {
      if (above || candidate <= value * (1 + kTolerance)) return candidate;
      return below;
    }
    below = candidate;
  }
  return below;
}

// How many decimals a round value needs.
int RoundDecimals(double value) {
  constexpr double kTolerance = 1e-9;
  return std::max(0, static_cast<int>(std::ceil(-std::log10(value) - kTolerance)));
}

// From one round value to another, and wide enough that noise does not look like a difference.
std::optional<LogScale> P99Scale(const std::vector<KneePoint>& points) {
  constexpr double kLeastRatio = 9.9;
  double low = 0;
  double high = 0;
  for (const KneePoint& point : points) {
    if (!point.p99_ms) continue;
    const Interval range = point.p99_interval_ms.value_or(Interval{*point.p99_ms, *point.p99_ms});
    low = std::min({low == 0 ? *point.p99_ms : low, range.low, *point.p99_ms});
    high = std::max({high, range.high, *point.p99_ms});
  }
  if (high == 0) return std::nullopt;
  constexpr double kBeyond = 1.02;  // the next round value
  LogScale scale = {RoundValue(low, false), RoundValue(high, true)};
  while (scale.high / scale.low < kLeastRatio) {
    if (low / scale.low < scale.high / high) {
      scale.low = RoundValue(scale.low / kBeyond, false);
    } else {
      scale.high = RoundValue(scale.high * kBeyond, true);
    }
  }
  return scale;
}

double HighestThroughput(const KneeView& view) {
  double highest = 0;
  for (const KneePoint& point : view.points) {
    highest = std::max(highest, point.throughput_per_s);
    if (point.throughput_interval_per_s) {
      highest = std::max(highest, point.throughput_interval_per_s->high);
    }
  }
  if (highest == 0) return 1;
  // A curve that fits badly must not press the points down; beyond this it leaves the view.
  constexpr double kMostForCurve = 1.25;
  constexpr int kSamples = 64;
  double curve_highest = 0;
  for (int i = 0; i <= kSamples; ++i) {
    const double limit = view.limits.At(static_cast<double>(i) / kSamples);
    curve_highest = std::max(curve_highest, FittedThroughput(view, limit).value_or(0));
  }
  constexpr double kHeadroom = 1.06;
  return std::max(highest, std::min(curve_highest, highest * kMostForCurve)) * kHeadroom;
}

std::vector<LimitSpan> Spans(const std::set<int>& same, const std::vector<KneePoint>& points) {
  std::vector<LimitSpan> spans;
  for (const int limit : same) {
    const bool follows =
        !spans.empty() && std::none_of(points.begin(), points.end(), [&](const KneePoint& point) {
          return point.limit > spans.back().high && point.limit < limit;
        });
    if (follows) {
      spans.back().high = limit;
    } else {
      spans.push_back({limit, limit});
    }
  }
  return spans;
}

}  // namespace

double LogScale::Share(double value) const { return std::log(value / low) / std::log(high / low); }

double LogScale::At(double share) const { return low * std::pow(high / low, share); }

KneeView ViewOf(const KneePicture& picture) {
  KneeView view;
  view.is_search = picture.is_search;
  view.answer = picture.answer;
  std::set<int> limits;
  for (const KneePoint& point : picture.points) {
    view.points.push_back(Cleaned(point));
    limits.insert(point.limit);
  }
  std::sort(view.points.begin(), view.points.end(), [](const KneePoint& a, const KneePoint& b) {
    return std::tie(a.limit, a.throughput_per_s) < std::tie(b.limit, b.throughput_per_s);
  });
  for (const KneePoint& point : view.points) {
    view.has_failed |= point.failed;
    if (point.failed) continue;
    if (view.measured.low > view.measured.high) view.measured.low = point.limit;
    view.measured.high = point.limit;
    if (point.limit == picture.answer) view.answer_point = point;
    view.has_client_limited |= point.client_limited;
    view.has_throughput_intervals |= point.throughput_interval_per_s.has_value();
    view.has_p99_intervals |= point.p99_interval_ms.has_value();
  }
  if (view.measured.low < view.measured.high) view.curve = picture.curve;
  std::set<int> same;
  if (picture.answer) {
    same.insert(picture.indifferent.begin(), picture.indifferent.end());
    same.insert(*picture.answer);
  }
  limits.insert(same.begin(), same.end());
  PGRING_CHECK(limits.empty() || *limits.begin() >= 1, "a limit below one operation in flight");
  view.same = Spans(same, view.points);
  view.limits = LimitScale(limits);
  view.highest_per_s = HighestThroughput(view);
  view.p99_ms = P99Scale(view.points);
  return view;
}

std::optional<double> FittedThroughput(const KneeView& view, double limit) {
  // The ends themselves belong to it, however their position was rounded.
  constexpr double kTolerance = 1e-9;
  if (!view.curve || limit < view.measured.low * (1 - kTolerance) ||
      limit > view.measured.high * (1 + kTolerance)) {
    return std::nullopt;
  }
  const KneeCurve& curve = *view.curve;
  const double slowdown = 1 + curve.sigma * (limit - 1) + curve.kappa * limit * (limit - 1);
  const double throughput = curve.lambda_per_s * limit / slowdown;
  if (!std::isfinite(throughput) || throughput <= 0) return std::nullopt;
  return throughput;
}

std::string AnswerText(const KneeView& view) {
  if (!view.answer) return view.is_search ? "The search found no best limit." : "";
  std::string text = fmt::format("{} operation{} in flight", CountText(*view.answer),
                                 *view.answer == 1 ? "" : "s");
  if (!view.answer_point) return text;
  text += fmt::format(": {}/s", FigureText(view.answer_point->throughput_per_s));
  if (view.answer_point->p99_ms) {
    text += ", p99 " + DurationText(*view.answer_point->p99_ms * kNanosecondsPerMillisecond);
  }
  return text;
}

std::string IndifferentText(const KneeView& view) {
  if (view.same.empty()) return "";
  if (view.same.size() == 1 && view.same[0].low == view.same[0].high) return "";
  constexpr size_t kMostSpans = 5;
  std::vector<std::string> parts;
  for (const LimitSpan& span : view.same) {
    if (parts.size() == kMostSpans) {
      parts.emplace_back("...");
      break;
    }
    const bool is_one = span.low == span.high;
    parts.push_back(is_one ? CountText(span.low)
                           : fmt::format("{} to {}", CountText(span.low), CountText(span.high)));
  }
  return absl::StrJoin(parts, ", ");
}

std::string CurveText(const KneeCurve& curve) {
  return fmt::format("sigma {:.3g}, kappa {:.3g}, lambda {}/s", curve.sigma, curve.kappa,
                     FigureText(curve.lambda_per_s));
}

std::vector<int> LabelledLimits(const KneeView& view, double length, double character_width,
                                double gap) {
  struct Extent {
    double left;
    double right;
  };
  std::vector<Extent> taken;
  std::set<int> labelled;
  const auto extent = [&](int64_t limit) {
    const double center = view.limits.Share(static_cast<double>(limit)) * length;
    const double half = static_cast<double>(CountText(limit).size()) * character_width / 2;
    return Extent{center - half, center + half};
  };
  const auto add = [&](int limit) {
    const Extent wanted = extent(limit);
    const bool is_free = std::none_of(taken.begin(), taken.end(), [&](const Extent& other) {
      return wanted.left < other.right + gap && wanted.right > other.left - gap;
    });
    if (!is_free) return;
    taken.push_back(wanted);
    labelled.insert(limit);
  };
  if (view.answer) add(*view.answer);
  if (!view.points.empty()) {
    add(view.points.front().limit);
    add(view.points.back().limit);
  }

  // Powers of two at one distance: the smallest at which the widest of them has room.
  constexpr int kHighestPower = 30;
  const double octave = length / std::log2(view.limits.high / view.limits.low);
  const uint64_t highest_power = std::bit_floor(static_cast<uint64_t>(view.limits.high));
  const Extent widest = extent(static_cast<int64_t>(highest_power));
  const int step =
      std::max(1, static_cast<int>(std::ceil((widest.right - widest.left + gap) / octave)));
  for (int power = 0; power <= kHighestPower; power += step) {
    const int limit = 1 << power;
    if (limit >= view.limits.low && limit <= view.limits.high) add(limit);
  }
  // Then the others: not those of a dense series, which would name some of its points at random.
  if (view.points.size() <= kMostNamedPoints) {
    for (const KneePoint& point : view.points) add(point.limit);
  }
  return {labelled.begin(), labelled.end()};
}

std::vector<double> ThroughputTicks(const KneeView& view, int max_parts) {
  if (!view.has_throughput()) return {0};
  const double step = RoundStep(view.highest_per_s, max_parts);
  std::vector<double> ticks;
  for (int i = 0; i * step <= view.highest_per_s; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string ThroughputTickText(const std::vector<double>& ticks, double value) {
  return FixedText(value, ticks.size() > 1 ? RoundDecimals(ticks[1]) : 0);
}

std::vector<double> RoundLogValues(const LogScale& scale, int max_count) {
  constexpr double kTolerance = 1e-9;
  const std::vector<std::vector<double>> factors = {{1, 2, 5}, {1}};
  std::vector<double> values;
  const int first = static_cast<int>(std::floor(std::log10(scale.low) + kTolerance));
  const int last = static_cast<int>(std::floor(std::log10(scale.high) + kTolerance));
  for (int decades = 1;; ++decades) {
    for (const std::vector<double>& chosen : factors) {
      if (decades > 1 && chosen.size() > 1) continue;
      values.clear();
      for (int power = first; power <= last; power += decades) {
        for (const double factor : chosen) {
          const double value = factor * std::pow(10, power);
          if (value < scale.low * (1 - kTolerance) || value > scale.high * (1 + kTolerance)) {
            continue;
          }
          values.push_back(value);
        }
      }
      if (values.size() <= static_cast<size_t>(max_count)) return values;
    }
  }
}

std::string RoundValueText(double value) { return FixedText(value, RoundDecimals(value)); }

}  // namespace pgring
