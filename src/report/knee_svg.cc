#include "report/knee_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/knee_svg_page.h"
#include "report/knee_view.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

constexpr double kHalfTickHeight = 4;

std::string RowTick(const KneePanel& panel, double y, const std::string& label) {
  return fmt::format(
      "<path class=\"grid\" d=\"M{} {}H{}\"/><text class=\"tick\" text-anchor=\"end\" x=\"{}\" "
      "y=\"{}\">{}</text>\n",
      SvgNumber(panel.left), SvgNumber(y), SvgNumber(panel.right()),
      SvgNumber(panel.left - kKneeTickGap), SvgNumber(y + kHalfTickHeight), label);
}

// From the first to the last limit of the span and a little beyond, so that one alone is seen too,
// but not as far as a neighbour that does not belong to it.
std::string Shade(const KneeView& view, const KneePanel& panel, const LimitSpan& span) {
  constexpr double kReach = 9;
  double left = std::max(panel.left, panel.X(span.low) - kReach);
  double right = std::min(panel.right(), panel.X(span.high) + kReach);
  for (const KneePoint& point : view.points) {
    if (point.limit < span.low) {
      left = std::max(left, (panel.X(point.limit) + panel.X(span.low)) / 2);
    } else if (point.limit > span.high) {
      right = std::min(right, (panel.X(point.limit) + panel.X(span.high)) / 2);
    }
  }
  return fmt::format("<path class=\"same\" d=\"M{} {}H{}V{}H{}Z\"/>\n", SvgNumber(left),
                     SvgNumber(panel.top), SvgNumber(right), SvgNumber(panel.bottom()),
                     SvgNumber(left));
}

// Heading, the answer and what does as well behind everything, the limits' ticks and labels.
std::string PanelGround(const KneePage& page, const KneePanel& panel, double heading_baseline,
                        std::string_view heading) {
  constexpr double kTickLength = 5;
  constexpr double kLabelBelow = 19;
  constexpr double kLabelGap = 9;
  std::string out = fmt::format("<text class=\"heading\" x=\"{}\" y=\"{}\">{}</text>\n",
                                SvgNumber(panel.left), SvgNumber(heading_baseline), heading);
  if (!IndifferentText(page.view).empty()) {
    for (const LimitSpan& span : page.view.same) out += Shade(page.view, panel, span);
  }
  for (const int limit :
       LabelledLimits(page.view, panel.width, kSvgTickCharacterWidth, kLabelGap)) {
    const bool is_answer = limit == page.view.answer;
    const std::string x = SvgNumber(panel.X(limit));
    if (!is_answer && page.view.has_throughput()) {
      out += fmt::format("<path class=\"grid\" d=\"M{} {}V{}\"/>", x, SvgNumber(panel.top),
                         SvgNumber(panel.bottom()));
    }
    out += fmt::format(
        "<text class=\"tick{}\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text>\n",
        is_answer ? " chosen" : "", x, SvgNumber(panel.bottom() + kLabelBelow), CountText(limit));
  }
  std::string axis = fmt::format("M{} {}H{}", SvgNumber(panel.left), SvgNumber(panel.bottom()),
                                 SvgNumber(panel.right()));
  if (page.view.points.size() <= kMostNamedPoints) {
    for (const KneePoint& point : page.view.points) {
      axis += fmt::format("M{} {}v{}", SvgNumber(panel.X(point.limit)), SvgNumber(panel.bottom()),
                          SvgNumber(kTickLength));
    }
  }
  out += fmt::format("<path class=\"axis\" d=\"{}\"/>\n", axis);
  return out;
}

// The vertical line, and in the upper panel its figures above it: beside an edge they begin or end
// there.
std::string AnswerLine(const KneePage& page, const KneePanel& panel, bool labelled) {
  if (!page.view.answer) return "";
  constexpr double kLabelRaise = 8;
  constexpr double kEdgeReach = 12;
  const double x = panel.X(*page.view.answer);
  std::string out =
      fmt::format("<path class=\"best\" d=\"M{} {}V{}\"/>\n", SvgNumber(x),
                  SvgNumber(panel.top - (labelled ? 4 : 0)), SvgNumber(panel.bottom()));
  if (!labelled) return out;
  const std::string text = AnswerText(page.view);
  const double half = static_cast<double>(DisplayWidth(text)) * kSvgCharacterWidth / 2;
  std::string_view anchor = "middle";
  double text_x = x;
  if (x - half < panel.left) {
    anchor = "start";
    text_x = std::max(panel.left, x - kEdgeReach);
  } else if (x + half > panel.right()) {
    anchor = "end";
    text_x = std::min(panel.right(), x + kEdgeReach);
  }
  return out +
         fmt::format("<text class=\"chosen\" text-anchor=\"{}\" x=\"{}\" y=\"{}\">{}</text>\n",
                     anchor, SvgNumber(text_x), SvgNumber(panel.top - kLabelRaise), XmlText(text));
}

