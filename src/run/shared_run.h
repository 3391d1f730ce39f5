// What the threads of a blocking run share: the operations, the clock, the counts.
//
// Borrows the context and the measured run. Thread-safe, but for what is said to be called by one
// thread only.
#ifndef PGRING_RUN_SHARED_RUN_H_
#define PGRING_RUN_SHARED_RUN_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/base/trace_points.h"
#include "pgring/postgres/connect_refusals.h"
#include "run/arrivals.h"
#include "run/connection_opener.h"
#include "run/operation_sink.h"
#include "run/run.h"
#include "run/run_context.h"

namespace pgring {

// One mutex guards all of it: it is held for well under a microsecond,
// twice an operation, beside server round trips of a hundred and more.
class SharedRun {
 public:
  SharedRun(const RunContext& context, int64_t thread_count, Run* run)
      : context_(context),
        thread_count_(thread_count),
        run_(run),
        created_ns_(SteadyClock::Get()->NowNs()),
        arrivals_(MakeArrivals(context)),
        sink_(context, run) {
    run_->timeline.Start(created_ns_, ExpectedTimelineSteps(context));
  }

  // Connections that are to be opened before are open: the run begins.
  void StartClock(int64_t connected_ns, int64_t now_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    // What went before the start of all workers is none of theirs.
    if (context_.load.connect_before || context_.start_line != nullptr) {
      run_->timeline.StartAgain(now_ns);
    }
    if (context_.load.connect_before) {
      run_->wanted_before = thread_count_;
      run_->opened_before = open_;
      run_->connecting_ns = connected_ns - created_ns_;
      if (open_ == 0 && thread_count_ > 0 && !context_.interrupt->raised()) {
        GiveUpLocked(
            absl::StrCat("no connection could be opened: ", run_->connect_failure.message()));
      }
    }
    arrivals_->Start(now_ns);
    sink_.StartClock(arrivals_->measuring_from_ns(), arrivals_->end_ns());
    if (!arrivals_->has_warmup()) StartMeasuring(now_ns);
  }

  void GiveUp(std::string why) {
    std::lock_guard<std::mutex> lock(mutex_);
    GiveUpLocked(std::move(why));
  }

  // The next operation; nothing when there is none any more.
  std::optional<Arrival> TakeNext(int64_t now_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    EndWarmup(now_ns);
    if (context_.interrupt->raised()) run_->interrupted = true;
    while (!run_->interrupted && run_->gave_up.empty()) {
      const std::optional<Arrival> arrival = arrivals_->Next(now_ns);
      if (!arrival.has_value()) break;
      const std::optional<SkipReason> skip = sink_.ReasonToSkip(arrival->due_ns, now_ns);
      if (!skip.has_value()) return arrival;
      SkipLocked(*arrival, *skip, now_ns);
    }
    return std::nullopt;
  }

  // The operation is begun now.
  void OnScheduled(const Arrival& arrival, int64_t now_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    EndWarmup(now_ns);
    sink_.Scheduled(arrival);
  }

  // It was taken and not begun.
  void Skip(const Arrival& arrival) {
    std::lock_guard<std::mutex> lock(mutex_);
    SkipLocked(arrival, SkipReason::kStopped, SteadyClock::Get()->NowNs());
  }

  void Gauge(ConnectionGauge gauge, int delta) {
    std::lock_guard<std::mutex> lock(mutex_);
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    EndWarmup(now_ns);
    run_->timeline.Change(now_ns, gauge, delta);
  }

  void OnConnectTried() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++run_->connections.requested;
  }

  void OnOpened(int64_t took_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++run_->connections.opened;
    ++open_;
    run_->connect_ns.Record(took_ns);
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    refusals_.OnOpened(now_ns);
    run_->timeline.Change(now_ns, ConnectionGauge::kOpen, 1);
  }

  void OnClosed() {
    std::lock_guard<std::mutex> lock(mutex_);
    --open_;
    run_->timeline.Change(SteadyClock::Get()->NowNs(), ConnectionGauge::kOpen, -1);
  }

