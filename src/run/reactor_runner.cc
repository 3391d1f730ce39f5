#include "run/reactor_runner.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/run.h"
#include "pgring/coro/task_group.h"
#include "run/client_slots.h"
#include "run/connection_opener.h"
#include "run/limiter.h"
#include "run/operation_sink.h"
#include "run/run_schedule.h"
#include "run/run_watch.h"

namespace pgring {
namespace {

// Of an open loop or a duration without a limiter: the cap on queued operations.
constexpr int kMaxOperationsInSystem = 100'000;

class ReactorRun {
 public:
  ReactorRun(const RunContext& context, Reactor* reactor, SessionFactory* factory,
             MeasuredRun* measured)
      : context_(context),
        reactor_(reactor),
        measured_(measured),
        unbounded_(LimiterOf(context.scenario->kind) == LimiterKind::kUnbounded),
        schedule_(context),
        sink_(context, measured),
        limiter_(MakeLimiter(context, reactor->ready())),
        pool_(reactor, PoolOptionsOf(context), factory, &measured->timeline, &measured->connect_ns),
        // Without a limit an operation belongs to the client of the connection that it gets, so
        // that no client can have a number of operations of its own.
        clients_(context.workload, context.scenario->ClientCount(),
                 unbounded_ ? std::nullopt : context.load.operations_per_client),
        keeps_connections_(context.workload->uses_session_state() && !unbounded_ &&
                           !context.load.connect_each &&
                           context.scenario->ClientCount() <= ConnectionCount(*context.scenario)),
        stop_(reactor->ready()),
        waits_end_(reactor->ready()),
        warmup_waits_end_(reactor->ready()),
        operations_ended_(reactor->ready()),
        operations_(reactor->ready()),
        timers_(reactor->ready()),
        opener_(reactor, &pool_),
        watch_(reactor, &pool_, context.interrupt) {
    pool_.set_on_refused([this](const absl::Status& refusal) { OnRefused(refusal); });
  }

  Task<void> Main() {
    watch_.WatchInterrupt([this] { OnInterrupt(); }, [this] { OnRingFailed(); });
    if (measured_->io_mode == IoMode::kCompletion) watch_.WatchWaits();
    if (context_.load.connect_before) {
      co_await ConnectAhead();
    }
    StartClock();
    if (schedule_.open_loop()) {
      co_await AdmitOnSchedule();
    } else {
      co_await AdmitInTurn();
    }
    co_await operations_.Join();
    measured_->ended_ns = Now();
    // The warm-up had not ended when the run was stopped: nothing was measured.
    if (!sink_.measuring()) StartMeasuring(measured_->ended_ns);
    measured_->timeline.Finish(measured_->ended_ns);
    measured_->connections = pool_.counters();
    NoteRing();
    clients_.ReleaseConnections();
    SkipTheRest();
    measured_->rescued_waits = watch_.rescued_waits();
    operations_ended_.RequestStop();
    watch_.Stop();
    co_await watch_.Join();
    co_await timers_.Join();
    co_await pool_.Close();
    measured_->bytes_per_connection = pool_.bytes_per_connection();
  }

 private:
  // Behind a pooler idle connections are closed when operations are in flight and for so long, or
  // twice as long, none has ended.
  static constexpr int64_t kNothingEndsNs = 100 * kNanosecondsPerMillisecond;

  static PoolOptions PoolOptionsOf(const RunContext& context) {
    const ScenarioPlan& scenario = *context.scenario;
    PoolOptions options;
    options.reuses_connections = !context.load.connect_each;
    options.size = scenario.pool.size;
    options.max_overflow = scenario.pool.max_overflow;
    options.timeout_ns = static_cast<int64_t>(scenario.pool.timeout_s * kNanosecondsPerSecond);
    return options;
  }

  static int ConnectionCount(const ScenarioPlan& scenario) {
    return scenario.pool.size + scenario.pool.max_overflow;
  }

  // A schedule goes on whatever happens, and a duration may be long, so what they start without a
  // limit must have one after all.
  static Limiter MakeLimiter(const RunContext& context, ReadyQueue* ready) {
    const LimiterKind kind = LimiterOf(context.scenario->kind);
    const bool endless = context.load.open_loop() || context.load.duration_s.has_value();
    if (kind == LimiterKind::kUnbounded && endless) {
      return Limiter(ready, LimiterKind::kWindow, kMaxOperationsInSystem);
    }
    return Limiter(ready, kind, context.scenario->limit);
  }

  int64_t Now() const { return reactor_->clock().NowNs(); }

