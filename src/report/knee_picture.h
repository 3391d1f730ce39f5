// What the picture of `pgring tune`, or of a comparison of limits, shows, as plain data: one point
// for each limit that was tried, the answer, what does as well, and the curve fitted through the
// points. Made by the caller; the renderers are knee_svg.h and knee_text.h.
#ifndef PGRING_REPORT_KNEE_PICTURE_H_
#define PGRING_REPORT_KNEE_PICTURE_H_

#include <optional>
#include <string>
#include <vector>

#include "pgring/statistics/median_interval.h"

namespace pgring {

// All trials of one limit together.
struct KneePoint {
  int limit = 1;  // operations in flight, >= 1
  double throughput_per_s = 0;
  std::optional<Interval> throughput_interval_per_s;
  std::optional<double> p99_ms;
  std::optional<Interval> p99_interval_ms;
  // The client was the limit, so the point says nothing about the server.
  bool client_limited = false;
  // No figure of it counts. So does a point whose throughput is negative or no number.
  bool failed = false;
};

// The universal scalability law: X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1)).
// Source: N. J. Gunther, Guerrilla Capacity Planning, Springer 2007.
struct KneeCurve {
  double sigma = 0;
  double kappa = 0;
  double lambda_per_s = 0;
};

struct KneePicture {
  std::string title;               // what was measured: "tpcb-like, scale 10"
  std::vector<std::string> notes;  // lines for the SVG: the server, the host, when
  std::vector<KneePoint> points;   // in any order, each limit once
  bool is_search = true;           // otherwise no answer was looked for
  std::optional<int> answer;       // none: the search found none
  // Limits that do as well as the answer, with or without itself; nothing without an answer.
  std::vector<int> indifferent;
  std::optional<KneeCurve> curve;  // drawn between the lowest and the highest measured limit
};

}  // namespace pgring

#endif  // PGRING_REPORT_KNEE_PICTURE_H_