struct DrawnPoint {
  double x = 0;
  double y = 0;
  std::optional<std::pair<double, double>> bar;  // its two ends
  const KneePoint* point = nullptr;
};

std::string PointTitle(const KneePoint& point) {
  std::string text =
      fmt::format("{} in flight: {}/s", CountText(point.limit), FigureText(point.throughput_per_s));
  if (const std::optional<Interval>& interval = point.throughput_interval_per_s) {
    text += fmt::format(" ({} to {})", FigureText(interval->low), FigureText(interval->high));
  }
  if (point.p99_ms) text += ", p99 " + DurationText(*point.p99_ms * kNanosecondsPerMillisecond);
  return text + (point.client_limited ? ", the client was the limit" : "");
}

// The line that joins the points, their intervals, and the points on top.
std::string Series(const KneePage& page, std::string_view series,
                   const std::vector<DrawnPoint>& points) {
  std::string line;
  std::string bars;
  std::string dots;
  std::string best;
  const std::string cap = SvgNumber(page.radius * 2);
  for (const DrawnPoint& drawn : points) {
    line +=
        fmt::format("{}{} {}", line.empty() ? "M" : "L", SvgNumber(drawn.x), SvgNumber(drawn.y));
    if (drawn.bar) {
      bars += fmt::format("M{0} {1}V{2}M{3} {1}h{4}M{3} {2}h{4}", SvgNumber(drawn.x),
                          SvgNumber(drawn.bar->first), SvgNumber(drawn.bar->second),
                          SvgNumber(drawn.x - page.radius), cap);
    }
    const bool is_best = drawn.point->limit == page.view.answer;
    // Over its neighbours, which may lie on it.
    (is_best ? best : dots) += fmt::format(
        "<circle class=\"{} {}\" cx=\"{}\" cy=\"{}\" r=\"{}\"><title>{}</title></circle>\n",
        is_best ? "best" : series, drawn.point->client_limited ? "hollow" : "dot",
        SvgNumber(drawn.x), SvgNumber(drawn.y), SvgNumber(page.radius), PointTitle(*drawn.point));
  }
  std::string out;
  if (points.size() > 1) {
    out += fmt::format("<path class=\"{} join\" d=\"{}\"/>\n", series, line);
  }
  if (!bars.empty()) out += fmt::format("<path class=\"{} bar\" d=\"{}\"/>\n", series, bars);
  return out + dots + best;
}

std::string FittedCurve(const KneePage& page) {
  constexpr int kSamples = 160;
  const KneePanel& panel = page.throughput;
  const KneeView& view = page.view;
  const LogScale range = {static_cast<double>(view.measured.low),
                          static_cast<double>(view.measured.high)};
  std::string line;
  bool is_drawing = false;
  for (int i = 0; i <= kSamples; ++i) {
    const double limit = range.At(static_cast<double>(i) / kSamples);
    const std::optional<double> fitted = FittedThroughput(view, limit);
    // It leaves the picture where it fits badly.
    if (!fitted || *fitted > view.highest_per_s) {
      is_drawing = false;
      continue;
    }
    line += fmt::format("{}{} {}", is_drawing ? "L" : "M", SvgNumber(panel.X(limit)),
                        SvgNumber(page.ThroughputY(*fitted)));
    is_drawing = true;
  }
  return line.empty() ? "" : fmt::format("<path class=\"fit\" d=\"{}\"/>\n", line);
}

