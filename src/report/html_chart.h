// Charts of report.html: each as a picture that needs no script, with labels that keep their size
// on narrow screens and on paper, and as data for the script that draws it in its place
// (report.js).
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_HTML_CHART_H_
#define PGRING_REPORT_HTML_CHART_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "report/chart.h"

namespace pgring {

// Empty for a chart without lines.
std::string HtmlChart(const Chart& chart);

// "<svg class="swatch">…": what a line of that series looks like.
std::string HtmlSwatch(size_t series);

// The style sheet's rules for the series' colours: --c0 …, .line.c0, .band.c0, .dot.c0.
std::string HtmlSeriesColors();

// A tick of a linear or logarithmic axis and where it stands, 0..1.
struct HtmlTick {
  double share = 0;
  std::string text;
};

struct HtmlScale {
  double low = 0;
  double high = 1;  // > low
  bool logarithmic = false;

  double Share(double value) const;
};

// A scale that begins at 0 or, logarithmic, at the decade or part of it below `lowest`.
HtmlScale ScaleFor(double lowest, double highest, bool logarithmic);
std::vector<HtmlTick> TicksOf(const HtmlScale& scale, ChartUnit unit, int most);

// "4,310/s", "5.10 ms", "40".
std::string ChartFigure(ChartUnit unit, double value);

// What holds a value out of all elements: JSON in which nothing ends the element it is in.
std::string HtmlJson(const std::string& json);

}  // namespace pgring

#endif  // PGRING_REPORT_HTML_CHART_H_
