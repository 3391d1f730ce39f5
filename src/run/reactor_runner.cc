#include "run/reactor_runner.h"

#include <malloc.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/coro/run.h"
#include "pgring/coro/task_group.h"
#include "run/client_slots.h"
#include "run/limiter.h"
#include "run/operation_sink.h"
#include "run/run_schedule.h"

namespace pgring {
namespace {

// Of an open loop without a limiter: what is due beyond this waits outside of memory.
constexpr int kMaxOperationsInSystem = 100'000;

// What malloc has given out, coroutine frames left aside.
int64_t HeapBytesWithoutFrames() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<int64_t>(heap.uordblks) + static_cast<int64_t>(heap.hblkhd) -
         GetFramePoolStats().reserved_bytes;
}

class ReactorRun {
 public:
  ReactorRun(const RunContext& context, Reactor* reactor, SessionFactory* factory,
             MeasuredRun* measured)
      : context_(context),
        reactor_(reactor),
        measured_(measured),
        unbounded_(LimiterOf(context.scenario->kind) == LimiterKind::kUnbounded),
        schedule_(context, reactor->clock().NowNs()),
        sink_(context, measured),
        limiter_(MakeLimiter(context, reactor->ready())),
        pool_(reactor, PoolOptionsOf(*context.scenario), factory, &measured->timeline,
              &measured->connect_ns),
        clients_(context.workload, ClientCount(*context.scenario)),
        keeps_connections_(context.workload->uses_session_state() && !unbounded_ &&
                           ClientCount(*context.scenario) <= ConnectionCount(*context.scenario)),
        stop_(reactor->ready()),
        operations_ended_(reactor->ready()),
        operations_(reactor->ready()),
        watchers_(reactor->ready()),
        interrupt_poll_(reactor),
        watchdog_poll_(reactor) {}

  Task<void> Main() {
    watchers_.Spawn(WatchInterrupt());
    if (measured_->io_mode == IoMode::kCompletion) watchers_.Spawn(WatchWaits());
    co_await AdmitAll();
    co_await operations_.Join();
    measured_->ended_ns = Now();
    // The warm-up had not ended when the run was stopped: nothing was measured.
    if (!sink_.measuring()) StartMeasuring(measured_->ended_ns);
    measured_->timeline.Finish(measured_->ended_ns);
    NoteRing();
    clients_.ReleaseConnections();
    SkipTheRest();
    NoteMemory();
    operations_ended_.RequestStop();
    interrupt_poll_.Cancel();
    watchdog_poll_.Cancel();
    co_await watchers_.Join();
    co_await pool_.Close();
    measured_->connections = pool_.counters();
  }

 private:
  static PoolOptions PoolOptionsOf(const ScenarioPlan& scenario) {
    PoolOptions options;
    options.size = scenario.pool.size;
    options.max_overflow = scenario.pool.max_overflow;
    options.timeout_ns = static_cast<int64_t>(scenario.pool.timeout_s * kNanosecondsPerSecond);
    return options;
  }

  static int ConnectionCount(const ScenarioPlan& scenario) {
    return scenario.pool.size + scenario.pool.max_overflow;
  }

  // Without a limit an operation belongs to the client of the connection that it gets.
  static int ClientCount(const ScenarioPlan& scenario) {
    return scenario.limit.value_or(ConnectionCount(scenario));
  }

  // A schedule goes on whatever happens, so what it starts without a limit must have one after all.
  static Limiter MakeLimiter(const RunContext& context, ReadyQueue* ready) {
    const LimiterKind kind = LimiterOf(context.scenario->kind);
    if (kind == LimiterKind::kUnbounded && context.load.open_loop()) {
      return Limiter(ready, LimiterKind::kWindow, kMaxOperationsInSystem);
    }
    return Limiter(ready, kind, context.scenario->limit);
  }

  int64_t Now() const { return reactor_->clock().NowNs(); }

