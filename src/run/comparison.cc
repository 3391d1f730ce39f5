#include "run/comparison.h"

#include <poll.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/metrics/process_cost.h"
#include "pgring/postgres/connect_failure.h"
#include "pgring/postgres/connection.h"
#include "pgring/postgres/server_messages.h"
#include "pgring/uring/kernel_backend.h"
#include "run/blocking_runner.h"
#include "run/connection_allowance.h"
#include "run/environment.h"
#include "run/judgement.h"
#include "run/pooler.h"
#include "run/reactor_runner.h"
#include "run/workloads.h"
#include "workload/schema_ownership.h"

namespace pgring {
namespace {

// How long a server that went away in a run may take to come back for the verification.
constexpr int64_t kServerReturnNs = 30 * kNanosecondsPerSecond;
constexpr int64_t kServerRetryNs = 100 * kNanosecondsPerMillisecond;

// What a run costs, from when it begins to measure.
class CostMeter {
 public:
  explicit CostMeter(std::optional<pid_t> postmaster_pid) : postmaster_pid_(postmaster_pid) {
    Start();
  }

  void Start() {
    server_before_ = SampleServer();
    client_before_ = SampleProcessCost();
  }
  void Stop() {
    client_ = SampleProcessCost() - client_before_;
    server_after_ = SampleServer();
  }
  void Put(RunResult* run) const {
    run->client.user_s = client_.user_s;
    run->client.sys_s = client_.system_s;
    run->client.voluntary_switches = client_.voluntary_switches;
    run->client.involuntary_switches = client_.involuntary_switches;
    if (server_before_.has_value() && server_after_.has_value()) {
      run->server = ServerCost{server_after_->user_s - server_before_->user_s,
                               server_after_->system_s - server_before_->system_s};
    }
  }

 private:
  std::optional<TreeCost> SampleServer() const {
    return postmaster_pid_ ? SampleTreeCost(*postmaster_pid_) : std::nullopt;
  }

  const std::optional<pid_t> postmaster_pid_;
  std::optional<TreeCost> server_before_;
  std::optional<TreeCost> server_after_;
  ProcessCost client_before_;
  ProcessCost client_;
};

// Passes on what a runner tells.
class EventRelay final : public RunEvents {
 public:
  EventRelay(std::string label, CostMeter* costs, ComparisonObserver* observer)
      : label_(std::move(label)), costs_(costs), observer_(observer) {}

  void OnMeasuringStarts() override { costs_->Start(); }
  void OnConnectionRefused(const absl::Status& refusal) override {
    observer_->OnNote(absl::StrCat("scenario ", label_, ": a connection was refused (",
                                   refusal.message(), "); it is tried again"));
  }

 private:
  const std::string label_;
  CostMeter* const costs_;
  ComparisonObserver* const observer_;
};

class Comparison {
 public:
  Comparison(const ComparisonPlan& plan, const ComparisonTarget& target, Interrupt* interrupt,
             ComparisonObserver* observer)
      : target_(target), interrupt_(interrupt), observer_(observer) {
    result_.plan = plan;
  }

  absl::Status Start();
  void RunAll();
  ComparisonResult TakeResult() { return std::move(result_); }

 private:
  absl::Status LookForPooler();
  absl::Status FitConnections();
  void ReleaseControl();
  absl::Status OpenControl();
  absl::Status ChooseIoMode();
  absl::Status ClaimOwnSchema();
  absl::Status PrepareRun(std::vector<std::string>* notes);
  RunResult RunOne(const ScenarioPlan& scenario, const std::vector<std::string>& notes,
                   RunProgress* progress);
  RunResult NotStarted(const ScenarioPlan& scenario, const std::string& reason) const;
  absl::Status Measure(const ScenarioPlan& scenario, const ConnectionParameters& parameters,
                       RunProgress* progress, RunEvents* events, MeasuredRun* measured);
  void Verify(const MeasuredRun& measured, RunResult* run);
  absl::StatusOr<std::unique_ptr<BlockingSession>> ReconnectForVerification(
      const Interrupt* interrupt);

