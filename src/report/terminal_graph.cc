#include "report/terminal_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "report/format.h"
#include "report/graph_canvas.h"
#include "report/terminal_style.h"
#include "report/timeline_columns.h"

namespace pgring {
namespace {

constexpr int kPlotRows = 16;
constexpr int kRowsPerTick = 4;
// Below this share of the axis a peak cannot be told from its line.
constexpr double kLeastVisiblePeakShare = 0.03;

struct Series {
  std::string label;
  char letter = '*';
  const Run* run = nullptr;
  bool keeps_means = true;
};

struct Axes {
  int64_t span_ns = 1;
  int peak = 1;
  int label_columns = 1;
  int plot_columns = 1;
};

bool IsLetterFree(const std::vector<Series>& series, char letter) {
  return std::none_of(series.begin(), series.end(),
                      [&](const Series& other) { return other.letter == letter; });
}

// The first free letter of the label, else of the alphabet: "S" for sync, and "C", "H" for two
// chunked runs.
char LetterFor(const std::string& label, const std::vector<Series>& series) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const char character : label) {
    const char letter =
        character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
    if (kAlphabet.find(letter) == std::string_view::npos) continue;
    if (IsLetterFree(series, letter)) return letter;
  }
  for (const char letter : kAlphabet) {
    if (IsLetterFree(series, letter)) return letter;
  }
  return '*';
}

std::vector<Series> CollectSeries(const ComparisonResult& result) {
  std::vector<Series> series;
  for (const Run& run : result.runs) {
    const std::string label = RunLabel(run);
    series.push_back({label, LetterFor(label, series), &run, TimelineKeepsMeans(run)});
  }
  return series;
}

int HighestInUse(const Run& run) {
  int highest = run.timeline.Peak(ConnectionGauge::kInUse);
  for (const TimelineStep& step : run.timeline.steps()) {
    highest = std::max<int>(highest, step.value(ConnectionGauge::kInUse));
  }
  return highest;
}

Axes AxesFor(const std::vector<Series>& series, int columns) {
  Axes axes;
  for (const Series& one : series) {
    if (!IsDrawable(*one.run)) continue;
    axes.span_ns = std::max(axes.span_ns, RunEndNs(*one.run));
    axes.peak = std::max(axes.peak, HighestInUse(*one.run));
  }
  axes.label_columns = static_cast<int>(CountText(axes.peak).size());
  constexpr int kAxisColumns = 2;  // a space and the axis itself
  axes.plot_columns = columns - axes.label_columns - kAxisColumns;
  return axes;
}

// Draws one run. Its letters stand `offset` columns in and then at regular distances, so that lines
// that lie on each other show both letters.
void DrawSeries(const Series& series, size_t index, int offset, const Axes& axes,
                GraphCanvas* canvas) {
  const std::vector<TimelineColumn> columns =
      TimelineColumns(series.run->timeline.steps(), ConnectionGauge::kInUse, RunEndNs(*series.run),
                      axes.span_ns, canvas->dot_columns());
  const auto dot_of = [&](double value) {
    const double scaled = value / axes.peak * (canvas->dot_rows() - 1);
    // Anything above zero stands off the axis, however high the others reach.
    return value > 0 ? std::max(1, static_cast<int>(std::lround(scaled))) : 0;
  };
  constexpr int kLetterDistance = 12;
  int previous = -1;
  int last_cell = -1;
  int last_letter_cell = -kLetterDistance;
  for (int x = 0; x < canvas->dot_columns(); ++x) {
    const TimelineColumn& column = columns[static_cast<size_t>(x)];
    if (!column.covered) continue;
    const double value = series.keeps_means ? column.mean : column.high;
    const int y = dot_of(value);
    const int cell = canvas->CellOf(x);
    canvas->Line(index, x, previous < 0 ? y : previous, y);
    previous = y;
    const bool has_peak = column.high - value > std::max(0.5, kLeastVisiblePeakShare * axes.peak);
    if (has_peak) canvas->Peak(index, x, dot_of(column.high));
    if (cell != last_cell && cell % kLetterDistance == offset % kLetterDistance) {
      canvas->Letter(index, x, y);
      last_letter_cell = cell;
    }
    const int peak_offset = offset + kLetterDistance / 2;
    if (has_peak && cell != last_cell && cell % kLetterDistance == peak_offset % kLetterDistance) {
      canvas->PeakLetter(index, x, dot_of(column.high));
    }
    last_cell = cell;
  }
  // A run too short to reach its first place still needs its letter; so does a line's end.
  if (last_cell - last_letter_cell < kLetterDistance / 2) return;
  for (int x = canvas->dot_columns() - 1; x >= 0; --x) {
    const TimelineColumn& column = columns[static_cast<size_t>(x)];
    if (!column.covered) continue;
    canvas->Letter(index, x, dot_of(series.keeps_means ? column.mean : column.high));
    break;
  }
}

