// The fully resolved, immutable description of a comparison: what is run, in which way, against
// what. Options become a plan once; runners and reports only read it. Plain data; nothing here can
// fail.
#ifndef PGRING_RUN_PLAN_H_
#define PGRING_RUN_PLAN_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgring/postgres/io_mode.h"
#include "run/load_plan.h"
#include "run/scenario_type.h"
#include "workload/family_options.h"
#include "workload/script_options.h"

namespace pgring {

std::string_view IoModeName(IoMode mode);  // "readiness", "completion", "ring"

// SQLAlchemy's QueuePool in our words.
struct PoolPlan {
  int size = 0;
  int max_overflow = 0;
  double timeout_s = 0;  // 0 waits for ever

  friend bool operator==(const PoolPlan& left, const PoolPlan& right) = default;
};

struct ScenarioPlan {
  const ScenarioType* type = nullptr;
  // As the user wrote it ("chunked:10"), unique within a comparison: how reports name the run.
  std::string label;
  // Operations in flight at once; nothing where the type has no limit.
  std::optional<int> limit;
  PoolPlan pool;
  // Statements that need no answer leave with the next one. Never where the driver is blocking.
  bool pipeline = false;
  // The user asked for this many connections; a default gives way to what the server allows.
  bool connections_given = false;
  // Processes that share its operations, limit and connections: see worker_share.h.
  int workers = 1;

  // How many connections this scenario may hold at once in a run of `operations`.
  int64_t ConnectionsNeeded(int64_t operations) const;

  // Everything but the label is the same.
  bool IsLike(const ScenarioPlan& other) const;

  // How many clients run operations side by side: one for each place of the limit, or, without a
  // limit, one for each connection.
  int ClientCount() const { return limit.value_or(pool.size + pool.max_overflow); }
};

inline constexpr int64_t kMaxOperations = 10'000'000;

// Of a run that a duration ends.
inline constexpr int64_t kUnlimitedOperations = std::numeric_limits<int64_t>::max();

struct WorkloadPlan {
  std::string name = "family";
  int64_t operations = 35'000;
  double write_ratio = 0.5;
  uint64_t seed = 42;
  StatementStyle statements = StatementStyle::kBatched;
  bool fk_index = false;
  bool print_rows = false;

  // None: the built-in workload.
  std::vector<ScriptText> scripts;
  std::optional<QueryMode> mode;  // as given with -M
  std::vector<std::pair<std::string, std::string>> variables;
  std::optional<int64_t> scale;
  bool vacuum = true;
  bool vacuum_all = false;
  bool record_commands = false;
  bool continue_on_error = false;

  QueryMode ModeOf(const ScriptText& script) const { return mode.value_or(script.default_mode); }
  FamilyOptions family_options() const { return {statements, fk_index, print_rows}; }
  ScriptOptions script_options(bool may_make_tables) const {
    return {.scripts = scripts,
            .mode = mode,
            .variables = variables,
            .seed = seed,
            .scale = scale,
            .vacuum = vacuum,
            .vacuum_all = vacuum_all,
            .record_commands = record_commands,
            .continue_on_error = continue_on_error,
            .may_make_tables = may_make_tables};
  }
};

// The protocol of all scripts, where they have one and the same.
std::optional<QueryMode> CommonQueryMode(const WorkloadPlan& workload);

struct TargetPlan {
  bool throwaway = false;
  // What the user gave, without any password; for display.
  std::string description;
};

// How often every scenario is run.
struct RepeatPlan {
  int blocks = 1;
  // Blocks until the ratios are known to within so many percent, at most max_blocks; without it
  // there are `blocks`.
  std::optional<double> until_percent;
  int max_blocks = 20;

  bool repeats() const { return blocks > 1 || until_percent.has_value(); }
};

// A run that is kept takes some 3 MiB, most of it histograms.
inline constexpr int kMaxBlocks = 100;

struct ComparisonPlan {
  // The command line that asked for it, without passwords.
  std::vector<std::string> arguments;
  WorkloadPlan workload;
  LoadPlan load;
  RepeatPlan repeat;
  TargetPlan target;
  // Nothing: completion where it works, else readiness.
  std::optional<IoMode> wanted_io;
  IoMode io = IoMode::kReadiness;
  std::string io_reason;  // why it is not completion, where it was not asked for
  std::vector<ScenarioPlan> scenarios;
};

// How many operations a run of `scenario` has, kUnlimitedOperations where a duration ends it.
int64_t OperationCount(const WorkloadPlan& workload, const LoadPlan& load,
                       const ScenarioPlan& scenario);

// Whether any scenario runs on the reactor, and so needs io_uring.
bool UsesReactor(const ComparisonPlan& plan);

}  // namespace pgring

#endif  // PGRING_RUN_PLAN_H_
