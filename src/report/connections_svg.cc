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
#include "report/svg_panel.h"
#include "report/timeline_columns.h"

namespace pgring {
namespace {

// The page, in user units (pixels at 100 %).
constexpr double kPageWidth = 960;
constexpr double kLeft = 76;
constexpr double kRight = 28;
constexpr double kPlotWidth = kPageWidth - kLeft - kRight;
constexpr double kTextLeft = 28;
constexpr double kTitleBaseline = 40;
constexpr double kNoteLine = 19;
constexpr double kLegendRow = 22;
constexpr double kSwatchLength = 42;
constexpr double kSwatchGap = 10;
constexpr double kMainHeight = 300;
constexpr double kWaitingHeight = 110;
constexpr double kPanelHeading = 44;
constexpr double kTimeLabels = 24;
// How many characters of the notes' size fit the page in the widest of the common fonts.
constexpr int kNoteCharacters = 128;
constexpr int kLegendLabelCharacters = 26;

constexpr size_t kColorCount = 6;
constexpr std::array<std::string_view, kColorCount> kLightColors = {
    "#0072b2", "#d55e00", "#009e73", "#b0579a", "#a87400", "#000000"};
constexpr std::array<std::string_view, kColorCount> kDarkColors = {"#56b4e9", "#ff9248", "#2fd0a0",
                                                                   "#e79ac6", "#f0e442", "#ffffff"};
constexpr std::array<std::string_view, kColorCount> kDashes = {
    "none", "9 3", "3 2.5", "11 3 3 3", "6 2.5 2 2.5 2 2.5", "16 4"};

struct Layout {
  size_t legend_columns = 1;
  double legend_top = 0;
  SvgPanel main;
  SvgPanel waiting;
  bool has_waiting = false;
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

std::string Shortened(std::string_view text, int characters) {
  std::string out = PrintableText(text, true);
  if (DisplayWidth(out) <= static_cast<size_t>(characters)) return out;
  while (DisplayWidth(out) >= static_cast<size_t>(characters)) {
    // A whole code point at a time.
    while ((static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
    out.pop_back();
  }
  return out + "…";
}

std::vector<std::string> NoteLines(const std::string& text) {
  std::vector<std::string> lines;
  std::string wrapped = WrapText(PrintableText(text, true), kNoteCharacters, 0);
  for (size_t start = 0; start < wrapped.size();) {
    const size_t end = wrapped.find('\n', start);
    lines.push_back(Shortened(wrapped.substr(start, end - start), kNoteCharacters));
    start = end + 1;
  }
  return lines;
}

std::string Notes(const std::vector<std::string>& lines, double first_baseline) {
  std::string out;
  double baseline = first_baseline;
  for (const std::string& line : lines) {
    out += fmt::format("<text class=\"note\" x=\"{}\" y=\"{}\">{}</text>\n", kTextLeft, baseline,
                       XmlText(line));
    baseline += kNoteLine;
  }
  return out;
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
    for (std::string& line : NoteLines(text)) lines.push_back(std::move(line));
  }
  return lines;
}

std::string Figures(const Run& run) {
  if (!IsDrawable(run)) return "nothing recorded";
  const bool timed = std::isfinite(run.duration_s()) && run.duration_s() > 0;
  return fmt::format("{}, peak {}, mean {}",
                     timed ? DurationText(run.duration_s() * 1e9) : std::string(kUnknownFigure),
                     CountText(std::max<int>(run.timeline.Peak(ConnectionGauge::kInUse),
                                             Highest(run, ConnectionGauge::kInUse))),
                     FixedText(run.timeline.Mean(ConnectionGauge::kInUse), 1));
}

std::string_view Mark(const Run& run) {
  if (run.interrupted) return "INTERRUPTED";
  return run.valid() ? "" : "INVALID";
}

std::string Palette(const std::array<std::string_view, kColorCount>& colors) {
  std::string out;
  for (size_t i = 0; i < colors.size(); ++i) {
    out += fmt::format(".line.c{0}{{stroke:{1}}}.band.c{0}{{fill:{1}}}\n", i, colors[i]);
  }
  return out;
}

std::string StyleSheet() {
  return "<style>\n"
         ".page{fill:#ffffff}\n"
         "text{font-family:sans-serif;font-size:13px;fill:#1f2328}\n"
         ".title{font-size:20px;font-weight:bold}\n"
         ".heading{font-weight:bold}\n"
         ".note,.tick{fill:#59636e}\n"
         ".tick{font-size:12px}\n"
         ".mark{font-weight:bold;fill:#b3261e}\n"
         ".grid{stroke:#e1e5ea;fill:none}\n"
         ".axis{stroke:#8b949e;fill:none}\n"
         ".line{fill:none;stroke-width:2}\n"
         ".band{stroke:none;fill-opacity:0.16}\n" +
         Palette(kLightColors) +
         "@media (prefers-color-scheme: dark){\n"
         ".page{fill:#14181d}\n"
         "text{fill:#e6edf3}\n"
         ".note,.tick{fill:#a3adb8}\n"
         ".mark{fill:#ff8f85}\n"
         ".grid{stroke:#2b323a}\n"
         ".axis{stroke:#7d8791}\n"
         ".band{fill-opacity:0.24}\n" +
         Palette(kDarkColors) + "}\n</style>\n";
}

std::string LineClass(size_t series) {
  // Beyond the palette, colours come again with other dashes.
  const size_t dash = (series + series / kColorCount) % kDashes.size();
  return fmt::format("class=\"line c{}\" stroke-dasharray=\"{}\"", series % kColorCount,
                     kDashes[dash]);
}

// Two beside each other where the longest allows it. SVG cannot measure text, so its width is that
// of the widest of the common fonts.
size_t LegendColumns(const ComparisonResult& result) {
  constexpr double kCharacterWidth = 8.2;
  constexpr size_t kGapCharacters = 3;
  constexpr double kColumnWidth = kPageWidth / 2 - kTextLeft - kSwatchLength - kSwatchGap;
  for (const Run& run : result.runs) {
    const size_t characters =
        DisplayWidth(Shortened(RunLabel(run), kLegendLabelCharacters) + Figures(run)) +
        Mark(run).size() + kGapCharacters;
    if (static_cast<double>(characters) * kCharacterWidth > kColumnWidth) return 1;
  }
  return 2;
}

std::string Legend(const ComparisonResult& result, const Layout& layout) {
  constexpr double kSwatchRaise = 4.5;
  const size_t columns = layout.legend_columns;
  const double column_width = (kPageWidth - 2 * kTextLeft) / static_cast<double>(columns);
  std::string out;
  for (size_t i = 0; i < result.runs.size(); ++i) {
    const Run& run = result.runs[i];
    const size_t row = i / columns;
    const double x = kTextLeft + static_cast<double>(i % columns) * column_width;
    const double baseline = layout.legend_top + kLegendRow * static_cast<double>(row + 1);
    const std::string_view mark = Mark(run);
    out += fmt::format("<path {} d=\"M{} {}h{}\"/>", LineClass(i), x, baseline - kSwatchRaise,
                       kSwatchLength);
    out += fmt::format(
        "<text x=\"{}\" y=\"{}\"><tspan font-weight=\"bold\">{}</tspan><tspan "
        "dx=\"8\">{}</tspan>{}</text>\n",
        x + kSwatchLength + kSwatchGap, baseline,
        XmlText(Shortened(RunLabel(run), kLegendLabelCharacters)), Figures(run),
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
        bands += fmt::format("<path class=\"band c{}\" d=\"{}\"/>\n", i % kColorCount, band);
        ++band_count;
      }
    }
    lines += fmt::format(
        "<path {} d=\"{}\"><title>{}</title></path>\n", LineClass(i), line,
        XmlText(Shortened(RunLabel(run), kLegendLabelCharacters) + ": " + Figures(run)));
  }
  // Many bands upon each other would bury the grid.
  constexpr double kBandsAtFullStrength = 4;
  const double opacity = std::min(1.0, kBandsAtFullStrength / std::max(1, band_count));
  return fmt::format("<g opacity=\"{:.2f}\">\n{}</g>\n{}", opacity, bands, lines);
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
    lines = NoteLines(fmt::format(
        "Line: mean over {}; shaded: from the lowest to the highest value in it.", width));
  }
  if (!peaks_only.empty()) {
    const std::string peak = fmt::format(
        "{}: steps thinned, so the line is the peak of each {}; shaded: lowest to highest.",
        absl::StrJoin(peaks_only, ", "), width);
    for (std::string& line : NoteLines(peak)) {
      lines.push_back(std::move(line));
    }
  }
  const BuildInfo& build = result.environment.build;
  std::string tool = build.version.empty() ? "pgring" : "pgring " + build.version;
  if (!result.environment.started_at.empty()) tool += ", " + result.environment.started_at;
  lines.push_back(Shortened(tool, kNoteCharacters));
  return lines;
}

Layout LayOut(const ComparisonResult& result, size_t subtitle_lines) {
  Layout layout;
  layout.main.span_ns = 0;
  int32_t peak = 1;
  int32_t waiting = 0;
  for (const Run& run : result.runs) {
    if (!IsDrawable(run)) continue;
    layout.main.span_ns = std::max(layout.main.span_ns, RunEndNs(run));
    peak = std::max(peak, Highest(run, ConnectionGauge::kInUse));
    waiting = std::max(waiting, Highest(run, ConnectionGauge::kWaiting));
  }
  if (layout.main.span_ns == 0) layout.main.span_ns = kNanosecondsPerSecond;
  constexpr double kHeadroom = 1.04;
  layout.legend_columns = LegendColumns(result);
  const size_t legend_rows =
      (result.runs.size() + layout.legend_columns - 1) / layout.legend_columns;
  layout.legend_top = kTitleBaseline + kNoteLine * static_cast<double>(subtitle_lines) + 8;
  layout.main.left = kLeft;
  layout.main.width = kPlotWidth;
  layout.main.top =
      layout.legend_top + kLegendRow * static_cast<double>(legend_rows) + kPanelHeading;
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
  layout.caption_top = bottom + kNoteLine * 2;

  // Two units per column look smooth; many runs share the file's size.
  constexpr double kColumnWidth = 2;
  constexpr size_t kBytesPerColumn = 76;  // line and band, in both panels
  constexpr size_t kBytesPerRun = 900;    // its other elements
  constexpr size_t kBytesPerPage = 10'000;
  constexpr int kMinColumns = 12;
  const size_t runs = std::clamp<size_t>(result.runs.size(), 1, kMaxSvgRuns);
  const auto affordable = static_cast<int>((kMaxSvgBytes - kBytesPerPage - runs * kBytesPerRun) /
                                           (runs * kBytesPerColumn));
  layout.columns = std::clamp(affordable, kMinColumns, static_cast<int>(kPlotWidth / kColumnWidth));
  return layout;
}

std::string Description(const ComparisonResult& result) {
  std::vector<std::string> parts;
  for (const Run& run : result.runs) {
    std::string part = Shortened(RunLabel(run), kLegendLabelCharacters) + ": " + Figures(run);
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
  layout.height = layout.caption_top + kNoteLine * static_cast<double>(caption.size()) + 6;

  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\" "
      "width=\"{0}\" height=\"{1:.0f}\" viewBox=\"0 0 {0} {1:.0f}\">\n"
      "<title id=\"title\">{2}</title>\n<desc id=\"desc\">{3}</desc>\n",
      kPageWidth, layout.height, kTitle, XmlText(Description(result)));
  out += StyleSheet();
  out += "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n";
  out += fmt::format("<text class=\"title\" x=\"{}\" y=\"{}\">{}</text>\n", kTextLeft,
                     kTitleBaseline, kTitle);
  out += Notes(subtitle, kTitleBaseline + kNoteLine + 4);
  out += Legend(result, layout);
  out += PanelAxes(layout.main, "Connections in use");
  out += Lines(result, layout.main, ConnectionGauge::kInUse, layout.columns);
  if (layout.has_waiting) {
    out += PanelAxes(layout.waiting, "Operations waiting for a connection");
    out += Lines(result, layout.waiting, ConnectionGauge::kWaiting, layout.columns);
  }
  const bool drawn = std::any_of(result.runs.begin(), result.runs.end(), IsDrawable);
  if (!drawn) {
    out += fmt::format(
        "<text class=\"note\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">Nothing to draw: no run "
        "recorded any.</text>\n",
        layout.main.left + layout.main.width / 2, layout.main.top + layout.main.height / 2);
  }
  out += fmt::format("<text class=\"tick\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{} {}</text>\n",
                     kLeft + kPlotWidth / 2, layout.caption_top - kNoteLine,
                     TimeUnitFor(layout.main.span_ns).name, TimeOriginText(result.plan));
  out += Notes(caption, layout.caption_top + 8);
  out += "</svg>\n";
  return out;
}

}  // namespace pgring
