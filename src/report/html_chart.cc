#include "report/html_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "report/format.h"
#include "report/html_page.h"
#include "report/json_values.h"
#include "report/svg_page.h"
#include "report/timeline_columns.h"

namespace pgring {
namespace {

// The picture's own units, across and down; the page stretches it.
constexpr double kChartUnits = 1000;
constexpr double kHeadroomOfAxis = 1.04;
constexpr int kMostTimeTicks = 6;
constexpr int kMostValueTicks = 5;

std::string_view UnitName(ChartUnit unit) {
  switch (unit) {
    case ChartUnit::kCount:
      return "count";
    case ChartUnit::kPerSecond:
      return "rate";
    case ChartUnit::kNanoseconds:
      return "duration";
  }
  return "";
}

// Short, for there are thousands of them.
std::string FigureJson(double value) { return fmt::format("{:.5g}", value); }

std::string FiguresJson(const ChartValues& values) {
  std::vector<std::string> figures;
  figures.reserve(values.size());
  for (const std::optional<double>& value : values) {
    figures.push_back(value.has_value() ? FigureJson(*value) : "null");
  }
  return absl::StrCat("[", absl::StrJoin(figures, ","), "]");
}

std::string LineJson(const ChartLine& line) {
  Json json = {
      {"label", line.label}, {"color", line.series % kSvgColorCount}, {"dash", Json::array()}};
  const std::string dashes(SvgDashes(line.series));
  if (dashes != "none") {
    for (const auto part : absl::StrSplit(dashes, ' ')) {
      json["dash"].push_back(std::stod(std::string(part)));
    }
  }
  std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  text.pop_back();
  absl::StrAppend(&text, ",\"value\":", FiguresJson(line.values));
  if (!line.highs.empty()) {
    absl::StrAppend(&text, ",\"low\":", FiguresJson(line.lows),
                    ",\"high\":", FiguresJson(line.highs));
  }
  return text + "}";
}

std::string DataJson(const Chart& chart) {
  std::vector<std::string> lines;
  for (const ChartLine& line : chart.lines) lines.push_back(LineJson(line));
  return fmt::format(
      "{{\"unit\":\"{}\",\"time\":{},\"steps\":{},\"log\":{},\"end\":{},\"x\":{},\"lines\":[{}]}}",
      UnitName(chart.unit), chart.axis == ChartAxis::kSeconds, chart.steps, chart.logarithmic,
      FigureJson(chart.x_end), FiguresJson(ChartValues(chart.x.begin(), chart.x.end())),
      absl::StrJoin(lines, ","));
}

// Where the values of a chart lie in the picture.
class ChartFrame {
 public:
  ChartFrame(const Chart& chart, const HtmlScale& x, const HtmlScale& y)
      : chart_(chart), x_(x), y_(y) {}

  std::string X(double value) const { return SvgNumber(kChartUnits * x_.Share(value)); }
  std::string Y(double value) const { return SvgNumber(kChartUnits * (1 - y_.Share(value))); }

  std::string LinePath(const ChartValues& values) const {
    std::string path, last_y;
    bool is_drawing = false;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!values[i].has_value()) {
        // A point between gaps is a dot.
        is_drawing = false;
        continue;
      }
      const std::string y = Y(*values[i]);
      if (!is_drawing) {
        absl::StrAppend(&path, "M", X(chart_.x[i]), " ", y, "h0");
      } else if (!chart_.steps) {
        absl::StrAppend(&path, "L", X(chart_.x[i]), " ", y);
      } else if (y != last_y || i + 1 == values.size() || !values[i + 1].has_value()) {
        absl::StrAppend(&path, "H", X(chart_.x[i]), y == last_y ? "" : "V" + y);
      }
      is_drawing = true;
      last_y = y;
    }
    return path;
  }

  // One area for each stretch without a gap.
  std::string BandPath(const ChartLine& line) const {
    std::string path;
    for (size_t begin = 0; begin < line.highs.size();) {
      size_t end = begin;
      while (end < line.highs.size() && line.highs[end].has_value()) ++end;
      if (end > begin) path += AreaPath(line, begin, end);
      begin = end + 1;
    }
    return path;
  }

 private:
  std::string AreaPath(const ChartLine& line, size_t begin, size_t end) const {
    std::string path = absl::StrCat("M", X(chart_.x[begin]), " ", Y(*line.highs[begin]));
    for (size_t i = begin + 1; i < end; ++i) {
      path += Corner(X(chart_.x[i]), Y(*line.highs[i]), Y(*line.highs[i - 1]), false);
    }
    absl::StrAppend(&path, "V", Y(*line.lows[end - 1]));
    for (size_t i = end - 1; i > begin; --i) {
      path += Corner(X(chart_.x[i - 1]), Y(*line.lows[i - 1]), Y(*line.lows[i]), true);
    }
    return path + "Z";
  }

