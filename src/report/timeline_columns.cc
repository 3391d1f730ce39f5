#include "report/timeline_columns.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

class ColumnBuilder {
 public:
  ColumnBuilder(int64_t span_ns, int count)
      : column_ns_(static_cast<double>(span_ns) / count),
        columns_(static_cast<size_t>(count)),
        covered_ns_(static_cast<size_t>(count)) {}

  void Add(int64_t from_ns, int64_t to_ns, int32_t value) {
    const auto from = static_cast<double>(from_ns);
    const auto to = static_cast<double>(to_ns);
    for (size_t c = ColumnOf(from); c < columns_.size(); ++c) {
      const double start = static_cast<double>(c) * column_ns_;
      // A change at the very edge belongs to the next column; the first round always counts, or a
      // value that held for no time would lose its peak.
      if (start >= to && c != ColumnOf(from)) break;
      const double overlap =
          std::max(0.0, std::min(to, start + column_ns_) - std::max(from, start));
      Cover(c, overlap, value);
      if (start + column_ns_ >= to) break;
    }
  }

  std::vector<TimelineColumn> Take() {
    for (size_t c = 0; c < columns_.size(); ++c) {
      TimelineColumn& column = columns_[c];
      if (!column.covered) continue;
      column.mean = covered_ns_[c] > 0 ? column.mean / covered_ns_[c] : column.high;
    }
    return std::move(columns_);
  }

 private:
  size_t ColumnOf(double time_ns) const {
    const auto column = static_cast<size_t>(std::max(0.0, time_ns / column_ns_));
    return std::min(column, columns_.size() - 1);
  }

  // `mean` holds the area until Take().
  void Cover(size_t c, double overlap_ns, int32_t value) {
    TimelineColumn& column = columns_[c];
    column.low = column.covered ? std::min(column.low, value) : value;
    column.high = column.covered ? std::max(column.high, value) : value;
    column.covered = true;
    column.mean += overlap_ns * value;
    covered_ns_[c] += overlap_ns;
  }

  const double column_ns_;
  std::vector<TimelineColumn> columns_;
  std::vector<double> covered_ns_;
};

double MeanOfSteps(const std::vector<TimelineStep>& steps, ConnectionGauge gauge, int64_t end_ns) {
  double area = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    const int64_t until = i + 1 < steps.size() ? steps[i + 1].time_ns : end_ns;
    area += static_cast<double>(until - steps[i].time_ns) * steps[i].value(gauge);
  }
  return end_ns > 0 ? area / static_cast<double>(end_ns) : 0;
}

}  // namespace

std::vector<TimelineColumn> TimelineColumns(const std::vector<TimelineStep>& steps,
                                            ConnectionGauge gauge, int64_t end_ns, int64_t span_ns,
                                            int count) {
  PGRING_CHECK(span_ns > 0 && count > 0, "a picture needs a span and columns");
  ColumnBuilder builder(span_ns, count);
  for (size_t i = 0; i < steps.size(); ++i) {
    const bool last = i + 1 == steps.size();
    const int64_t until = last ? std::max(end_ns, steps[i].time_ns) : steps[i + 1].time_ns;
    builder.Add(steps[i].time_ns, until, steps[i].value(gauge));
  }
  return builder.Take();
}

std::vector<TimelineColumn> DepthColumns(const DepthOverTime& depth, int64_t end_ns,
                                         int64_t span_ns, int count) {
  PGRING_CHECK(span_ns > 0 && count > 0, "a picture needs a span and columns");
  std::vector<TimelineColumn> columns(static_cast<size_t>(count));
  if (depth.slice_ns <= 0 || depth.slices.empty()) return columns;
  const double column_ns = static_cast<double>(span_ns) / count;
  const auto slice_ns = static_cast<double>(depth.slice_ns);
  for (size_t c = 0; c < columns.size(); ++c) {
    const double from = static_cast<double>(c) * column_ns;
    const double to = std::min(from + column_ns, static_cast<double>(end_ns));
    double area = 0;
    TimelineColumn& column = columns[c];
    for (auto i = static_cast<size_t>(from / slice_ns); i < depth.slices.size(); ++i) {
      const double start = static_cast<double>(i) * slice_ns;
      if (start >= to) break;
      area += (std::min(to, start + slice_ns) - std::max(from, start)) * depth.slices[i].mean;
      column.high = std::max(column.high, depth.slices[i].peak);
      column.covered = true;
    }
    if (!column.covered) continue;
    column.mean = area / (to - from);
    column.low = static_cast<int32_t>(column.mean);
  }
  return columns;
}

int64_t RunEndNs(const Run& run) {
  int64_t end_ns = std::max<int64_t>(run.ended_ns - run.started_ns, 0);
  if (!run.timeline.steps().empty()) {
    end_ns = std::max(end_ns, run.timeline.steps().back().time_ns);
  }
  return end_ns;
}

bool IsDrawable(const Run& run) { return !run.timeline.steps().empty() && RunEndNs(run) > 0; }

bool TimelineKeepsMeans(const Run& run) {
  // A part of the recorded mean; covers the little by which wall time and the timeline's own span
  // may differ.
  constexpr double kTolerance = 0.02;
  if (run.timeline.thinned()) return false;
  const double mean = MeanOfSteps(run.timeline.steps(), ConnectionGauge::kInUse, RunEndNs(run));
  const double recorded = run.timeline.Mean(ConnectionGauge::kInUse);
  return std::abs(mean - recorded) <= std::max(kTolerance * recorded, kTolerance);
}

double RoundStep(double span, int max_parts) {
  PGRING_CHECK(span > 0 && max_parts > 0, "an axis needs a span");
  const double least = span / max_parts;
  const double decade = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    // The allowance keeps rounding of the power from skipping an exact step.
    if (factor * decade >= least * (1 - 1e-9)) return factor * decade;
  }
  return 10 * decade;
}

TimeUnit TimeUnitFor(int64_t span_ns) {
  if (span_ns < kNanosecondsPerMillisecond) {
    return {"microseconds", "us", static_cast<double>(kNanosecondsPerMicrosecond)};
  }
  if (span_ns < kNanosecondsPerSecond) {
    return {"milliseconds", "ms", static_cast<double>(kNanosecondsPerMillisecond)};
  }
  return {"seconds", "s", static_cast<double>(kNanosecondsPerSecond)};
}

}  // namespace pgring