  // Opens the connections that the run will use, before its clock starts. The run goes on with
  // those that could be had; without any it is given up.
  Task<void> ConnectAhead() {
    const int64_t began_ns = Now();
    int64_t wanted = context_.scenario->ConnectionsNeeded(context_.operation_count);
    // Overflow connections would be closed on their return; clients keep theirs.
    if (!keeps_connections_) wanted = std::min<int64_t>(wanted, context_.scenario->pool.size);
    if (context_.operation_count == 0) wanted = 0;
    std::vector<Lease> leases = co_await opener_.Open(wanted);
    const int64_t now_ns = Now();
    measured_->wanted_before = wanted;
    measured_->opened_before = static_cast<int64_t>(leases.size());
    measured_->connecting_ns = now_ns - began_ns;
    if (!opener_.failure().ok()) measured_->connect_failure = opener_.failure();
    if (leases.empty() && wanted > 0 && !stop_.stop_requested()) {
      GiveUp(absl::StrCat("no connection could be opened: ", measured_->connect_failure.message()));
    }
    size_t number = 0;
    for (Lease& lease : leases) {
      if (keeps_connections_) KeepConnection(clients_.at(number++), now_ns, &lease);
    }
  }

  void OnRefused(const absl::Status& refusal) {
    opener_.OnRefused();
    const bool is_first = measured_->connect_failure.ok();
    measured_->connect_failure = refusal;
    if (is_first && context_.events != nullptr) context_.events->OnConnectionRefused(refusal);
  }

  void OnInterrupt() {
    measured_->interrupted = true;
    Stop();
  }

  // What was in flight has ended with an error; nothing more is begun.
  void OnRingFailed() {
    GiveUp(absl::StrCat(std::string(reactor_->failure().message()),
                        "; the scenarios sync and threads do without io_uring"));
  }

  void StartClock() {
    const int64_t now_ns = Now();
    schedule_.Start(now_ns);
    sink_.StartClock(schedule_.measuring_from_ns(), schedule_.end_ns());
    if (schedule_.has_warmup()) {
      timers_.Spawn(EndWarmup());
    } else {
      StartMeasuring(now_ns);
      if (context_.load.connect_before) measured_->timeline.StartAgain(now_ns);
    }
    if (schedule_.end_ns() != RunSchedule::kNever) timers_.Spawn(EndWaits());
    if (context_.behind_pooler) timers_.Spawn(CloseIdleWhenNothingEnds());
    if (context_.load.ramp_s <= 0) return;
    const StopToken ended(&operations_ended_);
    const int64_t full_ns =
        now_ns + static_cast<int64_t>(context_.load.ramp_s * kNanosecondsPerSecond);
    timers_.Spawn(unbounded_ ? pool_.Ramp(full_ns, ended)
                             : limiter_.Ramp(reactor_, full_ns, ended));
  }

  // A closed loop: an operation exists from when it is admitted, so that there are never more of
  // them than the limit.
  Task<void> AdmitInTurn() {
    while (schedule_.HasNext(Now()) && !stop_.stop_requested()) {
      Permit permit = co_await limiter_.Admit();
      OperationStamps stamps;
      stamps.scheduled_ns = stamps.admitted_ns = Now();
      // The time was up, or the run was stopped, before there was room.
      if (stop_.stop_requested() || stamps.admitted_ns >= schedule_.end_ns()) break;
      Start(schedule_.Take(stamps.scheduled_ns), stamps, std::move(permit));
      if (unbounded_) {
        co_await Yield(reactor_);
      }
    }
  }

  // An open loop: operations are scheduled whether there is room for them or not.
  Task<void> AdmitOnSchedule() {
    const StopToken stop(&stop_);
    while (schedule_.HasNext(Now()) && !stop_.stop_requested()) {
      OperationStamps stamps;
      stamps.scheduled_ns = schedule_.NextDueNs();
      if (stamps.scheduled_ns >= schedule_.end_ns()) break;
      if (stamps.scheduled_ns > Now()) {
        co_await SleepUntil(reactor_, stamps.scheduled_ns, stop);
      }
      if (stop_.stop_requested()) break;
      std::optional<SkipReason> skip = sink_.ReasonToSkip(stamps.scheduled_ns, Now());
      Permit permit;
      if (!skip.has_value()) {
        permit = co_await limiter_.Admit();
        stamps.admitted_ns = unbounded_ ? stamps.scheduled_ns : Now();
        skip = sink_.ReasonToSkip(stamps.scheduled_ns, Now());
      }
      const Operation operation = schedule_.Take(stamps.scheduled_ns);
      if (stop_.stop_requested()) skip = SkipReason::kStopped;
      if (skip.has_value()) {
        Skip(operation, *skip, stamps.scheduled_ns);
      } else {
        Start(operation, stamps, std::move(permit));
        if (unbounded_) {
          co_await Yield(reactor_);
        }
      }
    }
  }

