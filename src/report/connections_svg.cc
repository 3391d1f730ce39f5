#include "report/connections_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/svg_page.h"
#include "report/svg_panel.h"
#include "report/timeline_columns.h"

namespace pgring {
namespace {

// The page, in user units (pixels at 100 %).
constexpr double kLeft = 76;
constexpr double kPlotWidth = kSvgPageWidth - kLeft - kSvgRightMargin;
constexpr double kSwatchLength = 42;
constexpr double kSwatchGap = 10;
constexpr double kMainHeight = 300;
constexpr double kWaitingHeight = 110;
constexpr double kPanelHeading = 44;
constexpr double kTimeLabels = 24;
constexpr int kLegendLabelCharacters = 26;

struct Layout {
  size_t legend_columns = 1;
  double legend_top = 0;
  SvgPanel main;
  SvgPanel waiting;
  bool has_waiting = false;
  SvgPanel depth;
  bool has_depth = false;
  double caption_top = 0;
  double height = 0;
  int columns = 1;
};

int32_t Highest(const Run& run, ConnectionGauge gauge) {
  int32_t highest = 0;
  for (const TimelineStep& step : run.timeline.steps()) {
    highest = std::max(highest, step.value(gauge));
  }
  return highest;
}

std::vector<std::string> SubtitleLines(const ComparisonResult& result) {
  const Environment& environment = result.environment;
  std::vector<std::string> host;
  for (const std::string& part : {environment.kernel, environment.cpu_model}) {
    if (!part.empty()) host.push_back(part);
  }
  if (environment.cpu_count > 0) host.push_back(fmt::format("{} CPUs", environment.cpu_count));
  std::vector<std::string> lines;
  for (const std::string& text :
       {ServerText(result), absl::StrJoin(host, ", "), WorkloadText(result.plan)}) {
    if (text.empty()) continue;
    for (std::string& line : SvgNoteLines(text)) lines.push_back(std::move(line));
  }
  return lines;
}

std::string Figures(const Run& run) {
  if (!IsDrawable(run)) return "nothing recorded";
  const bool timed = std::isfinite(run.duration_s()) && run.duration_s() > 0;
  std::string queued;
  if (run.scenario.type->shares_connections) {
    const auto p99_ns = run.total().part(LatencyPart::kQueued).SupportedPercentile(99);
    if (p99_ns.has_value()) {
      queued = fmt::format(", queued p99 {}", DurationText(static_cast<double>(*p99_ns)));
    }
  }
  return fmt::format("{}, peak {}, mean {}{}",
                     timed ? DurationText(run.duration_s() * 1e9) : std::string(kUnknownFigure),
                     CountText(std::max<int>(run.timeline.Peak(ConnectionGauge::kInUse),
                                             Highest(run, ConnectionGauge::kInUse))),
                     FixedText(run.timeline.Mean(ConnectionGauge::kInUse), 1), queued);
}

std::string_view Mark(const Run& run) {
  if (run.interrupted) return "INTERRUPTED";
  return run.valid() ? "" : "INVALID";
}

std::string Palette(const std::array<std::string_view, kSvgColorCount>& colors) {
  std::string out;
  for (size_t i = 0; i < colors.size(); ++i) {
    out += fmt::format(".line.c{0}{{stroke:{1}}}.band.c{0}{{fill:{1}}}\n", i, colors[i]);
  }
  return out;
}

std::string StyleSheet() {
  return SvgStyleSheet(
      ".line{fill:none;stroke-width:2}\n"
      ".band{stroke:none;fill-opacity:0.16}\n" +
          Palette(kSvgLightColors),
      ".band{fill-opacity:0.24}\n" + Palette(kSvgDarkColors));
}

std::string LineClass(size_t series) {
  return fmt::format("class=\"line c{}\" stroke-dasharray=\"{}\"", series % kSvgColorCount,
                     SvgDashes(series));
}

// Two beside each other where the longest allows it.
size_t LegendColumns(const ComparisonResult& result) {
  constexpr size_t kGapCharacters = 3;
  constexpr double kColumnWidth = kSvgPageWidth / 2 - kSvgTextLeft - kSwatchLength - kSwatchGap;
  for (const Run& run : result.runs) {
    const size_t characters =
        DisplayWidth(ShortenedText(RunLabel(run), kLegendLabelCharacters) + Figures(run)) +
        Mark(run).size() + kGapCharacters;
    if (static_cast<double>(characters) * kSvgCharacterWidth > kColumnWidth) return 1;
  }
  return 2;
}

std::string Legend(const ComparisonResult& result, const Layout& layout) {
  constexpr double kSwatchRaise = 4.5;
  const size_t columns = layout.legend_columns;
  const double column_width = (kSvgPageWidth - 2 * kSvgTextLeft) / static_cast<double>(columns);
  std::string out;
  for (size_t i = 0; i < result.runs.size(); ++i) {
    const Run& run = result.runs[i];
    const size_t row = i / columns;
    const double x = kSvgTextLeft + static_cast<double>(i % columns) * column_width;
    const double baseline = layout.legend_top + kSvgLegendRow * static_cast<double>(row + 1);
    const std::string_view mark = Mark(run);
    out += fmt::format("<path {} d=\"M{} {}h{}\"/>", LineClass(i), x, baseline - kSwatchRaise,
                       kSwatchLength);
    out += fmt::format(
        "<text x=\"{}\" y=\"{}\"><tspan font-weight=\"bold\">{}</tspan><tspan "
        "dx=\"8\">{}</tspan>{}</text>\n",
        x + kSwatchLength + kSwatchGap, baseline,
        XmlText(ShortenedText(RunLabel(run), kLegendLabelCharacters)), Figures(run),
        mark.empty() ? "" : fmt::format("<tspan class=\"mark\" dx=\"8\">{}</tspan>", mark));
  }
  return out;
}

// Steps as few as columns cost no more than these and say more.
bool DrawsExactly(const Run& run, int columns) {
  return run.timeline.steps().size() <= static_cast<size_t>(columns) && TimelineKeepsMeans(run);
}

std::string Lines(const ComparisonResult& result, const SvgPanel& panel, ConnectionGauge gauge,
                  int columns) {
  std::string bands;
  std::string lines;
  int band_count = 0;
  for (size_t i = 0; i < result.runs.size(); ++i) {
    const Run& run = result.runs[i];
    if (!IsDrawable(run) || (gauge == ConnectionGauge::kWaiting && Highest(run, gauge) == 0)) {
      continue;
    }
    const std::vector<TimelineStep>& steps = run.timeline.steps();
    const int64_t end_ns = RunEndNs(run);
    std::string line;
    if (DrawsExactly(run, columns)) {
      line = ExactStepPath(panel, steps, gauge, end_ns);
    } else {
      const std::vector<TimelineColumn> values =
          TimelineColumns(steps, gauge, end_ns, panel.span_ns, columns);
      line = ColumnPath(panel, values, TimelineKeepsMeans(run), end_ns);
      const std::string band = BandPath(panel, values, end_ns);
      if (!band.empty()) {
        bands += fmt::format("<path class=\"band c{}\" d=\"{}\"/>\n", i % kSvgColorCount, band);
        ++band_count;
      }
    }
    lines += fmt::format(
        "<path {} d=\"{}\"><title>{}</title></path>\n", LineClass(i), line,
        XmlText(ShortenedText(RunLabel(run), kLegendLabelCharacters) + ": " + Figures(run)));
  }
  // Many bands upon each other would bury the grid.
  constexpr double kBandsAtFullStrength = 4;
  const double opacity = std::min(1.0, kBandsAtFullStrength / std::max(1, band_count));
  return fmt::format("<g opacity=\"{:.2f}\">\n{}</g>\n{}", opacity, bands, lines);
}

// Of the runs whose operations share connections: the mean of all of them, shaded up to the most on
// one.
std::string DepthLines(const ComparisonResult& result, const SvgPanel& panel, int columns) {
  std::string bands, lines;
  for (size_t i = 0; i < result.runs.size(); ++i) {
    const Run& run = result.runs[i];
    if (run.depth_over_time.slices.empty()) continue;
    const int64_t end_ns = RunEndNs(run);
    const std::vector<TimelineColumn> values =
        DepthColumns(run.depth_over_time, end_ns, panel.span_ns, columns);
    const std::string band = BandPath(panel, values, end_ns);
    if (!band.empty()) {
      bands += fmt::format("<path class=\"band c{}\" d=\"{}\"/>\n", i % kSvgColorCount, band);
    }
    lines += fmt::format("<path {} d=\"{}\"><title>{}</title></path>\n", LineClass(i),
                         ColumnPath(panel, values, true, end_ns),
                         XmlText(ShortenedText(RunLabel(run), kLegendLabelCharacters)));
  }
  return bands + lines;
}

std::vector<std::string> CaptionLines(const ComparisonResult& result, const Layout& layout) {
  bool any_mean = false;
  std::vector<std::string> peaks_only;
  for (const Run& run : result.runs) {
    if (!IsDrawable(run) || DrawsExactly(run, layout.columns)) continue;
    if (TimelineKeepsMeans(run)) {
      any_mean = true;
    } else {
      peaks_only.push_back(RunLabel(run));
    }
  }
  const std::string width = DurationText(static_cast<double>(layout.main.span_ns) / layout.columns);
  std::vector<std::string> lines;
  if (any_mean) {
    lines = SvgNoteLines(fmt::format(
        "Line: mean over {}; shaded: from the lowest to the highest value in it.", width));
  }
  if (!peaks_only.empty()) {
    const std::string peak = fmt::format(
        "{}: steps thinned, so the line is the peak of each {}; shaded: lowest to highest.",
        absl::StrJoin(peaks_only, ", "), width);
    for (std::string& line : SvgNoteLines(peak)) {
      lines.push_back(std::move(line));
    }
  }
  if (layout.has_depth) {
    lines.emplace_back(
        "In flight on a connection: mean of all connections; shaded up to the most on one.");
  }
  const BuildInfo& build = result.environment.build;
  std::string tool = build.version.empty() ? "pgring" : "pgring " + build.version;
  if (!result.environment.started_at.empty()) tool += ", " + result.environment.started_at;
  lines.push_back(ShortenedText(tool, kSvgNoteCharacters));
  return lines;
}

Layout LayOut(const ComparisonResult& result, size_t subtitle_lines) {
  Layout layout;
  layout.main.span_ns = 0;
  int32_t peak = 1;
  int32_t waiting = 0;
  int deepest = 0;
  for (const Run& run : result.runs) {
    if (!IsDrawable(run)) continue;
    layout.main.span_ns = std::max(layout.main.span_ns, RunEndNs(run));
    peak = std::max(peak, Highest(run, ConnectionGauge::kInUse));
    waiting = std::max(waiting, Highest(run, ConnectionGauge::kWaiting));
    for (const DepthSlice& slice : run.depth_over_time.slices) {
      deepest = std::max(deepest, slice.peak);
    }
  }
  if (layout.main.span_ns == 0) layout.main.span_ns = kNanosecondsPerSecond;
  constexpr double kHeadroom = 1.04;
  layout.legend_columns = LegendColumns(result);
  const size_t legend_rows =
      (result.runs.size() + layout.legend_columns - 1) / layout.legend_columns;
  layout.legend_top = kSvgTitleBaseline + kSvgNoteLine * static_cast<double>(subtitle_lines) + 8;
  layout.main.left = kLeft;
  layout.main.width = kPlotWidth;
  layout.main.top =
      layout.legend_top + kSvgLegendRow * static_cast<double>(legend_rows) + kPanelHeading;
  layout.main.height = kMainHeight;
  layout.main.highest = peak * kHeadroom;
  double bottom = layout.main.top + layout.main.height + kTimeLabels;
  layout.has_waiting = waiting > 0;
  if (layout.has_waiting) {
    layout.waiting = layout.main;
    layout.waiting.top = bottom + kPanelHeading - 4;
    layout.waiting.height = kWaitingHeight;
    layout.waiting.highest = waiting * kHeadroom;
    bottom = layout.waiting.top + layout.waiting.height + kTimeLabels;
  }
  layout.has_depth = deepest > 0;
  if (layout.has_depth) {
    layout.depth = layout.main;
    layout.depth.top = bottom + kPanelHeading - 4;
    layout.depth.height = kWaitingHeight;
    layout.depth.highest = deepest * kHeadroom;
    bottom = layout.depth.top + layout.depth.height + kTimeLabels;
  }
  layout.caption_top = bottom + kSvgNoteLine * 2;

  // Two units per column look smooth; many runs share the file's size.
  constexpr double kColumnWidth = 2;
  const size_t bytes_per_column = layout.has_depth ? 114 : 76;  // line and band, in all panels
  constexpr size_t kBytesPerRun = 900;                          // its other elements
  constexpr size_t kBytesPerPage = 10'000;
  constexpr int kMinColumns = 12;
  const size_t runs = std::clamp<size_t>(result.runs.size(), 1, kMaxSvgRuns);
  const auto affordable = static_cast<int>((kMaxSvgBytes - kBytesPerPage - runs * kBytesPerRun) /
                                           (runs * bytes_per_column));
  layout.columns = std::clamp(affordable, kMinColumns, static_cast<int>(kPlotWidth / kColumnWidth));
  return layout;
}

std::string Description(const ComparisonResult& result) {
  std::vector<std::string> parts;
  for (const Run& run : result.runs) {
    std::string part = ShortenedText(RunLabel(run), kLegendLabelCharacters) + ": " + Figures(run);
    if (!Mark(run).empty()) part += fmt::format(", {}", Mark(run));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return "No scenario was run.";
  return "Connections in use over time. " + absl::StrJoin(parts, ". ") + ".";
}

}  // namespace

std::string ConnectionsSvg(const ComparisonResult& result) {
  constexpr std::string_view kTitle = "Connections in use over time";
  const std::vector<std::string> subtitle = SubtitleLines(result);
  Layout layout = LayOut(result, subtitle.size());
  const std::vector<std::string> caption = CaptionLines(result, layout);
  layout.height = layout.caption_top + kSvgNoteLine * static_cast<double>(caption.size()) + 6;

  std::string out = SvgStart(layout.height, "", kTitle, Description(result));
  out += StyleSheet();
  out += SvgPageTitle(kTitle);
  out += SvgNotes(subtitle, kSvgTitleBaseline + kSvgNoteLine + 4);
  out += Legend(result, layout);
  out += PanelAxes(layout.main, "Connections in use");
  out += Lines(result, layout.main, ConnectionGauge::kInUse, layout.columns);
  if (layout.has_waiting) {
    out += PanelAxes(layout.waiting, "Operations waiting for a connection");
    out += Lines(result, layout.waiting, ConnectionGauge::kWaiting, layout.columns);
  }
  if (layout.has_depth) {
    out += PanelAxes(layout.depth, "Operations in flight on a connection that they share");
    out += DepthLines(result, layout.depth, layout.columns);
  }
  const bool drawn = std::any_of(result.runs.begin(), result.runs.end(), IsDrawable);
  if (!drawn) {
    out += fmt::format(
        "<text class=\"note\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">Nothing to draw: no run "
        "recorded any.</text>\n",
        layout.main.left + layout.main.width / 2, layout.main.top + layout.main.height / 2);
  }
  out += fmt::format("<text class=\"tick\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{} {}</text>\n",
                     kLeft + kPlotWidth / 2, layout.caption_top - kSvgNoteLine,
                     TimeUnitFor(layout.main.span_ns).name, TimeOriginText(result.plan));
  out += SvgNotes(caption, layout.caption_top + 8);
  out += "</svg>\n";
  return out;
}

}  // namespace pgring
