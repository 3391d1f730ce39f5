// Runs, plans and results as bytes for another process: exact, so that what is read may be added as
// if it had never been written. See pgring/base/archive.h.
#ifndef PGRING_RUN_RUN_ARCHIVE_H_
#define PGRING_RUN_RUN_ARCHIVE_H_

#include "pgring/base/archive.h"
#include "run/comparison_result.h"
#include "run/plan.h"
#include "run/run.h"

namespace pgring {

void Archived(Archive* archive, ScriptText* script);
void Archived(Archive* archive, WorkloadPlan* workload);
void Archived(Archive* archive, ScenarioPlan* scenario);
void Archived(Archive* archive, LoadPlan* load);
void Archived(Archive* archive, ComparisonPlan* plan);
// Without depth_over_time, which is not added. Its verdict is the reader's to make. A run that is
// written has ended.
void Archived(Archive* archive, Run* run);
void Archived(Archive* archive, ComparisonResult* result);

}  // namespace pgring

#endif  // PGRING_RUN_RUN_ARCHIVE_H_
