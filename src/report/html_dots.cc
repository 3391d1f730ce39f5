#include "report/html_dots.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/statistics/median_interval.h"
#include "report/chart.h"
#include "report/format.h"
#include "report/html_chart.h"
#include "report/html_page.h"
#include "report/run_table.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

constexpr int kRowHeight = 26;
constexpr int kDotTicks = 3;
// Values that lie further apart than this are shown on a logarithmic axis.
constexpr double kFarApart = 12;

struct DotRow {
  std::string label;
  size_t series = 0;
  std::vector<double> values;  // block by block
  std::optional<MedianEstimate> estimate;
};

std::string Percent(double share) { return SvgNumber(share * kPercent) + "%"; }

std::string Strip(const DotRow& row, const HtmlScale& scale, const std::vector<HtmlTick>& ticks,
                  ChartUnit unit) {
  constexpr int kMiddle = kRowHeight / 2;
  const size_t color = row.series % kSvgColorCount;
  std::string out = fmt::format("<svg height=\"{}\" role=\"img\" aria-label=\"{}\">", kRowHeight,
                                HtmlText(row.label));
  for (const HtmlTick& tick : ticks) {
    out += fmt::format("<line class=\"grid\" x1=\"{0}\" x2=\"{0}\" y1=\"0\" y2=\"{1}\"/>",
                       Percent(tick.share), kRowHeight);
  }
  if (row.estimate.has_value() && row.estimate->interval.has_value()) {
    out += fmt::format(
        "<line class=\"line interval c{0}\" x1=\"{1}\" x2=\"{2}\" y1=\"{3}\" y2=\"{3}\"/>", color,
        Percent(scale.Share(row.estimate->interval->low)),
        Percent(scale.Share(row.estimate->interval->high)), kMiddle);
  }
  for (size_t block = 0; block < row.values.size(); ++block) {
    // Beside each other where they are equal.
    constexpr int kLevels = 5;
    const int level = static_cast<int>(block * 2 % kLevels) - kLevels / 2;
    const int y = row.values.size() == 1 ? kMiddle : kMiddle + 3 * level;
    out += fmt::format(
        "<circle class=\"dot c{}\" cx=\"{}\" cy=\"{}\" r=\"3\"><title>{}{}</title></circle>", color,
        Percent(scale.Share(row.values[block])), y,
        row.values.size() == 1 ? "" : fmt::format("block {}: ", block + 1),
        ChartFigure(unit, row.values[block]));
  }
  if (row.estimate.has_value() && row.values.size() > 1) {
    out +=
        fmt::format("<line class=\"line median c{0}\" x1=\"{1}\" x2=\"{1}\" y1=\"2\" y2=\"{2}\"/>",
                    color, Percent(scale.Share(row.estimate->median)), kRowHeight - 2);
  }
  return out + "</svg>";
}

std::string RowFigure(const DotRow& row, ChartUnit unit) {
  if (!row.estimate.has_value()) return std::string(kUnknownFigure);
  std::string text = ChartFigure(unit, row.estimate->median);
  if (!row.estimate->interval.has_value()) return text;
  const Interval& interval = *row.estimate->interval;
  if (unit == ChartUnit::kPerSecond) {
    return fmt::format("{} ({}-{})", text, FigureText(interval.low), FigureText(interval.high));
  }
  return fmt::format("{} ({} to {})", text, ChartFigure(unit, interval.low),
                     ChartFigure(unit, interval.high));
}

std::string Rows(std::string_view title, ChartUnit unit, const std::vector<DotRow>& rows) {
  double low = 0, high = 0;
  bool any = false;
  for (const DotRow& row : rows) {
    for (const double value : row.values) {
      low = any ? std::min(low, value) : value;
      high = any ? std::max(high, value) : value;
      any = true;
    }
  }
  // Without a success there is nothing to see.
  if (!any || high <= 0) return "";
  const HtmlScale scale = ScaleFor(low, high, low > 0 && high / low > kFarApart);
  const std::vector<HtmlTick> ticks = TicksOf(scale, unit, kDotTicks);
  std::string out =
      absl::StrCat("<figure>\n<figcaption>", HtmlText(title),
                   scale.logarithmic ? " <span class=\"remark\">(logarithmic axis)</span>" : "",
                   "</figcaption>\n<div class=\"rows\">\n");
  for (const DotRow& row : rows) {
    absl::StrAppend(&out, "<span class=\"label\">", HtmlText(row.label), "</span>",
                    Strip(row, scale, ticks, unit), "<span class=\"value\">", RowFigure(row, unit),
                    "</span>\n");
  }
  out += "<div class=\"ticks\">";
  for (const HtmlTick& tick : ticks) {
    absl::StrAppend(&out, "<span style=\"left:", Percent(tick.share), "\">", tick.text, "</span>");
  }
  return out + "</div>\n</div>\n</figure>\n";
}

}  // namespace

std::string HtmlDots(const ComparisonResult& result, const Summary& summary) {
  std::vector<DotRow> throughputs, tails;
  for (size_t place = 0; place < result.runs.size(); ++place) {
    const ScenarioSummary& one = summary.scenarios[place];
    const Run& shown = result.runs[place];
    // With repeats, what is not valid is not among the blocks.
    const bool is_doubtful = !result.has_repeats() && !shown.comparable();
    const std::string label = RunLabel(shown) + (is_doubtful ? " (NOT VALID)" : "");
    DotRow throughput = {label, place, {}, std::nullopt};
    DotRow tail = {label, place, {}, std::nullopt};
    for (const Run* const run : result.CountedRuns(result.runs[place].scenario.label)) {
      if (run->duration_s() <= 0) continue;
      throughput.values.push_back(run->throughput_per_s());
      const std::optional<int64_t> p99_ns =
          run->total().part(LatencyPart::kResponse).SupportedPercentile(99);
      if (p99_ns.has_value()) tail.values.push_back(static_cast<double>(*p99_ns));
    }
    if (one.throughput_per_s.count > 0) throughput.estimate = one.throughput_per_s;
    tail.estimate = one.p99_ns;
    throughputs.push_back(std::move(throughput));
    tails.push_back(std::move(tail));
  }
  const std::string pair =
      Rows("Throughput", ChartUnit::kPerSecond, throughputs) +
      Rows(fmt::format("99th percentile of the {}", WholeTimeName(result.plan)),
           ChartUnit::kNanoseconds, tails);
  if (pair.empty()) return "";
  std::string out = "<div class=\"pair\">\n" + pair + "</div>\n";
  if (result.has_repeats()) {
    out +=
        "<p class=\"remark\">Each dot is a block, the stroke their median, the bar its interval "
        "where there are enough blocks for one.</p>\n";
  }
  return out;
}

}  // namespace pgring