  void Start(const Operation& operation, const OperationStamps& stamps, Permit permit) {
    sink_.Scheduled(operation, stamps.scheduled_ns);
    operations_.Spawn(RunOperation(operation, stamps, std::move(permit)));
  }

  void Skip(const Operation& operation, SkipReason reason, int64_t scheduled_ns) {
    sink_.Scheduled(operation, scheduled_ns);
    sink_.Skipped(operation, reason, scheduled_ns, Now());
  }

  Task<void> EndWarmup() {
    const StopToken ended(&operations_ended_);
    const int64_t from_ns = schedule_.measuring_from_ns();
    const bool reached = co_await SleepUntil(reactor_, from_ns, ended);
    if (!reached) co_return;
    const int64_t now_ns = Now();
    StartMeasuring(now_ns);
    measured_->timeline.StartAgain(now_ns);
    // Without a limit the warm-up's queue would take the connections for all of the measured phase.
    // A schedule's backlog is part of its load and stays.
    if (!schedule_.open_loop()) warmup_waits_end_.RequestStop();
  }

  // What waits for a connection when the time is up is not begun.
  Task<void> EndWaits() {
    const StopToken ended(&operations_ended_);
    const int64_t end_ns = schedule_.end_ns();
    const bool reached = co_await SleepUntil(reactor_, end_ns, ended);
    if (!reached) co_return;
    warmup_waits_end_.RequestStop();
    waits_end_.RequestStop();
  }

  // Operations may wait for what idle connections hold: a pooler that gives each client a session
  // of its own lets the next one begin when another's connection is closed. So idle connections are
  // closed when operations are in flight and none has ended for a while; they are opened again when
  // they are needed.
  Task<void> CloseIdleWhenNothingEnds() {
    const StopToken ended(&operations_ended_);
    int64_t ended_before = -1;
    for (;;) {
      const int64_t then_ns = Now() + kNothingEndsNs;
      const bool reached = co_await SleepUntil(reactor_, then_ns, ended);
      if (!reached) co_return;
      if (operations_ended_count_ == ended_before && operations_.running() > 0) {
        clients_.ReleaseConnections();
        pool_.CloseIdle();
      }
      ended_before = operations_ended_count_;
    }
  }

  void StartMeasuring(int64_t now_ns) {
    sink_.StartMeasuring(now_ns);
    pool_.StartMeasuring();
    ring_before_ = reactor_->backend().stats();
  }

  void NoteRing() {
    const BackendStats now = reactor_->backend().stats();
    measured_->ring = BackendStats{
        now.enters - ring_before_.enters, now.submissions - ring_before_.submissions,
        now.completions - ring_before_.completions, now.overflows - ring_before_.overflows};
  }

  Task<void> RunOperation(Operation operation, OperationStamps stamps, Permit permit) {
    ClientSlot* client = unbounded_ ? nullptr : clients_.Take();
    Lease lease;
    bool waited = false;
    if (client != nullptr && client->lease.held()) {
      lease = std::move(client->lease);
    } else {
      waited = !pool_.has_idle();
      const bool in_warmup = stamps.scheduled_ns < schedule_.measuring_from_ns();
      const StopToken waits_end(in_warmup ? &warmup_waits_end_ : &waits_end_);
      auto acquired = co_await pool_.Acquire(waits_end);
      if (!acquired.ok()) {
        stamps.leased_ns = stamps.finished_ns = Now();
        OnNoConnection(operation, stamps, acquired.status(), client);
        EndTurn(client, &lease, &permit);
        co_return;
      }
      lease = std::move(*acquired);
    }
    if (client == nullptr) {
      client = clients_.at(static_cast<size_t>(lease.connection_number()));
    }
    stamps.leased_ns = Now();
    lease.Unpark(stamps.leased_ns);
    // What did not wait was asked when it was admitted, a moment ago.
    const std::optional<SkipReason> skip =
        waited ? sink_.ReasonToSkip(stamps.scheduled_ns, stamps.leased_ns) : std::nullopt;
    if (skip.has_value()) {
      sink_.Skipped(operation, *skip, stamps.scheduled_ns, stamps.leased_ns);
      EndTurn(client, &lease, &permit);
      co_return;
    }
    Session* session = lease.session();
    ClientState* state = client->state.get();
    const int64_t round_trips_before = session->round_trips();
    OperationTally* tally = sink_.TallyOf(stamps.scheduled_ns);
    absl::Status status;
    Attempts attempts;
    attempts.client = client->number;
    for (;;) {
      ++attempts.tries;
      status = co_await context_.workload->Run(session, state, operation, tally);
      stamps.finished_ns = Now();
      if (!sink_.MayRetry(status, attempts, stamps.scheduled_ns, stamps.finished_ns) ||
          !session->at_rest()) {
        break;
      }
      if (state != nullptr) state->PrepareRetry();
    }
    if (status.ok()) {
      tally->round_trips += session->round_trips() - round_trips_before;
      sink_.Succeeded(operation, stamps, attempts);
    } else {
      sink_.Failed(operation, stamps, status, attempts);
    }
    EndTurn(client, &lease, &permit);
  }

