// The page of the SVG of `pgring tune`: where its panels lie, what their axes name, the legend and
// the style sheet. Internal to knee_svg.
//
// Pure functions over plain data; nothing here can fail.
#ifndef PGRING_REPORT_KNEE_SVG_PAGE_H_
#define PGRING_REPORT_KNEE_SVG_PAGE_H_

#include <string>
#include <vector>

#include "report/knee_picture.h"
#include "report/knee_view.h"

namespace pgring {

// One of the two panels, in SVG user units, y downwards; both share the limits' axis.
struct KneePanel {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
  LogScale limits;

  double X(double limit) const { return left + width * limits.Share(limit); }
  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

// Above the upper panel, for the figures of the answer if there is one.
inline constexpr double kKneeAnswerStrip = 24;
// Below each panel, for the limits.
inline constexpr double kKneeLimitLabels = 24;
// Between an axis and its labels.
inline constexpr double kKneeTickGap = 8;
// At most so many parts between gridlines, and so many gridlines.
inline constexpr int kKneeThroughputRows = 8;
inline constexpr int kKneeP99Rows = 8;

struct KneePage {
  KneeView view;
  std::string title;
  std::vector<std::string> notes;  // lines that fit the page
  KneePanel throughput;
  KneePanel p99;      // only if the view has a scale for it
  double radius = 0;  // of a point
  double legend_top = 0;
  double height = 0;

  double ThroughputY(double per_s) const;
  double P99Y(double p99_ms) const;
};

KneePage LayOutKnee(const KneePicture& picture);

std::string KneeStyleSheet();
std::string KneeLegend(const KneePage& page);

// How a failed trial is marked.
std::string KneeCross(double x, double y);

}  // namespace pgring

#endif  // PGRING_REPORT_KNEE_SVG_PAGE_H_
