// Percentiles as HdrHistogram's text (".hgrm"), which its plotters read: a line for each step of a
// fifth of the distance that is left to 100 %, halved again and again; times in ms. Source of the
// format and of its steps: AbstractHistogram.java and PercentileIterator.java of HdrHistogram 2.1.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_PERCENTILE_TEXT_H_
#define PGRING_REPORT_PERCENTILE_TEXT_H_

#include <optional>
#include <string>

#include "pgring/metrics/histogram.h"
#include "run/comparison_result.h"

namespace pgring {

std::string HistogramText(const Histogram& histogram);

// Whole times of all scenarios that count and whose distributions are known, each after a comment
// with its name; of repeats all blocks together. Empty where there is none.
std::string PercentileTexts(const ComparisonResult& result);

// The whole time of the scenario's operations: of repeats those of all blocks that count. Nothing
// where only percentiles were saved, or where no operation succeeded. `run` is one of the result's.
std::optional<Histogram> WholeTimesOf(const ComparisonResult& result, const Run& run);

}  // namespace pgring

#endif  // PGRING_REPORT_PERCENTILE_TEXT_H_