  const ComparisonTarget& target_;
  Interrupt* const interrupt_;
  ComparisonObserver* const observer_;
  std::unique_ptr<Workload> workload_;
  std::unique_ptr<OperationSource> operations_;
  std::unique_ptr<BlockingSession> control_;
  bool created_schema_ = false;
  bool is_prepared_ = false;
  std::string pooler_note_;  // empty: there is no pooler
  std::vector<std::string> first_notes_;
  ComparisonResult result_;
};

absl::Status Comparison::OpenControl() {
  control_ = std::make_unique<BlockingSession>(&target_.parameters, nullptr, interrupt_);
  PGRING_RETURN_IF_ERROR(ExplainConnectFailure(control_->ConnectNow(), target_.parameters));
  return ClaimOwnSchema();
}

absl::Status Comparison::ClaimOwnSchema() {
  if (!workload_->uses_own_schema()) return absl::OkStatus();
  absl::StatusOr<bool> created =
      ClaimSchema(control_.get(), pooler_note_.empty() ? SchemaLock::kSession : SchemaLock::kNone);
  if (!created.ok()) return created.status();
  created_schema_ = created_schema_ || *created;
  return absl::OkStatus();
}

// Decided once, so that all scenarios run in the same mode.
absl::Status Comparison::ChooseIoMode() {
  ComparisonPlan& plan = result_.plan;
  if (!UsesReactor(plan) || plan.wanted_io == IoMode::kReadiness) return absl::OkStatus();
  const absl::Status works = CheckCompletionIo();
  if (works.ok()) {
    plan.io = IoMode::kCompletion;
    return absl::OkStatus();
  }
  if (plan.wanted_io.has_value()) {
    return Annotate(works, "--io completion does not work here; use --io readiness");
  }
  plan.io_reason = std::string(works.message());
  return absl::OkStatus();
}

absl::Status Comparison::Start() {
  PGRING_RETURN_IF_ERROR(ChooseIoMode());
  absl::StatusOr<PlannedWorkload> planned = MakeWorkload(result_.plan.workload, target_.throwaway);
  if (!planned.ok()) return planned.status();
  workload_ = std::move(planned->workload);
  operations_ = std::move(planned->operations);
  for (const std::string& warning : planned->warnings) observer_->OnNote(warning);
  result_.environment = DescribeHost();
  result_.environment.server_is_throwaway = target_.throwaway;
  control_ = std::make_unique<BlockingSession>(&target_.parameters, nullptr, interrupt_);
  PGRING_RETURN_IF_ERROR(ExplainConnectFailure(control_->ConnectNow(), target_.parameters));
  PGRING_RETURN_IF_ERROR(DescribeServer(control_.get(), target_.parameters, &result_.environment));
  // The path of a directory that is about to go tells a reader nothing.
  if (target_.throwaway) result_.environment.server_address = "Unix socket";
  PGRING_RETURN_IF_ERROR(LookForPooler());
  PGRING_RETURN_IF_ERROR(FitConnections());
  PGRING_RETURN_IF_ERROR(ClaimOwnSchema());
  // The first run is prepared here: that shows whether everything is permitted before anything is
  // announced.
  const absl::Status prepared = workload_->Prepare(control_.get(), &first_notes_);
  is_prepared_ = prepared.ok() && !interrupt_->raised();
  if (is_prepared_) return absl::OkStatus();
  // Best effort: the error that is reported is the first one.
  if (created_schema_) (void)DropSchema(control_.get());
  return prepared.ok() ? absl::CancelledError("interrupted before the first run") : prepared;
}

absl::Status Comparison::LookForPooler() {
  const absl::StatusOr<bool> found = IsBehindPooler(control_.get());
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  pooler_note_ =
      "a connection pooler is between pgring and the server: each transaction may run in another "
      "session of the server";
  if (workload_->AvoidPreparedStatements()) {
    absl::StrAppend(&pooler_note_, ", so statements are sent unprepared (extended protocol)");
  }
  observer_->OnNote(pooler_note_);
  return absl::OkStatus();
}

absl::Status Comparison::FitConnections() {
  // A pooler shares the server's few connections out among many clients.
  if (!pooler_note_.empty()) return absl::OkStatus();
  int64_t most = 0;
  for (const ScenarioPlan& scenario : result_.plan.scenarios) {
    most = std::max(most, scenario.ConnectionsNeeded(result_.plan.OperationsOf(scenario)));
  }
  absl::StatusOr<ConnectionAllowance> allowance = AskConnectionAllowance(control_.get(), most);
  if (!allowance.ok()) {
    // A statement_timeout, for instance: the run may find out for itself.
    if (!control_->usable()) return allowance.status();
    observer_->OnNote(absl::StrCat("how many connections the server allows is not known: ",
                                   std::string(allowance.status().message())));
    return absl::OkStatus();
  }
  for (ScenarioPlan& scenario : result_.plan.scenarios) {
    std::string note;
    PGRING_RETURN_IF_ERROR(
        FitScenario(*allowance, result_.plan.OperationsOf(scenario), &scenario, &note));
    if (!note.empty()) observer_->OnNote(note);
  }
  return absl::OkStatus();
}

// A pooler that gives each client a session of its own would keep one for the control connection,
// and a run that needs all of them would wait for it. PrepareRun connects again.
void Comparison::ReleaseControl() {
  if (pooler_note_.empty() || control_ == nullptr) return;
  control_->CloseNow();
  control_.reset();
}

void Comparison::RunAll() {
  observer_->OnStart(result_);
  for (const ScenarioPlan& scenario : result_.plan.scenarios) {
    std::vector<std::string> notes;
    const absl::Status prepared =
        interrupt_->raised() ? absl::CancelledError("interrupted") : PrepareRun(&notes);
    if (!pooler_note_.empty()) notes.insert(notes.begin(), pooler_note_);
    const bool starts = prepared.ok() && !interrupt_->raised();
    const std::string why_not =
        interrupt_->raised()
            ? "interrupted before it started"
            : absl::StrCat("could not be prepared: ", std::string(prepared.message()));
    // Read by the observer until OnRunEnd.
    RunProgress progress;
    result_.runs.push_back(starts ? RunOne(scenario, notes, &progress)
                                  : NotStarted(scenario, why_not));
    observer_->OnRunEnd(result_.runs.back());
    if (!starts || interrupt_->raised()) break;
    const bool aborted = result_.runs.back().aborted_clients > 0;
    if (aborted && result_.plan.load.exit_on_abort) break;
  }
  result_.interrupted = interrupt_->raised();
}

// Every operation that was planned is accounted for here too: as skipped.
RunResult Comparison::NotStarted(const ScenarioPlan& scenario, const std::string& reason) const {
  MeasuredRun measured(workload_->kinds().size());
  measured.io_mode = result_.plan.io;
  const bool has_list = !result_.plan.load.duration_s.has_value();
  const int64_t planned = has_list ? result_.plan.OperationsOf(scenario) : 0;
  for (int64_t index = 0; index < planned; ++index) {
    const uint8_t kind = operations_->At(index).kind;
    measured.recorder.Scheduled(kind, 0);
    measured.recorder.Skipped(kind, 0);
  }
  RunResult run = MakeRunResult(scenario, workload_->kinds(), measured);
  run.interrupted = interrupt_->raised();
  run.reasons.push_back(reason);
  return run;
}

absl::Status Comparison::PrepareRun(std::vector<std::string>* notes) {
  if (std::exchange(is_prepared_, false)) {
    *notes = first_notes_;
    return absl::OkStatus();
  }
  if (control_ == nullptr || !control_->usable()) PGRING_RETURN_IF_ERROR(OpenControl());
  absl::Status prepared = workload_->Prepare(control_.get(), notes);
  if (prepared.ok() || control_->usable() || interrupt_->raised()) return prepared;
  // The control connection went down with the server of the last run: once more over a new one.
  notes->clear();
  PGRING_RETURN_IF_ERROR(OpenControl());
  return workload_->Prepare(control_.get(), notes);
}

RunResult Comparison::RunOne(const ScenarioPlan& scenario, const std::vector<std::string>& notes,
                             RunProgress* progress) {
  ReleaseControl();
  MeasuredRun measured(workload_->kinds().size());
  observer_->OnRunStart(scenario, *progress);
  // Memory first: the reset makes this run's peak its own.
  const bool peak_is_ours = ResetPeakMemory();
  CostMeter costs(target_.postmaster_pid);
  EventRelay events(scenario.label, &costs, observer_);
  ErrorLog* errors = observer_->error_log();
  ServerMessages messages([errors](std::string_view text) {
    if (errors != nullptr) errors->OnServerMessage(text);
  });
  ConnectionParameters parameters = target_.parameters;
  parameters.set_server_messages(&messages);
  const absl::Status ran = Measure(scenario, parameters, progress, &events, &measured);
  costs.Stop();
  progress->ended_ns.store(SteadyClock::Get()->NowNs(), std::memory_order_relaxed);

  RunResult run = MakeRunResult(scenario, workload_->kinds(), measured);
  costs.Put(&run);
  run.server_messages = messages.counts();
  run.commands = workload_->command_figures();
  if (peak_is_ours) run.client.max_rss_bytes = PeakMemoryBytes();
  run.warnings = notes;
  if (result_.plan.load.operations_per_client.has_value() && !scenario.limit.has_value()) {
    run.warnings.push_back(absl::StrFormat(
        "this scenario has no clients of its own: -t counts for each of its %d connections",
        scenario.ClientCount()));
  }
  if (!ran.ok()) return NotStarted(scenario, std::string(ran.message()));
  Verify(measured, &run);
  // An interrupt that came during the verification marks the run as well: the results must not be
  // taken for the whole comparison later.
  measured.interrupted = run.interrupted = measured.interrupted || interrupt_->raised();
  Judge(measured, result_.environment.build, result_.plan.load, &run);
  return run;
}

namespace {

uint32_t PowerOfTwo(int64_t at_least, uint32_t lowest, uint32_t highest) {
  return std::bit_ceil(static_cast<uint32_t>(std::clamp<int64_t>(at_least, lowest, highest)));
}

KernelBackendOptions BackendOptionsFor(int64_t connections, IoMode io_mode) {
  KernelBackendOptions options;
  options.submission_entries =
      PowerOfTwo(connections * 4, options.submission_entries, kMaxSubmissionEntries);
  if (io_mode == IoMode::kCompletion) {
    // One for each answer that may come at once; a few for a large one.
    options.receive_buffers = PowerOfTwo(connections, 16, kMaxReceiveBuffers);
    options.may_block = true;
  }
  return options;
}

}  // namespace

absl::Status Comparison::Measure(const ScenarioPlan& scenario,
                                 const ConnectionParameters& parameters, RunProgress* progress,
                                 RunEvents* events, MeasuredRun* measured) {
  RunContext context;
  context.scenario = &scenario;
  context.parameters = &parameters;
  context.workload = workload_.get();
  context.operations = operations_.get();
  context.operation_count = result_.plan.OperationsOf(scenario);
  context.load = result_.plan.load;
  context.behind_pooler = !pooler_note_.empty();
  context.events = events;
  context.log = observer_->operation_log();
  context.errors = observer_->error_log();
  context.interrupt = interrupt_;
  context.progress = progress;
  if (DriverOf(scenario.kind) == Driver::kBlocking) {
    RunBlocking(context, measured);
    return absl::OkStatus();
  }
  const int64_t connections = scenario.ConnectionsNeeded(context.operation_count);
  absl::StatusOr<std::unique_ptr<Backend>> backend =
      CreateKernelBackend(BackendOptionsFor(connections, result_.plan.io));
  if (!backend.ok()) return backend.status();
  measured->io_mode = result_.plan.io;
  Reactor reactor(std::move(*backend));
  Canceller canceller;
  ConnectionFactory factory(&reactor, &parameters, &workload_->statements(), &canceller,
                            result_.plan.io,
                            context.scenario->pipeline ? Pipelining::kOn : Pipelining::kOff);
  RunOnReactor(context, &reactor, &factory, measured);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<BlockingSession>> Comparison::ReconnectForVerification(
    const Interrupt* interrupt) {
  const int64_t give_up_ns = SteadyClock::Get()->NowNs() + kServerReturnNs;
  for (;;) {
    auto session = std::make_unique<BlockingSession>(&target_.parameters, nullptr, interrupt);
    absl::Status connected = session->ConnectNow();
    // The setting would stay in the pooler's session, for other clients.
    if (connected.ok() && pooler_note_.empty()) {
      connected = session->ExecuteSql("SET statement_timeout = '60s'").status();
    }
    if (connected.ok()) return session;
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    const bool interrupted =
        interrupt->raised() &&
        now_ns >= interrupt->raised_at_ns() + Interrupt::kDrainNs + Interrupt::kCancelNs;
    if (now_ns >= give_up_ns || interrupted || absl::IsUnauthenticated(connected)) {
      return Annotate(connected, "connecting for the verification");
    }
    poll(nullptr, 0, static_cast<int>(kServerRetryNs / kNanosecondsPerMillisecond));
  }
}

void Comparison::Verify(const MeasuredRun& measured, RunResult* run) {
  CommittedWork work;
  work.succeeded = measured.succeeded_by_kind;
  work.unconfirmed_commits =
      measured.tally.unconfirmed_commits + measured.warmup_tally.unconfirmed_commits;
  // An interrupted run is verified too, and that may take as long again as an interrupt allows.
  Interrupt late;
  const bool is_late = interrupt_->raised();
  if (is_late) late.Raise(interrupt_->signal_number());
  auto session = ReconnectForVerification(is_late ? &late : interrupt_);
  if (!session.ok()) {
    run->reasons.push_back(
        absl::StrCat("could not be verified: ", std::string(session.status().message())));
    return;
  }
  for (std::string& observation : workload_->Observations(session->get(), work)) {
    run->warnings.push_back(std::move(observation));
  }
  absl::StatusOr<std::optional<Verification>> verification =
      workload_->Verify(session->get(), work);
  if (verification.ok()) {
    run->verification = *verification;
  } else {
    run->reasons.push_back(
        absl::StrCat("could not be verified: ", std::string(verification.status().message())));
  }
  (*session)->CloseNow();
}

}  // namespace

absl::StatusOr<ComparisonResult> RunComparison(const ComparisonPlan& plan,
                                               const ComparisonTarget& target, Interrupt* interrupt,
                                               ComparisonObserver* observer) {
  Comparison comparison(plan, target, interrupt, observer);
  PGRING_RETURN_IF_ERROR(comparison.Start());
  comparison.RunAll();
  return comparison.TakeResult();
}

}  // namespace pgring
