// A result.json read back as the comparison that it was, for showing it again. Schemas
// pgring/result/1 and /2.
//
// What a file does not hold stays unknown: the memory of the host, the samples of the server (what
// they said is there), a distribution of schema 1, of which only some percentiles were saved; see
// Recorder::keeps_distributions. Files are of any origin: nothing in them can stop the program.
#ifndef PGRING_REPORT_READ_RESULT_H_
#define PGRING_REPORT_READ_RESULT_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "report/json_read.h"
#include "report/saved_result.h"
#include "run/comparison_result.h"

namespace pgring {

// `path` names the file or the directory that it is in. NotFound; InvalidArgument, in one line,
// where it is not a result of a schema that this program knows, is cut off or contradicts itself.
absl::StatusOr<ComparisonResult> ReadComparison(const std::string& path);
absl::StatusOr<ComparisonResult> ReadComparison(const ResultFile& file);
// The same of what the file holds; messages do not name a file.
absl::StatusOr<ComparisonResult> ComparisonFromJson(const Json& json);

// Its parts. Of read_plan.cc: what was to be run, and where.
absl::StatusOr<ComparisonPlan> ReadPlan(const Json& json);
Environment ReadEnvironment(const Json& json);
// nullopt: the label begins with no type of scenario that this program knows.
std::optional<ScenarioPlan> ReadScenarioPlan(const Json& json, const std::string& label);

// Of read_figures.cc: a run's latencies, connections, costs and samples, into a run whose times and
// scenario are set.
absl::Status ReadFigures(const Json& json, Run* run);

}  // namespace pgring

#endif  // PGRING_REPORT_READ_RESULT_H_
