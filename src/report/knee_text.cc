#include "report/knee_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "report/format.h"
#include "report/graph_canvas.h"
#include "report/knee_view.h"
#include "report/terminal_style.h"

namespace pgring {
namespace {

constexpr int kPlotRows = 10;
constexpr int kTicksUp = 5;
constexpr int kPanelGap = 3;
constexpr int kAxisColumns = 2;  // a space and the axis itself
// Narrower than this there is no room for two panels side by side.
constexpr int kLeastForTwo = 64;
// What the throughput's panel gets of the width.
constexpr double kThroughputShare = 0.6;

// The series of the canvas: their colours.
constexpr size_t kMeasuredSeries = 0;
constexpr size_t kFittedSeries = 3;
constexpr size_t kP99Series = 1;
constexpr std::string_view kAnswerStyle = "\x1b[1;38;5;35m";

struct Glyphs {
  std::string_view point, hollow, failed, best, interval, answer_line, shade;
  std::string_view axis_up, axis_tick, corner, axis, axis_same, axis_answer, fitted;
};

constexpr Glyphs kUnicodeGlyphs = {"●", "○", "×", "◆", "│", "┊", "░",
                                   "│", "┤", "└", "─", "═", "▲", "⠒ ⠒"};
constexpr Glyphs kAsciiGlyphs = {"*", "o", "x", "#", "|", ":", " ",
                                 "|", "+", "+", "-", "=", "^", "."};

const Glyphs& GlyphsFor(const TextStyle& style) {
  return style.unicode ? kUnicodeGlyphs : kAsciiGlyphs;
}

// What one panel shows: heights are shares of its axis, 0 at the bottom.
struct PlotPoint {
  const KneePoint* point = nullptr;
  double height = 0;
  std::optional<std::pair<double, double>> interval;
};

struct Tick {
  double height = 0;
  std::string label;
};

struct Plot {
  std::string heading;
  size_t series = kMeasuredSeries;
  std::vector<PlotPoint> points;  // by limit
  std::vector<Tick> ticks;
  std::function<std::optional<double>(double limit)> fitted_height;
};

// One panel as lines of one width.
class PanelText {
 public:
  PanelText(const KneeView& view, const Plot& plot, int width, const TextStyle& style)
      : view_(view), plot_(plot), style_(style), glyphs_(GlyphsFor(style)), width_(width) {
    for (const Tick& tick : plot.ticks) {
      label_columns_ = std::max(label_columns_, static_cast<int>(tick.label.size()));
    }
    columns_ = std::max(1, width - label_columns_ - kAxisColumns);
  }

  std::vector<std::string> Lines() const {
    GraphCanvas canvas(columns_, kPlotRows, style_.unicode);
    DrawLines(&canvas);
    const std::vector<Mark> marks = Marks();
    std::vector<std::string> lines = {Padded(plot_.heading, 0)};
    const std::vector<std::string> labels = RowLabels();
    for (int row = 0; row < kPlotRows; ++row) {
      const std::string& label = labels[static_cast<size_t>(row)];
      lines.push_back(fmt::format("{:>{}} {}", label, label_columns_,
                                  label.empty() ? glyphs_.axis_up : glyphs_.axis_tick));
      for (int column = 0; column < columns_; ++column) {
        lines.back() += CellText(canvas, marks, row, column);
      }
    }
    lines.push_back(AxisLine());
    lines.push_back(LimitLabels());
    return lines;
  }

 private:
  struct Mark {
    std::string_view glyph;
    std::string_view style;
  };

  int ColumnOf(double limit) const {
    return std::clamp(static_cast<int>(view_.limits.Share(limit) * columns_), 0, columns_ - 1);
  }
  static int RowOf(double height) {
    return std::clamp(kPlotRows - 1 - static_cast<int>(height * kPlotRows), 0, kPlotRows - 1);
  }
  size_t CellIndex(int row, int column) const {
    return static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column);
  }