  Task<void> AdmitAll() {
    heap_before_ = HeapBytesWithoutFrames();
    sink_.set_measuring_from_ns(schedule_.measuring_from_ns());
    sink_.set_end_ns(schedule_.end_ns());
    const StopToken stop(&stop_);
    const StopToken ended(&operations_ended_);
    if (schedule_.has_warmup()) {
      watchers_.Spawn(EndWarmup());
    } else {
      StartMeasuring(Now());
    }
    if (context_.load.ramp_s > 0) {
      const int64_t full_ns =
          Now() + static_cast<int64_t>(context_.load.ramp_s * kNanosecondsPerSecond);
      watchers_.Spawn(unbounded_ ? pool_.Ramp(full_ns, ended)
                                 : limiter_.Ramp(reactor_, full_ns, ended));
    }
    for (int64_t now_ns = Now(); schedule_.HasNext(now_ns) && !stop_.stop_requested();
         now_ns = Now()) {
      OperationStamps stamps;
      stamps.scheduled_ns = now_ns;
      if (schedule_.open_loop()) {
        stamps.scheduled_ns = schedule_.NextDueNs();
        if (stamps.scheduled_ns >= schedule_.end_ns()) break;
        if (stamps.scheduled_ns > Now()) {
          co_await SleepUntil(reactor_, stamps.scheduled_ns, stop);
        }
        if (stop_.stop_requested()) break;
        if (Now() >= schedule_.end_ns()) {
          Skip(schedule_.Take(stamps.scheduled_ns), stamps.scheduled_ns);
          continue;
        }
      }
      Permit permit = co_await limiter_.Admit();
      stamps.admitted_ns = limiter_.bounded() ? Now() : stamps.scheduled_ns;
      // In a closed loop the time was up before there was room: it was never scheduled.
      if (!schedule_.open_loop() && stamps.admitted_ns >= schedule_.end_ns()) break;
      const Operation operation = schedule_.Take(stamps.scheduled_ns);
      if (stop_.stop_requested()) {
        Skip(operation, stamps.scheduled_ns);
        break;
      }
      if (schedule_.open_loop() && (stamps.admitted_ns >= schedule_.end_ns() ||
                                    sink_.IsTooLate(stamps.scheduled_ns, stamps.admitted_ns))) {
        Skip(operation, stamps.scheduled_ns);
        continue;
      }
      sink_.Scheduled(operation, stamps.scheduled_ns);
      operations_.Spawn(RunOperation(operation, stamps, std::move(permit)));
      if (unbounded_) {
        co_await Yield(reactor_);
      }
    }
  }

  void Skip(const Operation& operation, int64_t scheduled_ns) {
    sink_.Scheduled(operation, scheduled_ns);
    sink_.Skipped(operation, scheduled_ns, Now());
  }

  Task<void> EndWarmup() {
    const StopToken ended(&operations_ended_);
    const int64_t from_ns = schedule_.measuring_from_ns();
    const bool reached = co_await SleepUntil(reactor_, from_ns, ended);
    if (!reached) co_return;
    const int64_t now_ns = Now();
    StartMeasuring(now_ns);
    measured_->timeline.StartAgain(now_ns);
  }

  void StartMeasuring(int64_t now_ns) {
    sink_.StartMeasuring(now_ns);
    ring_before_ = reactor_->backend().stats();
  }

  void NoteRing() {
    const BackendStats now = reactor_->backend().stats();
    measured_->ring = BackendStats{
        now.enters - ring_before_.enters, now.submissions - ring_before_.submissions,
        now.completions - ring_before_.completions, now.overflows - ring_before_.overflows};
  }