  // What becomes of the client after an operation (nullptr: it had none), and of what the operation
  // held.
  void EndTurn(ClientSlot* client, Lease* lease, Permit* permit) {
    ++operations_ended_count_;
    if (client != nullptr) {
      if (client->aborted()) {
        OnClientAborted(client, lease, permit);
      } else if (!unbounded_ && client->operations_left == 0) {
        EndClient(permit);
      } else {
        // Not while another client has none: it would wait for as long as the run lasts.
        if (keeps_connections_ && lease->held() && lease->session()->at_rest() &&
            !pool_.has_waiters()) {
          KeepConnection(client, Now(), lease);
        }
        if (!unbounded_) clients_.GiveBack(client);
      }
    }
    // The session first, so that the operation that the permit admits finds it.
    lease->Release();
    permit->Release();
  }

  void OnClientAborted(ClientSlot* client, Lease* lease, Permit* permit) {
    // Before the end of the last client ends admission.
    const bool was_stopped = stop_.stop_requested();
    ++measured_->aborted_clients;
    // Its connection's number is its name, so that it must not be another client's.
    if (unbounded_) KeepConnection(client, Now(), lease);
    EndClient(permit);
    if (was_stopped) return;
    const bool none_left = measured_->aborted_clients == static_cast<int64_t>(clients_.size());
    if (context_.load.exit_on_abort) {
      GiveUp(
          absl::StrCat("an error aborted a client (--exit-on-abort): ", measured_->first_failure));
    } else if (none_left) {
      GiveUp(absl::StrCat("every client was aborted by an error; the first one: ",
                          measured_->first_failure));
    }
  }

  // A client runs nothing more, and its place is given to no other.
  void EndClient(Permit* permit) {
    clients_.End();
    limiter_.Retire(std::move(*permit));
    if (clients_.all_ended()) EndAdmission();
  }

  static void KeepConnection(ClientSlot* client, int64_t now_ns, Lease* lease) {
    lease->Park(now_ns);
    client->lease = std::move(*lease);
  }

  void OnNoConnection(const Operation& operation, const OperationStamps& stamps,
                      const absl::Status& status, const ClientSlot* client) {
    if (FailureCode(status) == kCauseInterrupted) {
      const SkipReason reason = stop_.stop_requested() ? SkipReason::kStopped : SkipReason::kTimeUp;
      sink_.Skipped(operation, reason, stamps.scheduled_ns, stamps.finished_ns);
      return;
    }
    sink_.Failed(operation, stamps, status, {client == nullptr ? 0 : client->number, 1});
    if (pool_.gave_up() && !stop_.stop_requested()) GiveUp(std::string(status.message()));
  }

  void GiveUp(std::string why) {
    measured_->gave_up = std::move(why);
    Stop();
  }

  // Nothing more is begun, and nothing waits for a connection any longer.
  void Stop() {
    EndAdmission();
    warmup_waits_end_.RequestStop();
    waits_end_.RequestStop();
    opener_.Stop();
  }

  void EndAdmission() {
    stop_.RequestStop();
    limiter_.Close();
  }

  // Every planned operation is accounted for, also those that the run's end kept from starting.
  void SkipTheRest() {
    while (const std::optional<Operation> operation = schedule_.TakeUnscheduled()) {
      Skip(*operation, SkipReason::kStopped, measured_->ended_ns);
    }
  }

  const RunContext& context_;
  Reactor* const reactor_;
  MeasuredRun* const measured_;
  const bool unbounded_;
  RunSchedule schedule_;
  OperationSink sink_;
  Limiter limiter_;
  Pool pool_;
  ClientSlots clients_;
  const bool keeps_connections_;
  int64_t operations_ended_count_ = 0;
  StopSource stop_;              // no operation is begun any more
  StopSource waits_end_;         // and none waits for a connection any longer
  StopSource warmup_waits_end_;  // none of the warm-up does
  StopSource operations_ended_;
  TaskGroup operations_;
  TaskGroup timers_;
  ConnectionOpener opener_;
  RunWatch watch_;
  BackendStats ring_before_;
};

}  // namespace

void RunOnReactor(const RunContext& context, Reactor* reactor, SessionFactory* factory,
                  MeasuredRun* measured) {
  measured->io_setup = reactor->backend().setup();
  measured->timeline.Start(reactor->clock().NowNs(), ExpectedTimelineSteps(context));
  ReactorRun run(context, reactor, factory, measured);
  Task<void> main = run.Main();
  RunUntilDone(reactor, std::move(main));
}

}  // namespace pgring
