// One workload on one server, measured as often as is asked for: opened and prepared once, then any
// scenario under any load in any order, each run verified and judged.
//
// Borrows what it is given. Not thread-safe.
#ifndef PGRING_EXPERIMENT_EXPERIMENT_H_
#define PGRING_EXPERIMENT_EXPERIMENT_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiment/perf_control.h"
#include "experiment/probes.h"
#include "experiment/sampling_session.h"
#include "experiment/workloads.h"
#include "pgring/base/interrupt.h"
#include "pgring/postgres/blocking_session.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/server_messages.h"
#include "run/comparison_result.h"
#include "run/run.h"
#include "run/run_context.h"

namespace pgring {

class Fleet;
class WorkerTeam;

struct ExperimentTarget {
  ConnectionParameters parameters;
  // Of a server that is ours and on this machine: its CPU time is reported.
  std::optional<pid_t> postmaster_pid;
  bool throwaway = false;
  // Whether the server's sessions are sampled during a run.
  bool samples_server = true;
  // Around the pooler, to the server itself: for sampling alone. Nothing: `parameters`.
  std::optional<ConnectionParameters> direct;
  // Told when a measured phase begins and ends; nullptr: none is.
  PerfControl* perf = nullptr;
  // Who runs the scenarios that several workers share; nullptr: there are none.
  WorkerTeam* team = nullptr;
  // How many of them share a scenario that does not say: at most so many as it has operations in
  // flight and connections.
  int team_workers = 1;
  // Of which this process is one worker; nullptr: of none.
  Fleet* fleet = nullptr;
};

// Told of what happens while it happens: on the thread that measures, and of notes also on a thread
// of the run, one at a time.
class ExperimentObserver {
 public:
  virtual ~ExperimentObserver() = default;
  // `progress` goes on changing until the run has ended.
  virtual void OnRunStart(const ScenarioPlan& scenario,
                          std::shared_ptr<const RunProgress> progress) = 0;
  virtual void OnNote(const std::string& note) = 0;
  // Of the run that was announced last; nullptr: not wanted.
  virtual OperationLog* operation_log() { return nullptr; }
  // The same where workers write theirs: what it is called.
  virtual std::string log_name() { return ""; }
  virtual ErrorLog* error_log() { return nullptr; }
  // Whether the progress of runs is wanted with its details.
  virtual bool wants_details() const { return false; }
};

// What becomes of the workload's tables before a run.
enum class Reset : uint8_t {
  kMakeAnew,  // as the workload begins: runs are alike, and each is verified
  kKeep,      // as the last run left them; what is in them is not compared with what was done
};

class Experiment {
 public:
  // Connects, describes the server and looks for a pooler.
  static absl::StatusOr<std::unique_ptr<Experiment>> Open(PlannedWorkload workload,
                                                          const ExperimentTarget* target, IoMode io,
                                                          Interrupt* interrupt,
                                                          ExperimentObserver* observer);

  const Environment& environment() const { return environment_; }

  // Makes the scenarios fit the connections that the server allows beside others' sessions; those
  // that get fewer are told to the observer. ResourceExhausted where they were asked for.
  absl::Status FitConnections(const WorkloadPlan& workload, const LoadPlan& load,
                              std::vector<ScenarioPlan>* scenarios);

  // How many connections the server allows beside others' sessions; nothing before FitConnections,
  // behind a pooler, or where it is not known.
  std::optional<int64_t> allowed_connections() const { return allowed_connections_; }

  // Whether the server answers now; over a new connection where the last one was lost. A run would
  // wait for a server that is away.
  absl::Status CheckServer();
  // The same where `run` ended for want of something; OK, without asking, where it did not.
  absl::Status CheckServerAfter(const Run& run);

  // Whether the server is sampled in the runs that follow, where it can be; true to begin with.
  void set_sampling(bool is_on) { sampling_is_on_ = is_on; }

  // Prepares the workload for the run that is measured first: that shows whether everything is
  // permitted. After an error nothing is left behind in the database.
  absl::Status PrepareFirst();

  // Runs `operations` of them, kUnlimitedOperations where the load has a duration. Whatever goes
  // wrong is in the run: it is then not valid, and every operation that was planned is accounted
  // for. `limits` may lower the scenario's limit as the run goes on; nullptr: it stays.
  // In a fleet each worker measures its part: all of them call this for the same scenarios in the
  // same order, and the first one verifies the whole.
  Run Measure(const ScenarioPlan& given, const LoadPlan& load, int64_t operations, Reset reset,
              LimitSource* limits = nullptr);

 private:
  Experiment(PlannedWorkload workload, const ExperimentTarget* target, IoMode io,
             Interrupt* interrupt, ExperimentObserver* observer)
      : workload_(std::move(workload)),
        target_(*target),
        control_parameters_(target->parameters),
        io_(io),
        interrupt_(interrupt),
        observer_(observer) {
    control_parameters_.set_server_messages(&control_messages_);
    // The first worker of a fleet samples the sessions of all of them, and waits for their end.
    if (!is_first()) control_parameters_.Set("application_name", "pgring control");
  }

  absl::Status Connect();
  absl::Status LookForPooler();
  absl::Status PlanSampling();
  std::unique_ptr<Probe> MakeSampler(Run* run);
  absl::Status ConnectControl();
  absl::Status OpenControl();
  absl::Status ClaimOwnSchema();
  absl::Status Prepare(Reset reset, std::vector<std::string>* notes);
  absl::Status PrepareWorkload(std::vector<std::string>* notes);
  void ReleaseControl();
  Run NotStarted(const ScenarioPlan& scenario, const LoadPlan& load, int64_t operations,
                 std::string reason) const;
  // From the first connection to the end of the last operation. An error: nothing ran.
  absl::Status Drive(const ScenarioPlan& scenario, int64_t operations, LimitSource* limits,
                     Run* run);
  // Alone, or of a fleet the one that prepares and verifies.
  bool is_first() const;
  absl::Status FitHere(const WorkloadPlan& workload, const LoadPlan& load,
                       std::vector<ScenarioPlan>* scenarios);
  absl::Status FitWithFleet(std::vector<ScenarioPlan>* scenarios);
  absl::Status DriveInFleet(RunContext context, Run* run);
  void EndInFleet(Reset reset, Run* run);
  void Verify(const CommittedWork& work, Run* run);
  ScenarioPlan Shared(ScenarioPlan scenario, const LimitSource* limits) const;
  absl::Status DriveShared(const RunContext& context, Run* run);

  PlannedWorkload workload_;
  const ExperimentTarget& target_;
  // What the server says to the control connection.
  ServerMessages control_messages_;
  ConnectionParameters control_parameters_;
  const IoMode io_;
  Interrupt* const interrupt_;
  ExperimentObserver* const observer_;
  std::unique_ptr<BlockingSession> control_;
  Environment environment_;
  std::string pooler_note_;  // empty: there is no pooler
  std::optional<int64_t> allowed_connections_;
  // Connected for the first run; nullptr: the server is not sampled.
  std::unique_ptr<SamplingSession> sampling_;
  bool sampling_is_on_ = true;
  int64_t planned_operations_ = 0;  // of all workers of the run
  bool created_schema_ = false;
  bool is_prepared_ = false;
  std::vector<std::string> first_notes_;
};

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_EXPERIMENT_H_