  Task<void> RunOperation(Operation operation, OperationStamps stamps, Permit permit) {
    ClientSlot* client = clients_.empty() || unbounded_ ? nullptr : clients_.Take();
    Lease lease;
    if (client != nullptr && client->lease.held()) {
      lease = std::move(client->lease);
    } else {
      const StopToken stop(&stop_);
      auto acquired = co_await pool_.Acquire(stop);
      if (!acquired.ok()) {
        stamps.leased_ns = stamps.finished_ns = Now();
        OnNoConnection(operation, stamps, acquired.status());
        if (client != nullptr) clients_.GiveBack(client);
        co_return;
      }
      lease = std::move(*acquired);
    }
    stamps.leased_ns = Now();
    lease.Unpark(stamps.leased_ns);
    Session* session = lease.session();
    if (!clients_.empty() && unbounded_) {
      client = clients_.at(static_cast<size_t>(lease.connection_number()));
    }
    ClientState* state = client == nullptr ? nullptr : client->state.get();
    const int64_t round_trips_before = session->round_trips();
    OperationTally* tally = sink_.TallyOf(stamps.scheduled_ns);
    absl::Status status;
    Attempts attempts;
    attempts.client = client == nullptr ? lease.connection_number() : client->number;
    for (;;) {
      ++attempts.tries;
      status = co_await context_.workload->Run(session, state, operation, tally);
      stamps.finished_ns = Now();
      if (!sink_.MayRetry(status, attempts.tries, stamps.scheduled_ns, stamps.finished_ns) ||
          !session->usable()) {
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
    if (client != nullptr) {
      EndOfClient(client, stamps.finished_ns, &lease, &permit);
    }
    // The session first, so that whoever the permit admits finds it.
    lease.Release();
    permit.Release();
  }

  // What becomes of the client after an operation, and of what the operation held.
  void EndOfClient(ClientSlot* client, int64_t now_ns, Lease* lease, Permit* permit) {
    if (client->state->aborted()) {
      ++measured_->aborted_clients;
      clients_.Retire();
      limiter_.Retire(std::move(*permit));
      // Its connection number is its name, so that nobody else may have it.
      if (unbounded_) KeepConnection(client, now_ns, lease);
      if (clients_.all_retired() && !stop_.stop_requested()) {
        measured_->gave_up = absl::StrCat("every client was aborted by an error; the first one: ",
                                          measured_->first_failure);
        Stop();
      }
      return;
    }
    if (keeps_connections_ && lease->session()->usable()) KeepConnection(client, now_ns, lease);
    if (!unbounded_) clients_.GiveBack(client);
  }

  static void KeepConnection(ClientSlot* client, int64_t now_ns, Lease* lease) {
    lease->Park(now_ns);
    client->lease = std::move(*lease);
  }

  void OnNoConnection(Operation operation, const OperationStamps& stamps,
                      const absl::Status& status) {
    if (FailureCode(status) == kCauseInterrupted) {
      sink_.Skipped(operation, stamps.scheduled_ns, stamps.finished_ns);
      return;
    }
    sink_.Failed(operation, stamps, status, {0, 1});
    if (pool_.gave_up() && !stop_.stop_requested()) {
      measured_->gave_up = std::string(status.message());
      Stop();
    }
  }

  void Stop() {
    stop_.RequestStop();
    limiter_.Close();
  }

  // Every planned operation is accounted for, also those that the interrupt kept from starting.
  void SkipTheRest() {
    while (const std::optional<Operation> operation = schedule_.TakeUnscheduled()) {
      Skip(*operation, measured_->ended_ns);
    }
  }

  void NoteMemory() {
    const int64_t growth = HeapBytesWithoutFrames() - heap_before_;
    if (growth > 0 && pool_.open() > 0) measured_->bytes_per_connection = growth / pool_.open();
  }

  Task<void> WatchInterrupt() {
    const StopToken ended(&operations_ended_);
    // A run without operations is over before this has begun to watch.
    if (ended.stop_requested()) co_return;
    RingOperation* poll = &interrupt_poll_;
    const int descriptor = context_.interrupt->descriptor();
    co_await PollDescriptor(poll, descriptor, POLLIN, PollUrgency::kBackground);
    if (!context_.interrupt->raised()) co_return;
    measured_->interrupted = true;
    Stop();
    const int64_t cancel_ns = Now() + Interrupt::kDrainNs;
    bool still_running = co_await SleepUntil(reactor_, cancel_ns, ended);
    if (!still_running) co_return;
    pool_.CancelBusy();
    const int64_t abort_ns = cancel_ns + Interrupt::kCancelNs;
    still_running = co_await SleepUntil(reactor_, abort_ns, ended);
    if (still_running) pool_.AbortBusy();
  }

  // Looks once a second whether the ring has forgotten somebody. A timer of the kernel's: one of
  // the reactor's would give every wait of the loop a deadline.
  Task<void> WatchWaits() {
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer < 0) co_return;
    const itimerspec every_second = {{1, 0}, {1, 0}};
    timerfd_settime(timer, 0, &every_second, nullptr);
    const StopToken ended(&operations_ended_);
    RingOperation* poll = &watchdog_poll_;
    while (!ended.stop_requested()) {
      const int32_t events = co_await PollDescriptor(poll, timer, POLLIN, PollUrgency::kBackground);
      uint64_t expirations = 0;
      if (events <= 0 || read(timer, &expirations, sizeof expirations) <= 0) break;
      measured_->rescued_waits += pool_.RescueWaits();
    }
    close(timer);
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
  StopSource stop_;
  StopSource operations_ended_;
  TaskGroup operations_;
  TaskGroup watchers_;
  RingOperation interrupt_poll_;
  RingOperation watchdog_poll_;
  BackendStats ring_before_;
  int64_t heap_before_ = 0;
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
