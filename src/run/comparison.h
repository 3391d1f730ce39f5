// Runs the scenarios of a plan one after the other on one server: prepare, connect, measure, drain,
// verify - and collects the results.
#ifndef PGRING_RUN_COMPARISON_H_
#define PGRING_RUN_COMPARISON_H_

#include <sys/types.h>

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/base/interrupt.h"
#include "pgring/postgres/connection_parameters.h"
#include "run/measured_run.h"
#include "run/plan.h"
#include "run/run_result.h"

namespace pgring {

// Told of what happens while it happens: on the thread that runs the comparison, and of notes also
// on a thread of the run, one at a time.
class ComparisonObserver {
 public:
  virtual ~ComparisonObserver() = default;
  // The server has been reached and described; nothing has run yet.
  virtual void OnStart(const ComparisonResult& result) = 0;
  // `progress` stays until OnRunEnd.
  virtual void OnRunStart(const ScenarioPlan& scenario, const RunProgress& progress) = 0;
  virtual void OnRunEnd(const RunResult& run) = 0;
  virtual void OnNote(const std::string& note) = 0;
  // Of the run that was announced last; nullptr: not wanted.
  virtual OperationLog* operation_log() { return nullptr; }
  virtual ErrorLog* error_log() { return nullptr; }
};

struct ComparisonTarget {
  ConnectionParameters parameters;
  // Of a server that is ours and on this machine: its CPU time is reported.
  std::optional<pid_t> postmaster_pid;
  bool throwaway = false;
};

// An error means that nothing was measured, and nothing is left behind in the database. Whatever
// goes wrong later is in the result. An interrupt ends the comparison after the run in progress has
// been wound down.
absl::StatusOr<ComparisonResult> RunComparison(const ComparisonPlan& plan,
                                               const ComparisonTarget& target, Interrupt* interrupt,
                                               ComparisonObserver* observer);

}  // namespace pgring

#endif  // PGRING_RUN_COMPARISON_H_
