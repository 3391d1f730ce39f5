#include "experiment/experiment.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiment/connection_allowance.h"
#include "experiment/drive.h"
#include "experiment/environment.h"
#include "experiment/fleet.h"
#include "experiment/pooler.h"
#include "experiment/probes.h"
#include "experiment/run_verification.h"
#include "experiment/scan_report.h"
#include "experiment/server_samples_probe.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/postgres/connect_failure.h"
#include "pgring/postgres/server_messages.h"
#include "run/verdict.h"
#include "run/worker_share.h"
#include "workload/schema_ownership.h"

namespace pgring {
namespace {

// Passes on what a driver tells.
class EventRelay final : public RunEvents {
 public:
  EventRelay(std::string label, Probe* probes, ExperimentObserver* observer)
      : label_(std::move(label)), probes_(probes), observer_(observer) {}

  void OnMeasuringStarts() override { probes_->Start(); }
  void OnConnectionRefused(const absl::Status& refusal) override {
    observer_->OnNote(absl::StrCat("scenario ", label_, ": a connection was refused (",
                                   refusal.message(), "); it is tried again"));
  }

 private:
  const std::string label_;
  Probe* const probes_;
  ExperimentObserver* const observer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Experiment>> Experiment::Open(PlannedWorkload workload,
                                                             const ExperimentTarget* target,
                                                             IoMode io, Interrupt* interrupt,
                                                             ExperimentObserver* observer) {
  // Not make_unique: the constructor is private.
  std::unique_ptr<Experiment> experiment(
      new Experiment(std::move(workload), target, io, interrupt, observer));
  PGRING_RETURN_IF_ERROR(experiment->Connect());
  return experiment;
}

absl::Status Experiment::Connect() {
  for (const std::string& warning : workload_.warnings) observer_->OnNote(warning);
  environment_ = DescribeHost();
  environment_.server_is_throwaway = target_.throwaway;
  PGRING_RETURN_IF_ERROR(ConnectControl());
  PGRING_RETURN_IF_ERROR(DescribeServer(control_.get(), target_.parameters, &environment_));
  // The path of a directory that is about to go tells a reader nothing.
  if (target_.throwaway) environment_.server_address = "Unix socket";
  PGRING_RETURN_IF_ERROR(LookForPooler());
  return PlanSampling();
}

absl::Status Experiment::PlanSampling() {
  if (!target_.samples_server) return absl::OkStatus();
  if (!pooler_note_.empty() && !target_.direct.has_value()) {
    observer_->OnNote(
        "server samples: none, because the pooler shows nothing of the server's sessions and would "
        "give one of them to the sampler; --control CONNINFO names the server itself");
    return absl::OkStatus();
  }
  // As the server has it: whatever named it, and cut to what fits.
  absl::StatusOr<Result> name =
      control_->ExecuteSql("SELECT pg_catalog.current_setting('application_name')");
  if (!name.ok()) return Annotate(name.status(), "asking for the application's name");
  sampling_ = std::make_unique<SamplingSession>(target_.direct.value_or(target_.parameters),
                                                std::string(name->Text(0, 0)), interrupt_);
  return absl::OkStatus();
}

absl::Status Experiment::LookForPooler() {
  const absl::StatusOr<bool> found = IsBehindPooler(control_.get());
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  pooler_note_ =
      "a connection pooler is between pgring and the server: each transaction may run in another "
      "session of the server";
  if (workload_.workload->AvoidPreparedStatements()) {
    absl::StrAppend(&pooler_note_, ", so statements are sent unprepared (extended protocol)");
  }
  observer_->OnNote(pooler_note_);
  return absl::OkStatus();
}

bool Experiment::is_first() const { return target_.fleet == nullptr || target_.fleet->is_first(); }

absl::Status Experiment::FitConnections(const WorkloadPlan& workload, const LoadPlan& load,
                                        std::vector<ScenarioPlan>* scenarios) {
  if (is_first()) PGRING_RETURN_IF_ERROR(FitHere(workload, load, scenarios));
  return target_.fleet == nullptr ? absl::OkStatus() : FitWithFleet(scenarios);
}

absl::Status Experiment::FitHere(const WorkloadPlan& workload, const LoadPlan& load,
                                 std::vector<ScenarioPlan>* scenarios) {
  // A pooler shares the server's few connections out among many clients.
  if (!pooler_note_.empty()) return absl::OkStatus();
  int64_t most = 0;
  for (const ScenarioPlan& scenario : *scenarios) {
    most = std::max(most, scenario.ConnectionsNeeded(OperationCount(workload, load, scenario)));
  }
  const bool wants_sampler = sampling_ != nullptr && !sampling_->usable();
  absl::StatusOr<ConnectionAllowance> allowance =
      AskConnectionAllowance(control_.get(), most, wants_sampler ? 2 : 1);
  if (!allowance.ok()) {
    // A statement_timeout, for instance: the run may find out for itself.
    if (!control_->usable()) return allowance.status();
    observer_->OnNote(absl::StrCat("how many connections the server allows is not known: ",
                                   std::string(allowance.status().message())));
    return absl::OkStatus();
  }
  allowed_connections_ = allowance->connections;
  std::vector<ScenarioPlan> fitting = *scenarios;
  std::vector<std::string> notes;
  for (ScenarioPlan& scenario : fitting) {
    std::string note;
    const absl::Status fits =
        FitScenario(*allowance, OperationCount(workload, load, scenario), &scenario, &note);
    if (absl::IsResourceExhausted(fits) && wants_sampler) {
      // What was asked for goes before what is only observed.
      sampling_.reset();
      observer_->OnNote("server samples: none, because the server has no connection left for them");
      return FitHere(workload, load, scenarios);
    }
    PGRING_RETURN_IF_ERROR(fits);
    if (scenario.pool.size < scenario.workers) {
      return absl::ResourceExhaustedError(absl::StrFormat(
          "scenario %s: the server allows %d connections, and each of %d workers needs one; use "
          "fewer workers (-j), or close other sessions",
          scenario.label, scenario.pool.size, scenario.workers));
    }
    if (!note.empty()) notes.push_back(std::move(note));
  }
  for (const std::string& note : notes) observer_->OnNote(note);
  *scenarios = std::move(fitting);
  return absl::OkStatus();
}

absl::Status Experiment::PrepareFirst() {
  if (!is_first()) return absl::OkStatus();
  PGRING_RETURN_IF_ERROR(ClaimOwnSchema());
  const absl::Status prepared = PrepareWorkload(&first_notes_);
  is_prepared_ = prepared.ok() && !interrupt_->raised();
  if (is_prepared_) return absl::OkStatus();
  // Best effort: the error that is reported is the first one.
  if (created_schema_) (void)DropSchema(control_.get());
  return prepared.ok() ? absl::CancelledError("interrupted before the first run") : prepared;
}

absl::Status Experiment::ConnectControl() {
  control_ = std::make_unique<BlockingSession>(&control_parameters_, nullptr, interrupt_);
  return ExplainConnectFailure(control_->ConnectNow(), target_.parameters);
}

absl::Status Experiment::OpenControl() {
  PGRING_RETURN_IF_ERROR(ConnectControl());
  return ClaimOwnSchema();
}

absl::Status Experiment::ClaimOwnSchema() {
  if (!workload_.workload->uses_own_schema()) return absl::OkStatus();
  absl::StatusOr<bool> created =
      ClaimSchema(control_.get(), pooler_note_.empty() ? SchemaLock::kSession : SchemaLock::kNone);
  if (!created.ok()) return created.status();
  created_schema_ = created_schema_ || *created;
  return absl::OkStatus();
}

// A pooler that gives each client a session of its own would keep one for the control connection,
// and a run that needs all of them would wait for it. Prepare connects again.
void Experiment::ReleaseControl() {
  if (pooler_note_.empty() || control_ == nullptr) return;
  control_->CloseNow();
  control_.reset();
}

// A VACUUM of a table that is another role's succeeds with a warning and does nothing.
absl::Status Experiment::PrepareWorkload(std::vector<std::string>* notes) {
  control_messages_.TakeWarnings();
  const absl::Status prepared = workload_.workload->Prepare(control_.get(), notes);
  for (const std::string& warning : control_messages_.TakeWarnings()) {
    notes->push_back(absl::StrCat("while the tables were prepared the server warned: ", warning));
  }
  return prepared;
}

absl::Status Experiment::Prepare(Reset reset, std::vector<std::string>* notes) {
  if (interrupt_->raised()) return absl::CancelledError("interrupted");
  if (!is_first()) return absl::OkStatus();
  if (std::exchange(is_prepared_, false)) {
    *notes = first_notes_;
    return absl::OkStatus();
  }
  if (reset == Reset::kKeep) return absl::OkStatus();
  if (control_ == nullptr || !control_->usable()) PGRING_RETURN_IF_ERROR(OpenControl());
  absl::Status prepared = PrepareWorkload(notes);
  if (prepared.ok() || control_->usable() || interrupt_->raised()) return prepared;
  // The control connection went down with the server of the last run: once more over a new one.
  notes->clear();
  PGRING_RETURN_IF_ERROR(OpenControl());
  return PrepareWorkload(notes);
}

absl::Status Experiment::CheckServer() {
  if (control_ != nullptr && control_->usable() && control_->ExecuteSql("SELECT 1").ok()) {
    return absl::OkStatus();
  }
  const absl::Status opened = OpenControl();
  ReleaseControl();
  return opened;
}

absl::Status Experiment::CheckServerAfter(const Run& run) {
  const bool ended_early = !run.gave_up.empty() || !run.not_started.empty();
  return ended_early && !run.interrupted ? CheckServer() : absl::OkStatus();
}

Run Experiment::Measure(const ScenarioPlan& given, const LoadPlan& load, int64_t operations,
                        Reset reset, LimitSource* limits) {
  const ScenarioPlan scenario = Shared(given, limits);
  std::vector<std::string> notes;
  absl::Status prepared = Prepare(reset, &notes);
  if (target_.fleet != nullptr) {
    std::string findings = workload_.workload->Findings();
    prepared = target_.fleet->Begin(prepared, &findings);
    if (!target_.fleet->is_first()) workload_.workload->Adopt(findings);
  }
  if (!pooler_note_.empty()) notes.insert(notes.begin(), pooler_note_);
  std::string obstacle;
  if (interrupt_->raised()) {
    obstacle = "interrupted before it started";
  } else if (!prepared.ok()) {
    obstacle = absl::StrCat("could not be prepared: ", std::string(prepared.message()));
  }
  if (!obstacle.empty()) {
    Run run = NotStarted(scenario, load, operations, std::move(obstacle));
    if (target_.fleet != nullptr) EndInFleet(Reset::kKeep, &run);
    return run;
  }
  ReleaseControl();
  Run run(scenario, load, workload_.workload->kinds());
  run.remarks = std::move(notes);
  if (load.operations_per_client.has_value() && !scenario.limit.has_value()) {
    run.remarks.push_back(absl::StrFormat(
        "this scenario has no clients of its own: -t counts for each of its %d connections",
        scenario.ClientCount()));
  }
  const absl::Status ran = Drive(scenario, operations, limits, &run);
  if (!ran.ok()) run = NotStarted(scenario, load, operations, std::string(ran.message()));
  if (target_.fleet != nullptr) {
    EndInFleet(ran.ok() ? reset : Reset::kKeep, &run);
  } else if (ran.ok() && reset == Reset::kMakeAnew) {
    Verify(WorkOf(run), &run);
  }
  // An interrupt that came during the verification marks the run as well: the results must not be
  // taken for the whole of what was asked for later.
  run.interrupted = run.interrupted || interrupt_->raised();
  run.verdict = Validate(run, environment_.build);
  return run;
}

void Experiment::Verify(const CommittedWork& work, Run* run) {
  VerifyRun({target_.parameters, !pooler_note_.empty(), workload_.workload.get(), interrupt_}, work,
            run);
}

// Every operation that was planned is accounted for here too: as skipped.
Run Experiment::NotStarted(const ScenarioPlan& scenario, const LoadPlan& load, int64_t operations,
                           std::string reason) const {
  Run run(scenario, load, workload_.workload->kinds());
  WorkerShare share;
  if (target_.fleet != nullptr) share = ShareOf(scenario, load, target_.fleet->plan().rank);
  const int64_t planned = load.duration_s.has_value() ? 0 : share.CountOf(operations);
  for (int64_t number = 0; number < planned; ++number) {
    const uint8_t kind = workload_.operations->At(share.IndexOf(number)).kind;
    run.recorder.Scheduled(kind, 0);
    run.recorder.Skipped(kind, 0);
  }
  run.interrupted = interrupt_->raised();
  run.not_started = std::move(reason);
  run.verdict = Validate(run, environment_.build);
  return run;
}

// Behind a pooler the control connection is closed, and the server's sessions are the pooler's.
std::unique_ptr<Probe> Experiment::MakeSampler(Run* run) {
  if (sampling_ == nullptr || !sampling_is_on_ || !is_first()) return nullptr;
  SamplingPlan plan;
  plan.seed = run->load.arrival_seed;
  plan.behind_pooler = !pooler_note_.empty();
  plan.report_scans = [this](SamplingSession* session, ServerSamples* samples) {
    return ReportScans(session, workload_.statements, samples);
  };
  if (control_ != nullptr) {
    plan.control_pid = control_->libpq().backend_pid();
    // What preparing the tables took must not appear in the counters during the run.
    const absl::Status flushed =
        FlushCounters(control_.get(), MajorVersion(environment_.server_version));
    if (!flushed.ok()) {
      run->remarks.push_back(absl::StrCat("server samples: ", std::string(flushed.message())));
      return nullptr;
    }
  }
  return MakeServerSamplesProbe(sampling_.get(), std::move(plan));
}

absl::Status Experiment::Drive(const ScenarioPlan& scenario, int64_t operations,
                               LimitSource* limits, Run* run) {
  const bool in_fleet = target_.fleet != nullptr;
  const bool is_shared = scenario.workers > 1 && !in_fleet;
  planned_operations_ = operations;
  // A new one: displays and exporters may still read that of the run before.
  const auto progress = std::make_shared<RunProgress>();
  progress->is_detailed = observer_->wants_details();
  std::unique_ptr<Probe> sampler = MakeSampler(run);
  observer_->OnRunStart(scenario, progress);
  Probes probes;
  // The sampler stops last: it waits for the run's sessions to end.
  if (sampler != nullptr) probes.Add(std::move(sampler));
  if (target_.postmaster_pid.has_value()) {
    probes.Add(MakeServerCostProbe(*target_.postmaster_pid));
  }
  if (target_.perf != nullptr) probes.Add(MakePerfProbe(target_.perf));
  EventRelay events(scenario.label, &probes, observer_);

  RunContext context;
  context.scenario = &scenario;
  context.workload = workload_.workload.get();
  context.operations = workload_.operations.get();
  context.operation_count = operations;
  context.load = run->load;
  context.io = io_;
  context.behind_pooler = !pooler_note_.empty();
  context.events = &events;
  if (!is_shared) context.log = observer_->operation_log();
  context.errors = observer_->error_log();
  context.interrupt = interrupt_;
  context.progress = progress.get();
  context.limits = limits;
  PGRING_RETURN_IF_ERROR(is_shared  ? DriveShared(context, run)
                         : in_fleet ? DriveInFleet(context, run)
                                    : DriveHere(context, target_.parameters, run));
  probes.Stop();
  probes.Collect(run);
  return absl::OkStatus();
}

}  // namespace pgring