// Round numbers beside the axis, the peak itself at the top; empty where there is none.
std::vector<std::string> RowLabels(const Axes& axes) {
  std::vector<std::string> labels(kPlotRows);
  const int step = std::max(
      1, static_cast<int>(std::lround(RoundStep(axes.peak, kPlotRows / kRowsPerTick + 1))));
  for (int value = 0; value < axes.peak; value += step) {
    const double height = static_cast<double>(value) / axes.peak;
    const auto row = static_cast<size_t>(std::lround((1 - height) * (kPlotRows - 1)));
    if (row > 0) labels[row] = CountText(value);
  }
  labels[0] = CountText(axes.peak);
  return labels;
}

std::string TimeAxis(const Axes& axes, const TextStyle& style) {
  constexpr int kColumnsPerTick = 12;
  const TimeUnit unit = TimeUnitFor(axes.span_ns);
  const double span = static_cast<double>(axes.span_ns) / unit.ns;
  const double step = RoundStep(span, std::max(1, axes.plot_columns / kColumnsPerTick));
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  const int margin = axes.label_columns + 1;
  std::vector<std::string> line(static_cast<size_t>(axes.plot_columns), style.unicode ? "─" : "-");
  std::string labels(static_cast<size_t>(margin), ' ');
  for (int tick = 0;; ++tick) {
    const double value = tick * step;
    if (value > span * (1 + 1e-9)) break;
    const int column = std::min(axes.plot_columns - 1,
                                static_cast<int>(std::lround(value / span * axes.plot_columns)));
    if (tick > 0) line[static_cast<size_t>(column)] = style.unicode ? "┬" : "+";
    const std::string text = FixedText(value, decimals);
    const int center = margin + 1 + column - (tick == 0 ? 1 : 0);
    const int start = center - static_cast<int>(text.size()) / 2;
    const int end = start + static_cast<int>(text.size());
    if (start <= static_cast<int>(labels.size()) && tick > 0) continue;
    if (end > margin + 1 + axes.plot_columns) continue;
    labels.resize(static_cast<size_t>(std::max(0, start)), ' ');
    labels += text;
  }
  std::string out(static_cast<size_t>(margin), ' ');
  out += style.unicode ? "└" : "+";
  for (const std::string& cell : line) out += cell;
  return out + "\n" + labels + "\n";
}

std::string Caption(const ComparisonPlan& plan, const std::vector<Series>& series, const Axes& axes,
                    const TextStyle& style) {
  const bool any_thinned = std::any_of(series.begin(), series.end(), [](const Series& one) {
    return IsDrawable(*one.run) && !one.keeps_means;
  });
  const TimeUnit unit = TimeUnitFor(axes.span_ns);
  const double column = static_cast<double>(axes.span_ns) / axes.plot_columns;
  std::string text = fmt::format("{} {}; one column is {}. ", unit.name, TimeOriginText(plan),
                                 DurationText(column));
  text += style.unicode ? "Line with capitals: mean over the column's time; dots with small "
                          "letters: its peak, where higher."
                        : "Capitals: mean over the column's time; small: its peak, where higher.";
  if (any_thinned) {
    text +=
        " Lines of runs marked (peaks only) show the peak itself, because their steps were "
        "thinned.";
  }
  return WrapText(text, ReportColumns(style), 0);
}

