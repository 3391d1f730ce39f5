// report.html of `pgring compare` and `pgring run`: the answer with each block as a dot,
// connections and throughput over time, latencies by percentile, where the time went, which
// scenario is faster than which, costs, what to know of the runs, and what is needed to do it
// again. One file that opens without a network, see html_page.h.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_COMPARISON_HTML_H_
#define PGRING_REPORT_COMPARISON_HTML_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "report/text_report.h"
#include "run/comparison_result.h"
#include "run/summary.h"

namespace pgring {

// At most kMaxHtmlBytes for a comparison of up to 20 scenarios, however long it took.
inline constexpr size_t kMaxHtmlBytes = 1'500'000;

std::string ComparisonHtml(const ComparisonResult& result);

// Parts of it that other pages have as well: what the runs did over time, by percentile, and at
// what cost; where it was measured, as a list; the command line and the scripts.
std::string HtmlRunSections(const ComparisonResult& result, const Summary& summary);
std::string HtmlSection(std::string_view heading, const std::string& content);
std::string HtmlEntries(const std::vector<HeaderEntry>& entries);
std::string HtmlAgain(const ComparisonPlan& plan);

}  // namespace pgring

#endif  // PGRING_REPORT_COMPARISON_HTML_H_