  std::string Padded(std::string text, int indent) const {
    text.insert(0, static_cast<size_t>(indent), ' ');
    const size_t columns = DisplayWidth(text);
    const auto width = static_cast<size_t>(width_);
    if (columns < width) text.append(width - columns, ' ');
    return text;
  }

  bool IsDense() const { return plot_.points.size() > static_cast<size_t>(columns_); }

  // Linear between two points, as wide as the canvas has dots.
  std::optional<double> JoinedHeight(double limit) const {
    for (size_t i = 1; i < plot_.points.size(); ++i) {
      const PlotPoint& from = plot_.points[i - 1];
      const PlotPoint& to = plot_.points[i];
      if (limit < from.point->limit || limit > to.point->limit) continue;
      const LogScale range = {static_cast<double>(from.point->limit),
                              static_cast<double>(to.point->limit)};
      if (range.low >= range.high) return to.height;
      return from.height + (to.height - from.height) * range.Share(limit);
    }
    return std::nullopt;
  }

  void DrawLines(GraphCanvas* canvas) const {
    canvas->SetLetter(plot_.series, '.');
    canvas->SetLetter(kFittedSeries, '.');
    // Letters are too coarse for two lines: the points themselves show where the fit is bad.
    const bool has_fit = plot_.fitted_height != nullptr;
    if (style_.unicode || !has_fit) {
      DrawLine(plot_.series, [this](double limit) { return JoinedHeight(limit); }, false, canvas);
    }
    if (has_fit) DrawLine(kFittedSeries, plot_.fitted_height, style_.unicode, canvas);
  }

  void DrawLine(size_t series, const std::function<std::optional<double>(double)>& height_at,
                bool dashed, GraphCanvas* canvas) const {
    constexpr int kDash = 3;
    int previous = -1;
    for (int x = 0; x < canvas->dot_columns(); ++x) {
      const double limit = view_.limits.At((x + 0.5) / canvas->dot_columns());
      const std::optional<double> height = height_at(limit);
      if (!height || *height > 1) {
        previous = -1;
        continue;
      }
      const int y =
          std::clamp(static_cast<int>(*height * canvas->dot_rows()), 0, canvas->dot_rows() - 1);
      if (!dashed || x / kDash % 2 == 0) canvas->Line(series, x, previous < 0 ? y : previous, y);
      previous = y;
    }
  }

  std::vector<Mark> Marks() const {
    std::vector<Mark> marks(CellIndex(kPlotRows, 0));
    const std::string_view style = SeriesStyle(plot_.series);
    for (const PlotPoint& drawn : plot_.points) {
      if (!drawn.interval || IsDense()) continue;
      // One that is smaller than a cell would look larger than it is where it crosses two.
      if ((drawn.interval->second - drawn.interval->first) * kPlotRows < 1) continue;
      for (int row = RowOf(drawn.interval->second); row <= RowOf(drawn.interval->first); ++row) {
        marks[CellIndex(row, ColumnOf(drawn.point->limit))] = {glyphs_.interval, style};
      }
    }
    const PlotPoint* best = nullptr;
    for (const PlotPoint& drawn : plot_.points) {
      if (drawn.point->limit == view_.answer) best = &drawn;
      if (IsDense() && !drawn.point->client_limited) continue;
      marks[CellIndex(RowOf(drawn.height), ColumnOf(drawn.point->limit))] = {
          drawn.point->client_limited ? glyphs_.hollow : glyphs_.point, style};
    }
    if (plot_.series == kMeasuredSeries) {
      for (const KneePoint& point : view_.points) {
        if (!point.failed) continue;
        marks[CellIndex(kPlotRows - 1, ColumnOf(point.limit))] = {glyphs_.failed, kStyleAlarm};
      }
    }
    // Over its neighbours; a hollow one says more than that it is the best.
    if (best != nullptr && !best->point->client_limited) {
      marks[CellIndex(RowOf(best->height), ColumnOf(best->point->limit))] = {glyphs_.best,
                                                                             kAnswerStyle};
    }
    return marks;
  }

