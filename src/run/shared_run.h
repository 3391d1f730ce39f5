// What the threads of a blocking run share: the operations, the clock, the counts.
//
// Borrows the context and the measured run. Thread-safe, but for what is said to be called by one
// thread only.
#ifndef PGRING_RUN_SHARED_RUN_H_
#define PGRING_RUN_SHARED_RUN_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/postgres/pool.h"
#include "run/connection_opener.h"
#include "run/measured_run.h"
#include "run/operation_sink.h"
#include "run/run_schedule.h"

namespace pgring {

// One mutex guards all of it: it is held for well under a microsecond,
// twice an operation, beside server round trips of a hundred and more.
class SharedRun {
 public:
  SharedRun(const RunContext& context, int64_t thread_count, MeasuredRun* measured)
      : context_(context),
        thread_count_(thread_count),
        measured_(measured),
        created_ns_(SteadyClock::Get()->NowNs()),
        schedule_(context),
        sink_(context, measured) {
    measured_->timeline.Start(created_ns_, ExpectedTimelineSteps(context));
  }

  // Connections that are to be opened before are open: the run begins.
  void StartClock() {
    std::lock_guard<std::mutex> lock(mutex_);
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    if (context_.load.connect_before) {
      measured_->wanted_before = thread_count_;
      measured_->opened_before = open_;
      measured_->connecting_ns = now_ns - created_ns_;
      measured_->timeline.StartAgain(now_ns);
      if (open_ == 0 && thread_count_ > 0 && !context_.interrupt->raised()) {
        GiveUpLocked(
            absl::StrCat("no connection could be opened: ", measured_->connect_failure.message()));
      }
    }
    schedule_.Start(now_ns);
    sink_.StartClock(schedule_.measuring_from_ns(), schedule_.end_ns());
    if (!schedule_.has_warmup()) StartMeasuring(now_ns);
  }

  void GiveUp(std::string why) {
    std::lock_guard<std::mutex> lock(mutex_);
    GiveUpLocked(std::move(why));
  }

  // Whether there is another operation, and when it is due: `now_ns` in a closed loop.
  bool TakeNext(int64_t now_ns, int64_t* scheduled_ns, Operation* operation) {
    std::lock_guard<std::mutex> lock(mutex_);
    EndWarmup(now_ns);
    if (context_.interrupt->raised()) measured_->interrupted = true;
    while (!measured_->interrupted && measured_->gave_up.empty() && schedule_.HasNext(now_ns)) {
      *scheduled_ns = now_ns;
      if (schedule_.open_loop()) {
        *scheduled_ns = schedule_.NextDueNs();
        if (*scheduled_ns >= schedule_.end_ns()) return false;
      }
      *operation = schedule_.Take(*scheduled_ns);
      const std::optional<SkipReason> skip = sink_.ReasonToSkip(*scheduled_ns, now_ns);
      if (!skip.has_value()) return true;
      SkipLocked(*operation, *skip, *scheduled_ns, now_ns);
    }
    return false;
  }

  // The operation is begun now.
  void OnScheduled(const Operation& operation, int64_t scheduled_ns, int64_t now_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    EndWarmup(now_ns);
    sink_.Scheduled(operation, scheduled_ns);
  }

  // It was taken and not begun.
  void Skip(const Operation& operation, int64_t scheduled_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    SkipLocked(operation, SkipReason::kStopped, scheduled_ns, SteadyClock::Get()->NowNs());
  }

  void Gauge(ConnectionGauge gauge, int delta) {
    std::lock_guard<std::mutex> lock(mutex_);
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    EndWarmup(now_ns);
    measured_->timeline.Change(now_ns, gauge, delta);
  }

  void OnConnectTried() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++measured_->connections.requested;
  }

  void OnOpened(int64_t took_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++measured_->connections.opened;
    ++open_;
    unreachable_since_ns_ = 0;
    measured_->connect_ns.Record(took_ns);
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    refused_time_.OnOpened(now_ns);
    measured_->timeline.Change(now_ns, ConnectionGauge::kOpen, 1);
  }

  void OnClosed() {
    std::lock_guard<std::mutex> lock(mutex_);
    --open_;
    measured_->timeline.Change(SteadyClock::Get()->NowNs(), ConnectionGauge::kOpen, -1);
  }

