// What both pictures of `pgring tune` need beyond its data: points in order, the ranges of the
// axes, their round numbers, and the sentences. Internal to knee_svg and knee_text.
//
// Pure functions over plain data; a limit below 1 is a bug and stops the program.
#ifndef PGRING_REPORT_KNEE_VIEW_H_
#define PGRING_REPORT_KNEE_VIEW_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/knee_picture.h"

namespace pgring {

// More points than these are a dense series: the axis does not point to each of them.
inline constexpr size_t kMostNamedPoints = 40;

// 0 < low < high.
struct LogScale {
  double low = 1;
  double high = 2;

  // 0 at `low`, 1 at `high`; value > 0.
  double Share(double value) const;
  // The value there.
  double At(double share) const;
};

// Neighbouring limits; both ends belong to it.
struct LimitSpan {
  int low = 1;
  int high = 1;
};

struct KneeView {
  // By limit. Figures that cannot be drawn are left out: intervals that are no numbers, a p99 that
  // is not positive; a point whose throughput cannot be drawn is marked failed.
  std::vector<KneePoint> points;
  // The limits that were measured without failing; low > high if none was.
  LimitSpan measured = {1, 0};
  bool is_search = true;
  std::optional<int> answer;
  std::optional<KneePoint> answer_point;  // none without a figure of it
  std::optional<KneeCurve> curve;         // none without two limits between which to draw it
  // The answer and what does as well, as spans without a measured limit between that does not.
  std::vector<LimitSpan> same;
  LogScale limits;                 // with a margin on both sides
  double highest_per_s = 1;        // the end of the throughput axis, which begins at 0
  std::optional<LogScale> p99_ms;  // none without any p99
  bool has_throughput() const { return measured.low <= measured.high; }
  bool has_throughput_intervals = false;
  bool has_p99_intervals = false;
  bool has_client_limited = false;
  bool has_failed = false;
};

KneeView ViewOf(const KneePicture& picture);

// The fitted throughput at `limit`, which need not be whole; none without a curve, outside of what
// was measured, and where the curve has no finite positive value.
std::optional<double> FittedThroughput(const KneeView& view, double limit);

// "12 operations in flight: 4,310/s, p99 5.10 ms", or that the search found none.
std::string AnswerText(const KneeView& view);
// "9 to 16", "8, 12 to 16"; empty if nothing but the answer does as well.
std::string IndifferentText(const KneeView& view);
// "sigma 0.0267, kappa 0.000769, lambda 996/s".
std::string CurveText(const KneeCurve& curve);

// Which limits the axis names, ascending: the answer, the lowest and the highest measured one,
// powers of two at one distance, and between them those measured for which there is room. `length`,
// the width of a character and the gap between two labels are in one unit, that of the picture.
std::vector<int> LabelledLimits(const KneeView& view, double length, double character_width,
                                double gap);

// The throughput's round values from 0 up, in at most `max_parts` parts; 0 alone without
// throughput.
std::vector<double> ThroughputTicks(const KneeView& view, int max_parts);
// One of them, with as many decimals as all of them need.
std::string ThroughputTickText(const std::vector<double>& ticks, double value);

// At most `max_count` round values within the scale: all of 1, 2, 5 x 10^n, or fewer of them.
// max_count >= 2.
std::vector<double> RoundLogValues(const LogScale& scale, int max_count);

// "0.05", "2", "1,000": no more decimals than a round value needs.
std::string RoundValueText(double value);

}  // namespace pgring

#endif  // PGRING_REPORT_KNEE_VIEW_H_
