#include "report/knee_svg_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "report/format.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

// In user units (pixels at 100 %).
constexpr double kLeastLeft = 76;
constexpr double kThroughputHeight = 300;
constexpr double kP99Height = 170;
constexpr double kPanelHeading = 40;
constexpr std::string_view kSubject = "Throughput over operations in flight";
// How many characters of the title's size fit the page.
constexpr size_t kTitleCharacters = 70;
constexpr double kLargestRadius = 4;
constexpr double kSmallestRadius = 1.5;

// The legend: a swatch and a text each, in three columns; a long text takes two or all of them.
struct LegendEntry {
  std::string swatch;  // drawn from (0, 0), kSwatchLength wide, centred on y = 0
  std::string text;
};

constexpr double kSwatchLength = 42;
constexpr double kSwatchGap = 10;
constexpr int kLegendColumns = 3;
constexpr double kSwatchRaise = 4.5;

std::string PointSwatch(std::string_view series, bool has_interval) {
  return fmt::format(
      "<path class=\"{0} join\" d=\"M0 0h42\"/>{1}<circle class=\"{0} dot\" cx=\"21\" cy=\"0\" "
      "r=\"4\"/>",
      series,
      has_interval ? fmt::format("<path class=\"{} bar\" d=\"M21 -8v16M17 -8h8M17 8h8\"/>", series)
                   : "");
}

std::vector<LegendEntry> LegendEntries(const KneeView& view) {
  std::vector<LegendEntry> entries;
  if (view.has_throughput()) {
    entries.push_back(
        {PointSwatch("rate", view.has_throughput_intervals),
         view.has_throughput_intervals ? "throughput with its interval" : "throughput"});
  }
  if (view.p99_ms) {
    entries.push_back({PointSwatch("tail", view.has_p99_intervals),
                       view.has_p99_intervals ? "p99 with its interval" : "p99"});
  }
  if (view.answer) {
    entries.push_back({"<path class=\"best\" d=\"M21 -8v16\"/>", "best limit"});
  }
  if (const std::string same = IndifferentText(view); !same.empty()) {
    entries.push_back(
        {"<path class=\"same\" d=\"M0 -7h42v14H0z\"/>", same + " in flight do as well"});
  }
  if (view.curve) {
    entries.push_back({"<path class=\"fit\" d=\"M0 0h42\"/>",
                       "fitted scalability law: " + CurveText(*view.curve)});
  }
  if (view.has_client_limited) {
    entries.push_back(
        {"<circle class=\"rate hollow\" cx=\"21\" cy=\"0\" r=\"4\"/>", "hollow: client-limited"});
  }
  if (view.has_failed) entries.push_back({KneeCross(kSwatchLength / 2, 0), "failed trial"});
  return entries;
}

// The legend's elements, from `top` down, and how many rows they take.
std::pair<std::string, int> LegendRows(const std::vector<LegendEntry>& entries, double top) {
  constexpr double kColumnWidth = (kSvgPageWidth - kSvgTextLeft - kSvgRightMargin) / kLegendColumns;
  std::string out;
  int place = 0;
  for (const LegendEntry& entry : entries) {
    const double width = kSwatchLength + kSwatchGap +
                         static_cast<double>(DisplayWidth(entry.text)) * kSvgCharacterWidth;
    const int columns =
        std::clamp(static_cast<int>(std::ceil(width / kColumnWidth)), 1, kLegendColumns);
    const int column = place % kLegendColumns;
    if (column + columns > kLegendColumns) place += kLegendColumns - column;
    const double x = kSvgTextLeft + kColumnWidth * (place % kLegendColumns);
    const int row = place / kLegendColumns;
    const double baseline = top + kSvgLegendRow * (row + 1);
    out += fmt::format(
        "<g transform=\"translate({} {})\">{}</g><text x=\"{}\" y=\"{}\">{}</text>\n", SvgNumber(x),
        SvgNumber(baseline - kSwatchRaise), entry.swatch, SvgNumber(x + kSwatchLength + kSwatchGap),
        SvgNumber(baseline), XmlText(entry.text));
    place += columns;
  }
  return {out, (place + kLegendColumns - 1) / kLegendColumns};
}

// Close neighbours are drawn smaller; the quarter of the closest may touch each other.
double RadiusFor(const KneePanel& panel, const std::vector<KneePoint>& points) {
  std::vector<double> gaps;
  for (size_t i = 1; i < points.size(); ++i) {
    gaps.push_back(panel.X(points[i].limit) - panel.X(points[i - 1].limit));
  }
  if (gaps.empty()) return kLargestRadius;
  std::sort(gaps.begin(), gaps.end());
  return std::clamp(gaps[gaps.size() / 4] / 2, kSmallestRadius, kLargestRadius);
}

}  // namespace

