// Running a script costs no memory, whatever is in it: twice the operations, not one allocation
// more. libpq's own memory comes from malloc and is not counted.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runner_fixture.h"
#include "support/allocation_count.h"
#include "workload/script_workload.h"

namespace pgring {
namespace {

constexpr char kEverything[] =
    "\\set aid random(1, 100000 * :scale)\n"
    "\\set skewed random_zipfian(1, 1000, 1.2) + random_gaussian(1, 100, 3)\n"
    "\\set hashed permute(abs(hash(:aid)) % 1000, 1000) * 1.5\n"
    "BEGIN;\n"
    "SELECT :aid, :skewed, :hashed \\gset read_\n"
    "\\if :read_column > 0\n"
    "UPDATE a SET b = b + :aid WHERE c = :read_column;\n"
    "\\else\n"
    "SELECT 'not seen';\n"
    "\\endif\n"
    "\\sleep 1 ms\n"
    "END;\n";

class ScriptAllocationTest : public RunnerTest, public ::testing::WithParamInterface<QueryMode> {};

TEST_P(ScriptAllocationTest, SteadyStateAllocatesNothingPerOperation) {
  ScriptOptions options;
  options.scripts.push_back({"everything.sql", kEverything});
  options.mode = GetParam();
  options.seed = 42;
  // Longer than what a string holds within itself.
  const SimulatedRows rows = {{"4711471147114711"}};
  const auto allocations = [&](const ScenarioType* type, int64_t count) {
    NewServer();
    server_->Answer([&rows](const Statement& statement, Parameters) {
      SimulatedAnswer answer;
      // All of it within a second: the series of seconds allocates for each of them.
      answer.service_ns = kMs / 40;
      if (statement.sql.starts_with("SELECT")) answer.rows = &rows;
      return answer;
    });
    const std::vector<Operation> operations(static_cast<size_t>(count));
    auto workload = ScriptWorkload::Make(options);
    EXPECT_TRUE(workload.ok()) << workload.status();
    const ScenarioPlan scenario = Scenario(type, 20);
    const int64_t before = AllocationCount();
    const auto measured = RunWorkload(scenario, operations, workload->get());
    EXPECT_EQ(measured->recorder.succeeded(), count);
    return AllocationCount() - before;
  };
  for (const ScenarioType* type : kReactorTypes) {
    SCOPED_TRACE(type->name);
    ExpectNoAllocationPerOperation(type, allocations);
    if (IsSkipped()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(AllModes, ScriptAllocationTest,
                         ::testing::Values(QueryMode::kSimple, QueryMode::kExtended,
                                           QueryMode::kPrepared),
                         [](const ::testing::TestParamInfo<QueryMode>& mode) {
                           return std::string(QueryModeName(mode.param));
                         });

}  // namespace
}  // namespace pgring
