// One HTML file that needs no other: no network, light or dark with the reader's preference, fit
// for paper, to be read without scripts too. What its pages are made of: text that is made safe,
// tables, and the page itself, which carries uPlot for its charts (html_chart.h).
//
// Pure functions; nothing here can fail. Text of foreign origin (databases, hosts, scripts) is
// given as it is and cannot break out.
#ifndef PGRING_REPORT_HTML_PAGE_H_
#define PGRING_REPORT_HTML_PAGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "report/table.h"

namespace pgring {

// On one line, for element content and attributes.
std::string HtmlText(std::string_view text);

// Lines as they stand, in a <pre>.
std::string HtmlPreformatted(std::string_view text);

// "<p>...</p>" for each.
std::string HtmlParagraphs(const std::vector<std::string>& sentences);

// The table with its title as caption and its notes below it. It scrolls by itself where it is
// wider than the screen.
std::string RenderHtml(const Table& table);

// A part of the page that begins closed, and is open on paper.
std::string HtmlDetails(std::string_view summary, std::string_view content);

// What every chart of html_chart.h begins with: a page that has one carries the scripts.
inline constexpr std::string_view kHtmlChartStart = "<figure class=\"chart";

// The whole document, with a title (not escaped yet) and the content of its body.
std::string HtmlPage(std::string_view title, std::string_view body);

}  // namespace pgring

#endif  // PGRING_REPORT_HTML_PAGE_H_
