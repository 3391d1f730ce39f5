// Brings a run's step function to the resolution of a picture: for each column the time-weighted
// mean, the lowest and the highest value, so that thousands of changes within one column become a
// line and a band instead of noise, and no peak is lost. Also the axes' round numbers.
//
// Pure functions; nothing here can fail.
#ifndef PGRING_REPORT_TIMELINE_COLUMNS_H_
#define PGRING_REPORT_TIMELINE_COLUMNS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "pgring/metrics/connection_depth.h"
#include "pgring/metrics/connection_timeline.h"
#include "run/comparison_result.h"

namespace pgring {

struct TimelineColumn {
  // Whether the run was going on at all in this column; the figures mean nothing otherwise.
  bool covered = false;
  double mean = 0;  // over the part of the column that the run covers
  int32_t low = 0;
  int32_t high = 0;
};

// Column c of `count` covers [c, c + 1) * span_ns / count. Steps hold until the next one, the last
// until `end_ns`. span_ns > 0, count > 0.
std::vector<TimelineColumn> TimelineColumns(const std::vector<TimelineStep>& steps,
                                            ConnectionGauge gauge, int64_t end_ns, int64_t span_ns,
                                            int count);

// The same of how many operations were in flight on a connection: the mean over all of them, from
// it up to the most on any. Without columns that are covered where nothing was recorded.
std::vector<TimelineColumn> DepthColumns(const DepthOverTime& depth, int64_t end_ns,
                                         int64_t span_ns, int count);

// When the run ended, in ns since its start: its wall time, or its last step if that is later.
int64_t RunEndNs(const Run& run);

// Whether there is anything of the run to draw over time.
bool IsDrawable(const Run& run);

// Whether means may be computed from the run's steps. Thinning keeps every peak and no mean, so
// thinned steps may be drawn as a band with its upper edge only. Judged by the flag and by whether
// the steps reproduce the exact mean that was recorded beside them.
bool TimelineKeepsMeans(const Run& run);

// The smallest of 1, 2, 5 x 10^n that cuts `span` into at most `max_parts` parts. span > 0.
double RoundStep(double span, int max_parts);

// The unit in which a time axis of `span_ns` reads best.
struct TimeUnit {
  std::string_view name;  // "seconds"
  std::string_view symbol;
  double ns;
};
TimeUnit TimeUnitFor(int64_t span_ns);

}  // namespace pgring

#endif  // PGRING_REPORT_TIMELINE_COLUMNS_H_
