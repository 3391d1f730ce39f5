// How much the blocks of a comparison agree, as a picture: for each scenario throughput and p99,
// each block a dot, with the median and its interval. Needs no script.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_HTML_DOTS_H_
#define PGRING_REPORT_HTML_DOTS_H_

#include <string>

#include "run/comparison_result.h"
#include "run/summary.h"

namespace pgring {

// Empty where no run counts.
std::string HtmlDots(const ComparisonResult& result, const Summary& summary);

}  // namespace pgring

#endif  // PGRING_REPORT_HTML_DOTS_H_
