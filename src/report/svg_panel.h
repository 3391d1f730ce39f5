// One pair of axes of the SVG: where values land on it, and the elements that draw them. Internal
// to connections_svg.
//
// Pure functions over plain data; nothing here can fail.
#ifndef PGRING_REPORT_SVG_PANEL_H_
#define PGRING_REPORT_SVG_PANEL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/timeline_columns.h"

namespace pgring {

// In SVG user units, y downwards; times in ns, values in the gauge's own unit.
struct SvgPanel {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
  int64_t span_ns = 1;  // > 0
  double highest = 1;   // > 0; the value at `top`

  double X(double time_ns) const;
  double Y(double value) const;
};

// Heading, gridlines and tick labels.
std::string PanelAxes(const SvgPanel& panel, std::string_view heading);

// Path data of the steps as they are, down to zero at `end_ns`.
std::string ExactStepPath(const SvgPanel& panel, const std::vector<TimelineStep>& steps,
                          ConnectionGauge gauge, int64_t end_ns);

// Path data of one value per column: its mean, or its highest. Down to zero at `end_ns`.
std::string ColumnPath(const SvgPanel& panel, const std::vector<TimelineColumn>& columns,
                       bool use_mean, int64_t end_ns);

// Path data of the area from the lowest to the highest value of each column; empty when they are
// the same everywhere.
std::string BandPath(const SvgPanel& panel, const std::vector<TimelineColumn>& columns,
                     int64_t end_ns);

}  // namespace pgring

#endif  // PGRING_REPORT_SVG_PANEL_H_