  // Whether to try again after a refusal. Without a single connection the run is given up after
  // Pool::kGiveUpAfterNs; before the clock starts, others' connections suffice after a while.
  bool OnRefused(int64_t now_ns, const absl::Status& refusal) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++measured_->connections.refused;
    refused_time_.OnRefused(now_ns);
    if (measured_->connect_failure.ok() && context_.events != nullptr) {
      context_.events->OnConnectionRefused(refusal);
    }
    measured_->connect_failure = refusal;
    if (first_refused_ns_ == 0) first_refused_ns_ = now_ns;
    if (open_ > 0) {
      unreachable_since_ns_ = 0;
      return schedule_.started() || now_ns - first_refused_ns_ < ConnectionOpener::kPatienceNs;
    }
    if (unreachable_since_ns_ == 0) {
      unreachable_since_ns_ = now_ns;
    } else if (now_ns - unreachable_since_ns_ >= Pool::kGiveUpAfterNs) {
      GiveUpLocked(absl::StrCat("no connection could be opened for ",
                                Pool::kGiveUpAfterNs / kNanosecondsPerSecond,
                                " s: ", std::string(refusal.message())));
    }
    return measured_->gave_up.empty();
  }

  // Before the clock started, for another reason than a refusal.
  void OnConnectFailed(const absl::Status& failure) {
    std::lock_guard<std::mutex> lock(mutex_);
    measured_->connect_failure = failure;
  }

  void OnEnded(const Operation& operation, const OperationStamps& stamps,
               const absl::Status& status, const Attempts& attempts) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok()) {
      sink_.Succeeded(operation, stamps, attempts);
    } else {
      sink_.Failed(operation, stamps, status, attempts);
    }
  }

  void OnSkipped(const Operation& operation, SkipReason reason, const OperationStamps& stamps) {
    std::lock_guard<std::mutex> lock(mutex_);
    sink_.Skipped(operation, reason, stamps.scheduled_ns, stamps.finished_ns);
  }

  std::optional<SkipReason> ReasonToSkip(int64_t scheduled_ns, int64_t now_ns) const {
    return sink_.ReasonToSkip(scheduled_ns, now_ns);
  }

  bool MayRetry(const absl::Status& status, const Attempts& attempts, int64_t scheduled_ns,
                int64_t now_ns) {
    return sink_.MayRetry(status, attempts, scheduled_ns, now_ns);
  }

  // `tally` is of one operation, which was scheduled then.
  void AddTally(const OperationTally& tally, int64_t scheduled_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    sink_.TallyOf(scheduled_ns)->Add(tally);
  }

  void OnClientAborted() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++measured_->aborted_clients;
    if (context_.load.exit_on_abort) {
      GiveUpLocked(
          absl::StrCat("an error aborted a client (--exit-on-abort): ", measured_->first_failure));
    }
    if (measured_->aborted_clients < thread_count_) return;
    GiveUpLocked(absl::StrCat("every client was aborted by an error; the first one: ",
                              measured_->first_failure));
  }

  // By one thread, after the others have ended: the operations that were not taken.
  void Finish(int64_t now_ns) {
    EndWarmup(now_ns);
    // The warm-up had not ended when the run was stopped: nothing was measured.
    if (!sink_.measuring()) StartMeasuring(now_ns);
    measured_->ended_ns = now_ns;
    measured_->timeline.Finish(now_ns);
    measured_->connections.refused_ns = refused_time_.At(now_ns);
    while (const std::optional<Operation> operation = schedule_.TakeUnscheduled()) {
      SkipLocked(*operation, SkipReason::kStopped, now_ns, now_ns);
    }
  }

  const RunContext& context() const { return context_; }
  // Once the clock has started.
  int64_t start_ns() const { return schedule_.start_ns(); }
  int64_t end_ns() const { return schedule_.end_ns(); }

 private:
  void EndWarmup(int64_t now_ns) {
    if (sink_.measuring() || !schedule_.started() || now_ns < schedule_.measuring_from_ns()) return;
    StartMeasuring(now_ns);
    // Not now: nothing has changed since, and the timeline must begin where the run's time does.
    measured_->timeline.StartAgain(measured_->started_ns);
  }

  void StartMeasuring(int64_t now_ns) {
    sink_.StartMeasuring(now_ns);
    refused_time_.StartAgain(now_ns);
  }

  // The first reason stays.
  void GiveUpLocked(std::string why) {
    if (measured_->gave_up.empty()) measured_->gave_up = std::move(why);
  }

  void SkipLocked(const Operation& operation, SkipReason reason, int64_t scheduled_ns,
                  int64_t now_ns) {
    sink_.Scheduled(operation, scheduled_ns);
    sink_.Skipped(operation, reason, scheduled_ns, now_ns);
  }

  const RunContext& context_;
  const int64_t thread_count_;
  MeasuredRun* const measured_;
  const int64_t created_ns_;
  std::mutex mutex_;
  RunSchedule schedule_;
  OperationSink sink_;
  int open_ = 0;
  RefusedTime refused_time_;
  int64_t first_refused_ns_ = 0;
  int64_t unreachable_since_ns_ = 0;
};

}  // namespace pgring

#endif  // PGRING_RUN_SHARED_RUN_H_