  bool IsSame(int column) const {
    return std::any_of(view_.same.begin(), view_.same.end(), [&](const LimitSpan& span) {
      return column >= ColumnOf(span.low) && column <= ColumnOf(span.high);
    });
  }

  std::string CellText(const GraphCanvas& canvas, const std::vector<Mark>& marks, int row,
                       int column) const {
    const Mark& mark = marks[CellIndex(row, column)];
    if (!mark.glyph.empty()) return Styled(mark.glyph, mark.style, style_.color);
    if (!canvas.IsBlank(row, column)) return canvas.CellText(row, column, style_.color);
    if (view_.answer && column == ColumnOf(*view_.answer)) {
      return Styled(glyphs_.answer_line, kAnswerStyle, style_.color);
    }
    if (!IsSame(column) || glyphs_.shade == " ") return " ";
    return Styled(glyphs_.shade, kAnswerStyle, style_.color);
  }

  std::vector<std::string> RowLabels() const {
    std::vector<std::string> labels(kPlotRows);
    for (const Tick& tick : plot_.ticks) {
      labels[static_cast<size_t>(RowOf(tick.height))] = tick.label;
    }
    return labels;
  }

  std::string AxisLine() const {
    std::string line(static_cast<size_t>(label_columns_ + 1), ' ');
    line += glyphs_.corner;
    for (int column = 0; column < columns_; ++column) {
      if (view_.answer && column == ColumnOf(*view_.answer)) {
        line += Styled(glyphs_.axis_answer, kAnswerStyle, style_.color);
      } else if (IsSame(column)) {
        line += Styled(glyphs_.axis_same, kAnswerStyle, style_.color);
      } else {
        line += glyphs_.axis;
      }
    }
    return line;
  }

  std::string LimitLabels() const {
    std::string line;
    for (const int limit : LabelledLimits(view_, columns_, 1, 1)) {
      const std::string text = CountText(limit);
      const int center = label_columns_ + kAxisColumns + ColumnOf(limit);
      const int start = std::min(center - static_cast<int>(text.size() - 1) / 2,
                                 width_ - static_cast<int>(text.size()));
      // Rounded to whole columns, two may touch after all.
      if (start <= static_cast<int>(line.size()) && !line.empty()) continue;
      line.append(static_cast<size_t>(std::max(0, start)) - line.size(), ' ');
      line += text;
    }
    return Padded(line, 0);
  }

