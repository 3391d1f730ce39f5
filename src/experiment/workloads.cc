#include "experiment/workloads.h"

#include <algorithm>
#include <utility>

#include "workload/family.h"
#include "workload/script_workload.h"

namespace pgring {
namespace {

// A run for a time goes through so many operations again and again.
constexpr int64_t kFamilyCycle = 35'000;

PlannedWorkload MakeFamily(const WorkloadPlan& plan) {
  const int64_t count = plan.operations == kUnlimitedOperations ? kFamilyCycle : plan.operations;
  PlannedWorkload planned;
  planned.workload = std::make_unique<FamilyWorkload>(plan.family_options());
  for (const Statement& statement : planned.workload->statements()) {
    planned.statements.push_back(statement.sql);
  }
  planned.operations =
      std::make_unique<OperationList>(MakeFamilyOperations(count, plan.write_ratio, plan.seed));
  return planned;
}

absl::StatusOr<PlannedWorkload> MakeScripts(const WorkloadPlan& plan, bool may_make_tables) {
  absl::StatusOr<std::unique_ptr<ScriptWorkload>> scripts =
      ScriptWorkload::Make(plan.script_options(may_make_tables));
  if (!scripts.ok()) return scripts.status();
  PlannedWorkload planned;
  planned.operations = (*scripts)->MakeOperations();
  planned.statements = (*scripts)->PlannedSql();
  planned.warnings = (*scripts)->warnings();
  planned.workload = *std::move(scripts);
  return planned;
}

}  // namespace

absl::StatusOr<PlannedWorkload> MakeWorkload(const WorkloadPlan& plan, bool may_make_tables) {
  if (plan.scripts.empty()) return MakeFamily(plan);
  return MakeScripts(plan, may_make_tables);
}

}  // namespace pgring
