// result.json: everything that a comparison found, for other programs. Times and latencies are in
// the unit that their key names; a figure that is unknown, or that the sample is too small to
// support, is null and never 0.
//
// Schema "pgring/result/2", in full in tests/golden/result-2.schema.json. The keys are a contract:
// adding, renaming or dropping one is a new schema number.
#ifndef PGRING_REPORT_JSON_REPORT_H_
#define PGRING_REPORT_JSON_REPORT_H_

#include <string>

#include "run/comparison_result.h"

namespace pgring {

inline constexpr char kResultSchema[] = "pgring/result/2";

// Valid JSON in UTF-8 (invalid bytes in texts are replaced), indented by two spaces, arrays of
// figures on one line, a newline at the end. Timelines are thinned to kMaxReportedSteps. Cannot
// fail.
std::string JsonReport(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_JSON_REPORT_H_