std::string Legend(const std::vector<Series>& series, const TextStyle& style) {
  size_t label_columns = 0;
  std::vector<double> wall_s;
  for (const Series& one : series) {
    label_columns = std::max(label_columns, DisplayWidth(PrintableText(one.label, style.unicode)));
    wall_s.push_back(one.run->duration_s());
  }
  const int decimals = ColumnDecimals(wall_s);
  // Where there is no room: the table has the mean and the time too.
  constexpr size_t kLetterColumns = 7, kTimeColumns = 11, kPeakColumns = 13, kMeanColumns = 15;
  const auto room = static_cast<size_t>(ReportColumns(style));
  const size_t least = kLetterColumns + label_columns + kPeakColumns;
  const bool shows_time = least + kTimeColumns <= room;
  const bool shows_mean = least + kTimeColumns + kMeanColumns <= room;
  std::string out;
  for (size_t i = 0; i < series.size(); ++i) {
    const Run& run = *series[i].run;
    std::string label = PrintableText(series[i].label, style.unicode);
    label.append(label_columns - DisplayWidth(label), ' ');
    std::string line = fmt::format("  {}  {}  ", series[i].letter, label);
    if (!IsDrawable(run)) {
      line += "nothing recorded";
    } else {
      const bool timed = std::isfinite(run.duration_s()) && run.duration_s() > 0;
      if (shows_time) {
        line += fmt::format(
            "{:>9} s", timed ? FixedText(run.duration_s(), decimals) : std::string(kUnknownFigure));
      }
      line += fmt::format("   peak {:>5}", CountText(HighestInUse(run)));
      if (shows_mean) {
        line +=
            fmt::format("   mean {:>7}", FixedText(run.timeline.Mean(ConnectionGauge::kInUse), 1));
      }
      if (!series[i].keeps_means) line += "   (peaks only)";
    }
    out += Styled(line, SeriesStyle(i), style.color);
    if (!RunIsComparable(run)) {
      out += "   " + Styled(run.interrupted ? "INTERRUPTED" : "INVALID", kStyleAlarm, style.color);
    }
    out += '\n';
  }
  return out;
}

}  // namespace

std::string ConnectionsGraph(const ComparisonResult& result, const TextStyle& style) {
  const std::vector<Series> series = CollectSeries(result);
  std::string out = Styled("Connections in use over time", kStyleBold, style.color) + "\n";
  const auto drawable = std::count_if(series.begin(), series.end(),
                                      [](const Series& one) { return IsDrawable(*one.run); });
  if (drawable == 0) return out + "Nothing to draw: no run recorded any.\n" + Legend(series, style);

  const Axes axes = AxesFor(series, ReportColumns(style));
  GraphCanvas canvas(axes.plot_columns, kPlotRows, style.unicode);
  for (size_t i = 0; i < series.size(); ++i) {
    if (!IsDrawable(*series[i].run)) continue;
    constexpr int kLetterShift = 3;
    canvas.SetLetter(i, series[i].letter);
    DrawSeries(series[i], i, 2 + static_cast<int>(i) * kLetterShift, axes, &canvas);
  }
  const std::vector<std::string> labels = RowLabels(axes);
  for (int row = 0; row < kPlotRows; ++row) {
    const std::string& label = labels[static_cast<size_t>(row)];
    const std::string_view plain_axis = style.unicode ? "│" : "|";
    const std::string_view tick_axis = style.unicode ? "┤" : "+";
    out +=
        fmt::format("{:>{}} {}", label, axes.label_columns, label.empty() ? plain_axis : tick_axis);
    out += canvas.RowText(row, style.color) + "\n";
  }
  return out + TimeAxis(axes, style) + Caption(result.plan, series, axes, style) +
         Legend(series, style);
}

}  // namespace pgring
