// How figures and texts look in everything that people read: the table, the terminal graph and the
// SVG. Independent of the locale; an unknown or non-finite figure is "-", so that no reader takes
// it for a zero. Pure functions; nothing here can fail.
#ifndef PGRING_REPORT_FORMAT_H_
#define PGRING_REPORT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run/comparison_result.h"

namespace pgring {

inline constexpr std::string_view kUnknownFigure = "-";
inline constexpr double kPercent = 100;

// "35,000".
std::string CountText(int64_t count);

// `decimals` digits after the point, with thousands separators before it.
std::string FixedText(std::optional<double> value, int decimals);

// At least three significant digits and no more decimals than they need: "1,048", "40.6", "4.06".
std::string FigureText(std::optional<double> value);

// A duration in us, ms or s with three significant digits: "2.31 ms".
std::string DurationText(std::optional<double> nanoseconds);

// A size in KiB, MiB or GiB with three significant digits: "33.7 MiB".
std::string BytesText(std::optional<int64_t> bytes);

// Decimals (0..6) that show the smallest positive one of `values` with three significant digits, so
// that a whole column can share one precision. 2 when there is no positive value.
int ColumnDecimals(const std::vector<double>& values);

// Makes text of foreign origin (labels, server messages, processor names) safe to print on one
// line: newlines and tabs become spaces, other control characters and invalid UTF-8 are escaped
// (EscapeControls), and everything outside ASCII becomes '?' unless `unicode`.
std::string PrintableText(std::string_view text, bool unicode);

// Columns that `text` takes on a terminal: code points, ANSI colour sequences not counted.
size_t DisplayWidth(std::string_view text);

// Breaks `text` at spaces into lines of at most `width` columns, all but the first indented by
// `indent`. A longer word stays whole, so that paths can be copied. Ends with a newline.
std::string WrapText(std::string_view text, int width, int indent);

// How reports name the run; never empty.
std::string RunLabel(const Run& run);
std::string ScenarioLabel(const ScenarioPlan& scenario);

// Whether the run's figures may be compared with others: an interrupted run never may.
inline bool RunIsComparable(const Run& run) { return run.valid() && !run.interrupted; }

// "batched statements, no index on b.a_id" and what else makes the workload the same or another.
std::string WorkloadText(const ComparisonPlan& plan);
// What the time axis of a graph begins with: "since the start of each run".
std::string_view TimeOriginText(const ComparisonPlan& plan);
// "PostgreSQL 15.20, throwaway, Unix socket /tmp/x".
std::string ServerText(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_FORMAT_H_