  // Whether to try again after a refusal. Without a single connection the run is given up after a
  // while; before the clock starts, others' connections suffice after a shorter one.
  bool OnRefused(int64_t now_ns, const absl::Status& refusal) {
    std::lock_guard<std::mutex> lock(mutex_);
    refusals_.OnRefused(now_ns, refusal, open_ > 0);
    if (run_->connect_failure.ok() && context_.events != nullptr) {
      context_.events->OnConnectionRefused(refusal);
    }
    run_->connect_failure = refusal;
    if (open_ > 0) {
      return arrivals_->started() || now_ns - refusals_.first_ns() < ConnectionOpener::kPatienceNs;
    }
    if (refusals_.IsTimeToGiveUp(now_ns, /*any_open=*/false)) {
      GiveUpLocked(std::string(refusals_.GiveUpStatus().message()));
    }
    return run_->gave_up.empty();
  }

  // Before the clock started, for another reason than a refusal.
  void OnConnectFailed(const absl::Status& failure) {
    std::lock_guard<std::mutex> lock(mutex_);
    run_->connect_failure = failure;
  }

  // `tally` is of this operation.
  void OnEnded(const Arrival& arrival, const OperationStamps& stamps, const absl::Status& status,
               const Attempts& attempts, const OperationTally& tally) {
    std::lock_guard<std::mutex> lock(mutex_);
    sink_.TallyOf(arrival.phase)->Add(tally);
    if (status.ok()) {
      sink_.Succeeded(arrival, stamps, attempts);
    } else {
      sink_.Failed(arrival, stamps, status, attempts);
    }
  }

  void OnSkipped(const Arrival& arrival, SkipReason reason, int64_t now_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    sink_.Skipped(arrival, reason, now_ns);
  }

  // For what only reads, and needs no lock: the plan, and times that stay as they are while the
  // threads run.
  const OperationSink& sink() const { return sink_; }

  void OnClientAborted() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++run_->aborted_clients;
    if (context_.load.exit_on_abort) {
      GiveUpLocked(
          absl::StrCat("an error aborted a client (--exit-on-abort): ", run_->first_failure));
    }
    if (run_->aborted_clients < thread_count_) return;
    GiveUpLocked(
        absl::StrCat("every client was aborted by an error; the first one: ", run_->first_failure));
  }

  // By one thread, after the others have ended: the operations that were not taken.
  void Finish(int64_t now_ns) {
    EndWarmup(now_ns);
    // The warm-up had not ended when the run was stopped: nothing was measured.
    if (!sink_.measuring()) StartMeasuring(now_ns);
    run_->ended_ns = now_ns;
    TraceRunEnd(run_->scenario.label.c_str(), run_->recorder.succeeded(), run_->recorder.failed());
    run_->timeline.Finish(now_ns);
    run_->connections.refused = refusals_.count();
    run_->connections.refused_ns = refusals_.RefusedNs(now_ns);
    while (const std::optional<Arrival> arrival = arrivals_->TakeUnscheduled(now_ns)) {
      SkipLocked(*arrival, SkipReason::kStopped, now_ns);
    }
  }

  const RunContext& context() const { return context_; }
  // Once the clock has started.
  int64_t start_ns() const { return arrivals_->start_ns(); }
  int64_t end_ns() const { return arrivals_->end_ns(); }

 private:
  void EndWarmup(int64_t now_ns) {
    if (sink_.measuring() || !arrivals_->started() || now_ns < arrivals_->measuring_from_ns())
      return;
    StartMeasuring(now_ns);
    // Not now: nothing has changed since, and the timeline must begin where the run's time does.
    run_->timeline.StartAgain(run_->started_ns);
  }

  void StartMeasuring(int64_t now_ns) {
    sink_.StartMeasuring(now_ns);
    refusals_.StartMeasuring(now_ns);
  }

  // The first reason stays.
  void GiveUpLocked(std::string why) {
    if (run_->gave_up.empty()) run_->gave_up = std::move(why);
  }

  void SkipLocked(const Arrival& arrival, SkipReason reason, int64_t now_ns) {
    sink_.Scheduled(arrival);
    sink_.Skipped(arrival, reason, now_ns);
  }

  const RunContext& context_;
  const int64_t thread_count_;
  Run* const run_;
  const int64_t created_ns_;
  std::mutex mutex_;
  const std::unique_ptr<Arrivals> arrivals_;
  OperationSink sink_;
  int open_ = 0;
  ConnectRefusals refusals_;
};

}  // namespace pgring

#endif  // PGRING_RUN_SHARED_RUN_H_
