// What the workers of a run shared and what each of them did: as a table, in result.json, and read
// back. Pure; nothing here can fail.
#ifndef PGRING_REPORT_WORKERS_H_
#define PGRING_REPORT_WORKERS_H_

#include <string>
#include <vector>

#include "report/json_values.h"
#include "report/table.h"
#include "run/comparison_result.h"

namespace pgring {

// "40 = 8 x 5", "42 = 2 x 6 + 6 x 5".
std::string SharesText(int whole, int workers);

// One row per run that workers shared; empty without one.
Table WorkersTable(const ComparisonResult& result);

Json WorkersJson(const std::vector<WorkerPart>& workers);
std::vector<WorkerPart> ReadWorkers(const Json& json);

}  // namespace pgring

#endif  // PGRING_REPORT_WORKERS_H_