  // On the way back a step's value changes first.
  std::string Corner(const std::string& x, const std::string& y, const std::string& from_y,
                     bool is_back) const {
    if (!chart_.steps) return absl::StrCat("L", x, " ", y);
    const std::string down = y == from_y ? "" : "V" + y;
    return is_back ? absl::StrCat(down, "H", x) : absl::StrCat("H", x, down);
  }

  const Chart& chart_;
  const HtmlScale& x_;
  const HtmlScale& y_;
};

std::string PercentileTickText(double one_in) {
  return fmt::format("{:.8g} %", 100 - 100 / one_in);
}

std::vector<HtmlTick> AcrossTicks(const Chart& chart, const HtmlScale& x) {
  std::vector<HtmlTick> ticks;
  if (chart.axis == ChartAxis::kPercentiles) {
    for (const double one_in : {1.0, 2.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7}) {
      if (one_in <= chart.x_end * 1.01) {
        ticks.push_back({x.Share(one_in), PercentileTickText(one_in)});
      }
    }
    return ticks;
  }
  // In the unit of the longest run, as in report.txt (and in report.js).
  const TimeUnit unit = TimeUnitFor(std::llround(chart.x_end * kNanosecondsPerSecond));
  const double unit_s = unit.ns / kNanosecondsPerSecond;
  const double end = chart.x_end / unit_s;
  const double step = RoundStep(end, kMostTimeTicks);
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  for (int tick = 0; tick * step <= end; ++tick) {
    ticks.push_back({x.Share(tick * step * unit_s),
                     fmt::format("{} {}", FixedText(tick * step, decimals), unit.symbol)});
  }
  return ticks;
}

HtmlScale ValueScale(const Chart& chart) {
  double low = 0, high = 0;
  bool any = false;
  for (const ChartLine& line : chart.lines) {
    for (const ChartValues* values : {&line.values, &line.lows, &line.highs}) {
      for (const std::optional<double>& value : *values) {
        if (!value.has_value()) continue;
        low = any ? std::min(low, *value) : *value;
        high = any ? std::max(high, *value) : *value;
        any = true;
      }
    }
  }
  if (chart.unit == ChartUnit::kCount) high = std::max(high, 1.0);
  return ScaleFor(low, high, chart.logarithmic);
}

std::string Axes(const Chart& chart, const ChartFrame& frame, const std::vector<HtmlTick>& across,
                 const std::vector<HtmlTick>& up) {
  std::string grid;
  for (const HtmlTick& tick : up) {
    absl::StrAppend(&grid, "M0 ", SvgNumber(kChartUnits * (1 - tick.share)), "H1000");
  }
  for (const HtmlTick& tick : across) {
    absl::StrAppend(&grid, "M", SvgNumber(kChartUnits * tick.share), " 0V1000");
  }
  std::string bands, lines;
  for (const ChartLine& line : chart.lines) {
    const size_t color = line.series % kSvgColorCount;
    if (!line.highs.empty()) {
      bands += fmt::format("<path class=\"band c{}\" d=\"{}\"/>\n", color, frame.BandPath(line));
    }
    lines += fmt::format("<path class=\"line c{}\" stroke-dasharray=\"{}\" d=\"{}\"/>\n", color,
                         SvgDashes(line.series), frame.LinePath(line.values));
  }
  return absl::StrCat("<path class=\"grid\" d=\"", grid, "\"/>\n", bands, lines);
}

std::string Legend(const Chart& chart) {
  std::string out = "<ul class=\"legend\">\n";
  for (const ChartLine& line : chart.lines) {
    absl::StrAppend(&out, "<li>", HtmlSwatch(line.series), "<span>", HtmlText(line.label),
                    "</span><output></output></li>\n");
  }
  return out + "</ul>\n";
}

}  // namespace

double HtmlScale::Share(double value) const {
  const double share = logarithmic ? (std::log(std::max(value, low)) - std::log(low)) /
                                         (std::log(high) - std::log(low))
                                   : (value - low) / (high - low);
  return std::clamp(share, 0.0, 1.0);
}

HtmlScale ScaleFor(double lowest, double highest, bool logarithmic) {
  if (!logarithmic) return {0, highest > 0 ? highest * kHeadroomOfAxis : 1, false};
  const double low = lowest > 0 ? lowest : 1;
  const double low_decade = std::pow(10, std::floor(std::log10(low) + 1e-9));
  // The largest of 1, 2 and 5 below the lowest value, the smallest of them above the highest.
  double begin = low_decade;
  for (const double factor : {2.0, 5.0}) {
    if (factor * low_decade <= low) begin = factor * low_decade;
  }
  const double high = std::max(highest, low * 2);
  const double high_decade = std::pow(10, std::floor(std::log10(high) + 1e-9));
  double end = high_decade * 10;
  for (const double factor : {5.0, 2.0}) {
    if (factor * high_decade >= high) end = factor * high_decade;
  }
  return {begin, end, true};
}