std::string ThroughputPanel(const KneePage& page) {
  const KneePanel& panel = page.throughput;
  constexpr double kHeadingRaise = 12;
  std::string out;
  const std::vector<double> ticks = ThroughputTicks(page.view, kKneeThroughputRows);
  for (const double value : ticks) {
    out += RowTick(panel, page.ThroughputY(value), ThroughputTickText(ticks, value));
  }
  out += PanelGround(page, panel,
                     panel.top - (page.view.answer ? kKneeAnswerStrip : 0) - kHeadingRaise,
                     "Throughput, operations per second");
  out += AnswerLine(page, panel, true);
  std::vector<DrawnPoint> points;
  std::string crosses;
  for (const KneePoint& point : page.view.points) {
    if (point.failed) {
      crosses += KneeCross(panel.X(point.limit), panel.bottom());
      continue;
    }
    DrawnPoint drawn = {.x = panel.X(point.limit),
                        .y = page.ThroughputY(point.throughput_per_s),
                        .bar = std::nullopt,
                        .point = &point};
    if (const std::optional<Interval>& interval = point.throughput_interval_per_s) {
      drawn.bar = {page.ThroughputY(interval->low), page.ThroughputY(interval->high)};
    }
    points.push_back(drawn);
  }
  out += FittedCurve(page) + Series(page, "rate", points);
  if (!crosses.empty()) out += crosses + "\n";
  if (points.empty()) {
    out += fmt::format(
        "<text class=\"note\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">Nothing to draw: "
        "{}.</text>\n",
        SvgNumber(panel.left + panel.width / 2), SvgNumber(panel.top + panel.height / 2),
        page.view.points.empty() ? "nothing was measured" : "every trial failed");
  }
  return out;
}

std::string P99Panel(const KneePage& page) {
  const KneePanel& panel = page.p99;
  constexpr double kHeadingRaise = 12;
  std::string out;
  for (const double value : RoundLogValues(*page.view.p99_ms, kKneeP99Rows)) {
    out += RowTick(panel, page.P99Y(value), RoundValueText(value));
  }
  out += PanelGround(page, panel, panel.top - kHeadingRaise,
                     "99th percentile of the latency, ms (logarithmic)");
  out += AnswerLine(page, panel, false);
  std::vector<DrawnPoint> points;
  for (const KneePoint& point : page.view.points) {
    if (!point.p99_ms) continue;
    DrawnPoint drawn = {.x = panel.X(point.limit),
                        .y = page.P99Y(*point.p99_ms),
                        .bar = std::nullopt,
                        .point = &point};
    if (const std::optional<Interval>& interval = point.p99_interval_ms) {
      drawn.bar = {page.P99Y(interval->low), page.P99Y(interval->high)};
    }
    points.push_back(drawn);
  }
  return out + Series(page, "tail", points);
}

std::string Description(const KneePage& page) {
  const KneeView& view = page.view;
  if (view.points.empty()) return "Nothing was measured.";
  std::string text = AnswerText(view);
  if (!text.empty() && !text.ends_with('.')) text += ".";
  if (const std::string same = IndifferentText(view); !same.empty()) {
    text += fmt::format(" {} in flight do as well.", same);
  }
  if (view.has_throughput()) {
    text += fmt::format(" Measured from {} to {} in flight.", CountText(view.measured.low),
                        CountText(view.measured.high));
  }
  if (page.view.curve) {
    text += fmt::format(" Fitted scalability law: {}.", CurveText(*page.view.curve));
  }
  std::string failed;
  for (const KneePoint& point : view.points) {
    if (point.failed) failed += (failed.empty() ? "" : ", ") + CountText(point.limit);
  }
  if (!failed.empty()) text += fmt::format(" Failed: {} in flight.", failed);
  return text;
}

}  // namespace

std::string KneeSvg(const KneePicture& picture) {
  const KneePage page = LayOutKnee(picture);
  std::string out = SvgStart(page.height, "knee-", page.title, Description(page));
  out += KneeStyleSheet();
  out += SvgPageTitle(page.title);
  out += SvgNotes(page.notes, kSvgTitleBaseline + kSvgNoteLine + 4);
  out += KneeLegend(page);
  out += ThroughputPanel(page);
  if (page.view.p99_ms) out += P99Panel(page);
  const KneePanel& last = page.view.p99_ms ? page.p99 : page.throughput;
  out += fmt::format(
      "<text class=\"tick\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">operations in flight "
      "(logarithmic)</text>\n",
      SvgNumber(last.left + last.width / 2),
      SvgNumber(last.bottom() + kKneeLimitLabels + kSvgNoteLine));
  return out + "</svg>\n";
}

}  // namespace pgring