  const KneeView& view_;
  const Plot& plot_;
  const TextStyle& style_;
  const Glyphs& glyphs_;
  const int width_;
  int label_columns_ = 1;
  int columns_ = 1;
};

Plot ThroughputPlot(const KneeView& view) {
  Plot plot;
  plot.heading = "operations per second";
  const auto height = [&view](double per_s) { return per_s / view.highest_per_s; };
  for (const KneePoint& point : view.points) {
    if (point.failed) continue;
    PlotPoint drawn = {&point, height(point.throughput_per_s), std::nullopt};
    if (const std::optional<Interval>& interval = point.throughput_interval_per_s) {
      drawn.interval = {height(interval->low), height(interval->high)};
    }
    plot.points.push_back(drawn);
  }
  const std::vector<double> ticks = ThroughputTicks(view, kTicksUp);
  for (const double value : ticks) {
    plot.ticks.push_back({height(value), ThroughputTickText(ticks, value)});
  }
  if (view.curve) {
    plot.fitted_height = [&view, height](double limit) -> std::optional<double> {
      const std::optional<double> fitted = FittedThroughput(view, limit);
      if (!fitted) return std::nullopt;
      return height(*fitted);
    };
  }
  return plot;
}

Plot P99Plot(const KneeView& view) {
  Plot plot;
  plot.heading = "p99, ms (logarithmic)";
  plot.series = kP99Series;
  for (const KneePoint& point : view.points) {
    if (!point.p99_ms) continue;
    PlotPoint drawn = {&point, view.p99_ms->Share(*point.p99_ms), std::nullopt};
    if (const std::optional<Interval>& interval = point.p99_interval_ms) {
      drawn.interval = {view.p99_ms->Share(interval->low), view.p99_ms->Share(interval->high)};
    }
    plot.points.push_back(drawn);
  }
  for (const double value : RoundLogValues(*view.p99_ms, kTicksUp + 1)) {
    plot.ticks.push_back({view.p99_ms->Share(value), RoundValueText(value)});
  }
  return plot;
}

// Entries side by side, broken between them.
std::string Legend(const KneeView& view, const TextStyle& style) {
  const Glyphs& glyphs = GlyphsFor(style);
  std::vector<std::string> entries = {fmt::format("{} measured", glyphs.point)};
  if (view.answer_point) entries.push_back(fmt::format("{} best", glyphs.best));
  if (view.has_throughput_intervals || view.has_p99_intervals) {
    entries.push_back(fmt::format("{} interval", glyphs.interval));
  }
  if (view.curve) entries.push_back(fmt::format("{} fitted", glyphs.fitted));
  if (!IndifferentText(view).empty()) {
    entries.push_back(fmt::format("{} as good", style.unicode ? glyphs.shade : glyphs.axis_same));
  }
  if (view.has_client_limited) entries.push_back(fmt::format("{} client-limited", glyphs.hollow));
  if (view.has_failed) entries.push_back(fmt::format("{} failed", glyphs.failed));
  constexpr std::string_view kBetween = "   ";
  std::string out;
  size_t line_columns = 0;
  for (const std::string& entry : entries) {
    const size_t columns = DisplayWidth(entry);
    const bool fits =
        line_columns + kBetween.size() + columns <= static_cast<size_t>(ReportColumns(style));
    if (line_columns > 0) out += fits ? kBetween : "\n";
    line_columns = line_columns > 0 && fits ? line_columns + kBetween.size() + columns : columns;
    out += entry;
  }
  return out + "\n";
}

std::string WithoutSpacesAtEnd(std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::string KneeText(const KneePicture& picture, const TextStyle& style) {
  const KneeView view = ViewOf(picture);
  const int width = ReportColumns(style);
  std::string title = view.p99_ms ? "Throughput and p99 over operations in flight"
                                  : "Throughput over operations in flight";
  if (!picture.title.empty()) title += ": " + PrintableText(picture.title, style.unicode);
  std::string out = WrapText(title, width, 0);
  out.pop_back();
  out = Styled(out, kStyleBold, style.color) + "\n";
  if (!view.has_throughput()) {
    return out + fmt::format("Nothing to draw: {}.\n",
                             view.points.empty() ? "nothing was measured" : "every trial failed");
  }
  std::string answer = AnswerText(view);
  const std::string same = IndifferentText(view);
  if (!same.empty()) answer += fmt::format("; {} do as well", same);
  if (!answer.empty()) out += WrapText(answer, width, 0);

  const Plot throughput = ThroughputPlot(view);
  const bool side_by_side = view.p99_ms && width >= kLeastForTwo;
  const int left_width =
      side_by_side ? static_cast<int>((width - kPanelGap) * kThroughputShare) : width;
  std::vector<std::string> lines = PanelText(view, throughput, left_width, style).Lines();
  if (view.p99_ms) {
    const Plot p99 = P99Plot(view);
    const int right_width = side_by_side ? width - kPanelGap - left_width : width;
    const std::vector<std::string> right = PanelText(view, p99, right_width, style).Lines();
    for (size_t i = 0; i < right.size(); ++i) {
      if (side_by_side) {
        lines[i] += std::string(kPanelGap, ' ') + right[i];
      } else {
        lines.push_back(right[i]);
      }
    }
  }
  for (std::string& line : lines) out += WithoutSpacesAtEnd(std::move(line)) + "\n";
  return out + Legend(view, style);
}

}  // namespace pgring
