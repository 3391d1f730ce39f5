// The picture of a comparison whose scenarios differ in their limit alone: throughput and p99 over
// the limit, in place of as many flat lines over time.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_LIMITS_PICTURE_H_
#define PGRING_REPORT_LIMITS_PICTURE_H_

#include <optional>
#include <string>

#include "report/knee_picture.h"
#include "report/text_style.h"
#include "run/comparison_result.h"

namespace pgring {

// Nothing where scenarios differ in something else, or where fewer than two limits were run. A
// run's pool may be as large as its limit, or all pools have the same size.
std::optional<KneePicture> LimitsPicture(const ComparisonResult& result);

// What the report shows of the comparison: over the limit where that is what differs, else
// connections over time.
std::string ComparisonGraph(const ComparisonResult& result, const TextStyle& style);
std::string ComparisonSvg(const ComparisonResult& result);
// The name of the file that ComparisonSvg belongs into: "limits.svg" or "connections.svg".
const char* ComparisonSvgName(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_LIMITS_PICTURE_H_