std::vector<HtmlTick> TicksOf(const HtmlScale& scale, ChartUnit unit, int most) {
  std::vector<HtmlTick> ticks;
  const auto add = [&](double value) {
    ticks.push_back({scale.Share(value), ChartFigure(unit, value)});
  };
  if (!scale.logarithmic) {
    double step = RoundStep(scale.high, most);
    if (unit == ChartUnit::kCount) step = std::max(step, 1.0);
    for (int tick = 0; tick * step <= scale.high; ++tick) add(tick * step);
    return ticks;
  }
  const double decades = std::log10(scale.high / scale.low);
  const int first = static_cast<int>(std::floor(std::log10(scale.low) + 1e-9));
  std::vector<double> round, powers;  // 1, 2 and 5 of each decade; 1 alone
  for (int decade = first; std::pow(10, decade) <= scale.high * 1.001; ++decade) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * std::pow(10, decade);
      if (value < scale.low * 0.999 || value > scale.high * 1.001) continue;
      round.push_back(value);
      if (factor == 1) powers.push_back(value);
    }
  }
  const std::vector<double>& shown = 3 * decades <= most || powers.size() < 2 ? round : powers;
  const size_t every = std::max<size_t>(
      1, (shown.size() + static_cast<size_t>(most) - 1) / static_cast<size_t>(most));
  for (size_t i = 0; i < shown.size(); i += every) add(shown[i]);
  return ticks;
}

std::string ChartFigure(ChartUnit unit, double value) {
  // Ticks are whole mostly.
  const double whole = std::round(value);
  std::string figure = std::abs(value - whole) < 1e-9 && std::abs(whole) < 1e15
                           ? CountText(static_cast<int64_t>(whole))
                           : FigureText(value);
  switch (unit) {
    case ChartUnit::kCount:
      return figure;
    case ChartUnit::kPerSecond:
      return figure + "/s";
    case ChartUnit::kNanoseconds:
      return value == 0 ? "0" : DurationText(value);
  }
  return "";
}

std::string HtmlJson(const std::string& json) {
  return absl::StrReplaceAll(json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
}

std::string HtmlSwatch(size_t series) {
  return fmt::format(
      "<svg class=\"swatch\" viewBox=\"0 0 30 10\" aria-hidden=\"true\"><path class=\"line c{}\" "
      "stroke-dasharray=\"{}\" d=\"M0 5H30\"/></svg>",
      series % kSvgColorCount, SvgDashes(series));
}

std::string HtmlSeriesColors() {
  const auto variables = [](const auto& colors) {
    std::string out;
    for (size_t i = 0; i < colors.size(); ++i)
      absl::StrAppend(&out, "--c", i, ":", std::string(colors[i]), ";");
    return out;
  };
  std::string out = absl::StrCat(":root{", variables(kSvgLightColors),
                                 "}\n@media screen and (prefers-color-scheme:dark){:root{",
                                 variables(kSvgDarkColors), "}}\n");
  for (size_t i = 0; i < kSvgColorCount; ++i) {
    out += fmt::format(
        ".line.c{0}{{stroke:var(--c{0})}}.band.c{0},.dot.c{0},.part.p{0}{{fill:var(--c{0})}}\n", i);
  }
  return out;
}

std::string HtmlChart(const Chart& chart) {
  if (chart.empty()) return "";
  const HtmlScale x = chart.axis == ChartAxis::kSeconds ? HtmlScale{0, chart.x_end, false}
                                                        : HtmlScale{1, chart.x_end, true};
  const HtmlScale y = ValueScale(chart);
  const ChartFrame frame(chart, x, y);
  const std::vector<HtmlTick> across = AcrossTicks(chart, x);
  const std::vector<HtmlTick> up = TicksOf(y, chart.unit, kMostValueTicks);
  std::string up_labels, across_labels;
  std::string widest;
  for (const HtmlTick& tick : up) {
    up_labels += fmt::format("<span style=\"bottom:{}%\">{}</span>",
                             SvgNumber(kPercent * tick.share), tick.text);
    if (tick.text.size() > widest.size()) widest = tick.text;
  }
  for (const HtmlTick& tick : across) {
    across_labels += fmt::format("<span style=\"left:{}%\">{}</span>",
                                 SvgNumber(kPercent * tick.share), tick.text);
  }
  const std::string title = HtmlText(chart.title);
  // The invisible label makes room for the others, which stand where their values are.
  return absl::StrCat(
      std::string(kHtmlChartStart), chart.is_low ? " low" : "", "\">\n<figcaption>", title,
      " <span class=\"at remark\"></span></figcaption>\n<div class=\"frame\"><div class=\"ys\"><b>",
      widest, "</b>", up_labels,
      "</div><svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"",
      title, "\">\n", Axes(chart, frame, across, up), "</svg><div class=\"xs\">", across_labels,
      "</div></div>\n", Legend(chart),
      chart.remark.empty() ? "" : "<p class=\"remark\">" + HtmlText(chart.remark) + "</p>\n",
      "<script type=\"application/json\">", HtmlJson(DataJson(chart)), "</script>\n</figure>\n");
}

}  // namespace pgring
