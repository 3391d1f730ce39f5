// latency.hlog: response times as HdrHistogram's interval log, version 1.3, which its log
// processors and plotters read. One line for each run (with repeats, of each block) and, where a
// workload has several kinds of operation, one for each kind; the tag is the scenario,
// "scenario.kind" for a kind. Times in ns, as pgring has them: readers want the ratio 1,000,000 for
// milliseconds. Source of the format: HistogramLogWriter.java of HdrHistogram 2.1.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_LATENCY_LOG_H_
#define PGRING_REPORT_LATENCY_LOG_H_

#include <string>

#include "run/comparison_result.h"

namespace pgring {

std::string LatencyLog(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_LATENCY_LOG_H_
