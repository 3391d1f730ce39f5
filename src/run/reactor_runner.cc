#include "run/reactor_runner.h"

#include <malloc.h>
#include <poll.h>

#include <utility>

#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/coro/run.h"
#include "pgring/coro/task_group.h"
#include "run/limiter.h"

namespace pgring {
namespace {

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
        limiter_(reactor->ready(), LimiterOf(context.scenario->kind), context.scenario->limit),
        pool_(reactor, PoolOptionsOf(*context.scenario), factory, &measured->timeline,
              &measured->connect_ns),
        stop_(reactor->ready()),
        operations_ended_(reactor->ready()),
        operations_(reactor->ready()),
        watchers_(reactor->ready()),
        interrupt_poll_(reactor) {}

  Task<void> Main() {
    watchers_.Spawn(WatchInterrupt());
    co_await AdmitAll();
    co_await operations_.Join();
    measured_->ended_ns = Now();
    measured_->timeline.Finish(measured_->ended_ns);
    SkipTheRest();
    NoteMemory();
    operations_ended_.RequestStop();
    interrupt_poll_.Cancel();
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

  int64_t Now() const { return reactor_->clock().NowNs(); }

  Task<void> AdmitAll() {
    heap_before_ = HeapBytesWithoutFrames();
    measured_->started_ns = Now();
    while (next_ < context_.operations->size() && !stop_.stop_requested()) {
      const Operation operation = (*context_.operations)[next_++];
      OperationStamps stamps;
      stamps.scheduled_ns = Now();
      measured_->recorder.Scheduled(operation.kind, stamps.scheduled_ns);
      Permit permit = co_await limiter_.Admit();
      stamps.admitted_ns = limiter_.bounded() ? Now() : stamps.scheduled_ns;
      if (stop_.stop_requested()) {
        measured_->recorder.Skipped(operation.kind, stamps.scheduled_ns, stamps.admitted_ns);
        break;
      }
      operations_.Spawn(RunOperation(operation, stamps, std::move(permit)));
      if (!limiter_.bounded()) {
        co_await Yield(reactor_);
      }
    }
  }

  Task<void> RunOperation(Operation operation, OperationStamps stamps, Permit permit) {
    const StopToken stop(&stop_);
    auto lease = co_await pool_.Acquire(stop);
    stamps.leased_ns = Now();
    if (!lease.ok()) {
      stamps.finished_ns = stamps.leased_ns;
      OnNoConnection(operation, stamps, lease.status());
      co_return;
    }
    Session* session = lease->session();
    const int64_t round_trips_before = session->round_trips();
    OperationTally* tally = &measured_->tally;
    absl::Status status = co_await context_.workload->Run(session, operation, tally);
    stamps.finished_ns = Now();
    if (status.ok()) {
      tally->round_trips += session->round_trips() - round_trips_before;
      measured_->recorder.Succeeded(operation.kind, stamps);
      context_.progress->ended.fetch_add(1, std::memory_order_relaxed);
    } else {
      OnFailed(operation, stamps, status);
    }
    // The session first, so that whoever the permit admits finds it.
    lease->Release();
    permit.Release();
  }

  void OnNoConnection(Operation operation, const OperationStamps& stamps,
                      const absl::Status& status) {
    if (FailureCode(status) == kCauseInterrupted) {
      measured_->recorder.Skipped(operation.kind, stamps.scheduled_ns, stamps.finished_ns);
      context_.progress->ended.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    OnFailed(operation, stamps, status);
    if (pool_.gave_up() && !stop_.stop_requested()) {
      measured_->gave_up = std::string(status.message());
      Stop();
    }
  }

  void OnFailed(Operation operation, const OperationStamps& stamps, const absl::Status& status) {
    measured_->recorder.Failed(operation.kind, stamps, FailureCode(status));
    if (measured_->first_failure.empty()) {
      measured_->first_failure = std::string(status.message());
    }
    context_.progress->ended.fetch_add(1, std::memory_order_relaxed);
    context_.progress->failed.fetch_add(1, std::memory_order_relaxed);
  }

  void Stop() {
    stop_.RequestStop();
    limiter_.Close();
  }

  // Every planned operation is accounted for, also those that the interrupt kept from starting.
  void SkipTheRest() {
    for (; next_ < context_.operations->size(); ++next_) {
      const uint8_t kind = (*context_.operations)[next_].kind;
      measured_->recorder.Scheduled(kind, measured_->ended_ns);
      measured_->recorder.Skipped(kind, measured_->ended_ns);
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
    co_await PollDescriptor(poll, descriptor, POLLIN);
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

  const RunContext& context_;
  Reactor* const reactor_;
  MeasuredRun* const measured_;
  Limiter limiter_;
  Pool pool_;
  StopSource stop_;
  StopSource operations_ended_;
  TaskGroup operations_;
  TaskGroup watchers_;
  RingOperation interrupt_poll_;
  size_t next_ = 0;
  int64_t heap_before_ = 0;
};

}  // namespace

void RunOnReactor(const RunContext& context, Reactor* reactor, SessionFactory* factory,
                  MeasuredRun* measured) {
  measured->io_setup = reactor->backend().setup();
  const BackendStats before = reactor->backend().stats();
  measured->timeline.Start(reactor->clock().NowNs(),
                           context.operations->size() * kTimelineStepsPerOperation);
  ReactorRun run(context, reactor, factory, measured);
  Task<void> main = run.Main();
  RunUntilDone(reactor, std::move(main));
  const BackendStats after = reactor->backend().stats();
  measured->ring =
      BackendStats{after.enters - before.enters, after.submissions - before.submissions,
                   after.completions - before.completions, after.overflows - before.overflows};
}

}  // namespace pgring
