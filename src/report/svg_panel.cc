#include "report/svg_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/format.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

constexpr int kTicksAcross = 10;
constexpr double kUnitsPerTickUp = 50;
constexpr int kFewestRows = 4;

// Path data of a step line: says nothing where nothing changes.
class StepPath {
 public:
  void Start(double x, double y) {
    last_y_ = SvgNumber(y);
    path_ += "M" + SvgNumber(x) + " " + last_y_;
  }

  void StepTo(double x, double y) {
    const std::string y_text = SvgNumber(y);
    if (y_text == last_y_) return;
    const std::string x_text = SvgNumber(x);
    if (x_text != last_x_) path_ += "H" + x_text;
    path_ += "V" + y_text;
    last_x_ = x_text;
    last_y_ = y_text;
  }

  void EndAt(double x) { path_ += "H" + SvgNumber(x); }
  void Close() { path_ += "Z"; }

  const std::string& text() const { return path_; }

 private:
  std::string path_;
  std::string last_x_;
  std::string last_y_;
};

double ColumnStartNs(const SvgPanel& panel, size_t column, size_t count) {
  return static_cast<double>(panel.span_ns) * static_cast<double>(column) /
         static_cast<double>(count);
}

size_t CoveredColumns(const std::vector<TimelineColumn>& columns) {
  size_t count = columns.size();
  while (count > 0 && !columns[count - 1].covered) --count;
  return count;
}

}  // namespace

double SvgPanel::X(double time_ns) const {
  return left + width * time_ns / static_cast<double>(span_ns);
}

double SvgPanel::Y(double value) const { return top + height * (1 - value / highest); }

std::string PanelAxes(const SvgPanel& panel, std::string_view heading) {
  constexpr double kHeadingAbove = 12;
  constexpr double kLabelGap = 8;
  constexpr double kHalfTextHeight = 4;
  constexpr double kTimeLabelBelow = 18;
  const double right = panel.left + panel.width;
  const double bottom = panel.top + panel.height;
  std::string out =
      fmt::format("<text class=\"heading\" x=\"{}\" y=\"{}\">{}</text>\n", SvgNumber(panel.left),
                  SvgNumber(panel.top - kHeadingAbove), XmlText(heading));

  // Counts are whole: no finer gridline than one.
  const int rows = std::max(kFewestRows, static_cast<int>(panel.height / kUnitsPerTickUp));
  const double value_step = std::max(1.0, RoundStep(panel.highest, rows));
  for (double value = 0; value <= panel.highest; value += value_step) {
    out += fmt::format(
        "<path class=\"{}\" d=\"M{} {}H{}\"/><text class=\"tick\" text-anchor=\"end\" x=\"{}\" "
        "y=\"{}\">{}</text>\n",
        value == 0 ? "axis" : "grid", SvgNumber(panel.left), SvgNumber(panel.Y(value)),
        SvgNumber(right), SvgNumber(panel.left - kLabelGap),
        SvgNumber(panel.Y(value) + kHalfTextHeight), CountText(std::llround(value)));
  }

  const TimeUnit unit = TimeUnitFor(panel.span_ns);
  const double span = static_cast<double>(panel.span_ns) / unit.ns;
  const double step = RoundStep(span, kTicksAcross);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  for (int tick = 0; tick * step <= span; ++tick) {
    const double x = panel.X(tick * step * unit.ns);
    out += fmt::format(
        "<path class=\"grid\" d=\"M{} {}V{}\"/><text class=\"tick\" text-anchor=\"middle\" "
        "x=\"{}\" y=\"{}\">{}</text>\n",
        SvgNumber(x), SvgNumber(panel.top), SvgNumber(bottom), SvgNumber(x),
        SvgNumber(bottom + kTimeLabelBelow), FixedText(tick * step, decimals));
  }
  return out;
}

std::string ExactStepPath(const SvgPanel& panel, const std::vector<TimelineStep>& steps,
                          ConnectionGauge gauge, int64_t end_ns) {
  if (steps.empty()) return "";
  StepPath path;
  path.Start(panel.X(static_cast<double>(steps.front().time_ns)),
             panel.Y(steps.front().value(gauge)));
  for (const TimelineStep& step : steps) {
    path.StepTo(panel.X(static_cast<double>(step.time_ns)), panel.Y(step.value(gauge)));
  }
  path.StepTo(panel.X(static_cast<double>(end_ns)), panel.Y(0));
  path.EndAt(panel.X(static_cast<double>(end_ns)));
  return path.text();
}

std::string ColumnPath(const SvgPanel& panel, const std::vector<TimelineColumn>& columns,
                       bool use_mean, int64_t end_ns) {
  const size_t covered = CoveredColumns(columns);
  if (covered == 0) return "";
  const auto value = [&](size_t c) {
    return use_mean ? columns[c].mean : static_cast<double>(columns[c].high);
  };
  StepPath path;
  path.Start(panel.X(0), panel.Y(value(0)));
  for (size_t c = 1; c < covered; ++c) {
    path.StepTo(panel.X(ColumnStartNs(panel, c, columns.size())), panel.Y(value(c)));
  }
  path.StepTo(panel.X(static_cast<double>(end_ns)), panel.Y(0));
  path.EndAt(panel.X(static_cast<double>(end_ns)));
  return path.text();
}

std::string BandPath(const SvgPanel& panel, const std::vector<TimelineColumn>& columns,
                     int64_t end_ns) {
  const size_t covered = CoveredColumns(columns);
  const bool flat = std::all_of(columns.begin(), columns.end(), [](const TimelineColumn& column) {
    return !column.covered || column.low == column.high;
  });
  if (covered == 0 || flat) return "";
  const double end_x = panel.X(static_cast<double>(end_ns));
  StepPath path;
  path.Start(panel.X(0), panel.Y(columns[0].high));
  for (size_t c = 1; c < covered; ++c) {
    path.StepTo(panel.X(ColumnStartNs(panel, c, columns.size())), panel.Y(columns[c].high));
  }
  path.StepTo(end_x, panel.Y(columns[covered - 1].low));
  for (size_t c = covered - 1; c > 0; --c) {
    path.StepTo(panel.X(ColumnStartNs(panel, c, columns.size())), panel.Y(columns[c - 1].low));
  }
  path.EndAt(panel.X(0));
  path.Close();
  return path.text();
}

}  // namespace pgring
