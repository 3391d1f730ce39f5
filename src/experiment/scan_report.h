// Sequential scans of a run: of which tables, by which of the workload's statements, and which
// index would spare them; and foreign keys that no index serves.
//
// Asks the server once the run has ended, over the sampler's session. EXPLAIN plans a statement for
// any values of its parameters and runs nothing.
#ifndef PGRING_EXPERIMENT_SCAN_REPORT_H_
#define PGRING_EXPERIMENT_SCAN_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "diagnosis/server_samples.h"
#include "experiment/sampling_session.h"

namespace pgring {

// Fills in the findings of `samples` from its counts of the tables. `statements` are the
// workload's, with $1, $2, … for their parameters; those that cannot be explained (they use a table
// that the run makes, for instance) are passed over.
absl::Status ReportScans(SamplingSession* session, const std::vector<std::string>& statements,
                         ServerSamples* samples);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_SCAN_REPORT_H_