double KneePage::ThroughputY(double per_s) const {
  return throughput.top + throughput.height * (1 - per_s / view.highest_per_s);
}

double KneePage::P99Y(double p99_ms) const {
  return p99.top + p99.height * (1 - view.p99_ms->Share(p99_ms));
}

std::string KneeCross(double x, double y) {
  constexpr double kReach = 5;
  return fmt::format("<path class=\"fail\" d=\"M{0} {2}L{1} {3}M{0} {3}L{1} {2}\"/>",
                     SvgNumber(x - kReach), SvgNumber(x + kReach), SvgNumber(y - kReach),
                     SvgNumber(y + kReach));
}

std::string KneeStyleSheet() {
  const auto palette = [](const auto& colors, std::string_view page) {
    return fmt::format(
        ".rate{{stroke:{0}}}.tail{{stroke:{1}}}.fit{{stroke:{3}}}.best{{stroke:{2}}}\n"
        ".rate.dot{{fill:{0}}}.tail.dot{{fill:{1}}}.best.dot{{fill:{2}}}\n"
        ".rate.hollow,.tail.hollow,.best.hollow{{fill:{4}}}\n"
        ".same{{fill:{2}}}.chosen{{font-weight:bold;fill:{2}}}\n",
        colors[0], colors[1], colors[2], colors[3], page);
  };
  return SvgStyleSheet(
      ".rate,.tail,.fit,.best{fill:none;stroke-width:2}\n"
      ".join{stroke-width:1.2}\n"
      ".fit{stroke-dasharray:7 4}\n"
      ".fail{stroke:#b3261e;stroke-width:2;fill:none}\n"
      ".same{stroke:none;fill-opacity:0.14}\n" +
          palette(kSvgLightColors, "#ffffff"),
      ".fail{stroke:#ff8f85}\n"
      ".same{fill-opacity:0.2}\n" +
          palette(kSvgDarkColors, "#14181d"));
}

std::string KneeLegend(const KneePage& page) {
  return LegendRows(LegendEntries(page.view), page.legend_top).first;
}

KneePage LayOutKnee(const KneePicture& picture) {
  KneePage page;
  page.view = ViewOf(picture);
  page.title = kSubject;
  const std::string full_title = fmt::format("{}: {}", kSubject, picture.title);
  if (picture.title.empty()) {
    // The subject alone.
  } else if (DisplayWidth(full_title) <= kTitleCharacters) {
    page.title = full_title;
  } else {
    page.notes = SvgNoteLines(picture.title);
  }
  for (const std::string& text : picture.notes) {
    for (std::string& line : SvgNoteLines(text)) page.notes.push_back(std::move(line));
  }
  if (picture.is_search && !picture.answer && !picture.points.empty()) {
    page.notes.push_back(AnswerText(page.view));
  }
  page.legend_top = kSvgTitleBaseline + kSvgNoteLine * static_cast<double>(page.notes.size()) + 8;
  const int legend_rows = LegendRows(LegendEntries(page.view), 0).second;

  size_t label_characters = 0;
  const std::vector<double> ticks = ThroughputTicks(page.view, kKneeThroughputRows);
  for (const double value : ticks) {
    label_characters = std::max(label_characters, ThroughputTickText(ticks, value).size());
  }
  if (page.view.p99_ms) {
    for (const double value : RoundLogValues(*page.view.p99_ms, kKneeP99Rows)) {
      label_characters = std::max(label_characters, RoundValueText(value).size());
    }
  }
  KneePanel& throughput = page.throughput;
  throughput.limits = page.view.limits;
  throughput.left =
      std::max(kLeastLeft,
               static_cast<double>(label_characters) * kSvgTickCharacterWidth + 2 * kKneeTickGap);
  throughput.width = kSvgPageWidth - kSvgRightMargin - throughput.left;
  throughput.top = page.legend_top + kSvgLegendRow * legend_rows + kPanelHeading +
                   (picture.answer ? kKneeAnswerStrip : 0);
  throughput.height = kThroughputHeight;
  double bottom = throughput.bottom() + kKneeLimitLabels;
  if (page.view.p99_ms) {
    page.p99 = throughput;
    page.p99.top = bottom + kPanelHeading;
    page.p99.height = kP99Height;
    bottom = page.p99.bottom() + kKneeLimitLabels;
  }
  page.height = bottom + kSvgNoteLine + 16;
  page.radius = RadiusFor(throughput, page.view.points);
  return page;
}

}  // namespace pgring
