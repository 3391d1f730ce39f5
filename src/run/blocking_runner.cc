#include "run/blocking_runner.h"

#include <poll.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/blocking_session.h"
#include "run/operation_sink.h"
#include "run/run_schedule.h"

namespace pgring {
namespace {

// What the threads share. One mutex guards all of it: it is held for well under a microsecond,
// twice an operation, beside server round trips of a hundred and more.
class SharedRun {
 public:
  SharedRun(const RunContext& context, MeasuredRun* measured)
      : context_(context),
        measured_(measured),
        start_ns_(SteadyClock::Get()->NowNs()),
        schedule_(context, start_ns_),
        sink_(context, measured) {
    sink_.set_measuring_from_ns(schedule_.measuring_from_ns());
    sink_.set_end_ns(schedule_.end_ns());
    measured_->timeline.Start(start_ns_, ExpectedTimelineSteps(context));
    if (!schedule_.has_warmup()) sink_.StartMeasuring(start_ns_);
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
      if (schedule_.open_loop() &&
          (now_ns >= schedule_.end_ns() || sink_.IsTooLate(*scheduled_ns, now_ns))) {
        SkipLocked(*operation, *scheduled_ns, now_ns);
        continue;
      }
      return true;
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
    SkipLocked(operation, scheduled_ns, SteadyClock::Get()->NowNs());
  }

  void Gauge(ConnectionGauge gauge, int delta) {
    std::lock_guard<std::mutex> lock(mutex_);
    measured_->timeline.Change(SteadyClock::Get()->NowNs(), gauge, delta);
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
    measured_->timeline.Change(SteadyClock::Get()->NowNs(), ConnectionGauge::kOpen, 1);
  }

  void OnClosed() {
    std::lock_guard<std::mutex> lock(mutex_);
    --open_;
    measured_->timeline.Change(SteadyClock::Get()->NowNs(), ConnectionGauge::kOpen, -1);
  }

  // False: nobody has had a connection for Pool::kGiveUpAfterNs, so the run is to end.
  bool OnRefused(int64_t now_ns, const absl::Status& refusal) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++measured_->connections.refused;
    if (open_ > 0) {
      unreachable_since_ns_ = 0;
    } else if (unreachable_since_ns_ == 0) {
      unreachable_since_ns_ = now_ns;
    } else if (now_ns - unreachable_since_ns_ >= Pool::kGiveUpAfterNs) {
      measured_->gave_up = absl::StrCat("no connection could be opened for ",
                                        Pool::kGiveUpAfterNs / kNanosecondsPerSecond,
                                        " s: ", std::string(refusal.message()));
    }
    return measured_->gave_up.empty();
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

  void OnSkipped(const Operation& operation, const OperationStamps& stamps) {
    std::lock_guard<std::mutex> lock(mutex_);
    sink_.Skipped(operation, stamps.scheduled_ns, stamps.finished_ns);
  }

  bool MayRetry(const absl::Status& status, int tries, int64_t scheduled_ns, int64_t now_ns) {
    return sink_.MayRetry(status, tries, scheduled_ns, now_ns);
  }

  // `tally` is of one operation, which was scheduled then.
  void AddTally(const OperationTally& tally, int64_t scheduled_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    sink_.TallyOf(scheduled_ns)->Add(tally);
  }

  void OnClientAborted() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (++measured_->aborted_clients < context_.scenario->limit.value_or(1)) return;
    measured_->gave_up = absl::StrCat("every client was aborted by an error; the first one: ",
                                      measured_->first_failure);
  }

  // After the threads have ended: the operations that were not taken.
  void Finish(int64_t now_ns) {
    EndWarmup(now_ns);
    // The warm-up had not ended when the run was stopped: nothing was measured.
    if (!sink_.measuring()) sink_.StartMeasuring(now_ns);
    measured_->ended_ns = now_ns;
    measured_->timeline.Finish(now_ns);
    while (const std::optional<Operation> operation = schedule_.TakeUnscheduled()) {
      SkipLocked(*operation, now_ns, now_ns);
    }
  }

  const RunContext& context() const { return context_; }
  int64_t start_ns() const { return start_ns_; }

 private:
  void EndWarmup(int64_t now_ns) {
    if (sink_.measuring() || now_ns < schedule_.measuring_from_ns()) return;
    sink_.StartMeasuring(now_ns);
    measured_->timeline.StartAgain(now_ns);
  }

  void SkipLocked(const Operation& operation, int64_t scheduled_ns, int64_t now_ns) {
    sink_.Scheduled(operation, scheduled_ns);
    sink_.Skipped(operation, scheduled_ns, now_ns);
  }

  const RunContext& context_;
  MeasuredRun* const measured_;
  const int64_t start_ns_;
  std::mutex mutex_;
  RunSchedule schedule_;
  OperationSink sink_;
  int open_ = 0;
  int64_t unreachable_since_ns_ = 0;
};

// One thread and its connection, which is opened when it is first needed and replaced when it
// breaks.
class Worker {
 public:
  Worker(SharedRun* shared, int number)
      : shared_(shared), client_(shared->context().workload->MakeClient(number)), number_(number) {}

  void Run() {
    if (!WaitForRamp()) return;
    Operation operation;
    OperationStamps stamps;
    while (!IsAborted() && shared_->TakeNext(Now(), &stamps.scheduled_ns, &operation)) {
      if (!WaitUntil(stamps.scheduled_ns)) {
        shared_->Skip(operation, stamps.scheduled_ns);
        break;
      }
      stamps.admitted_ns = shared_->context().load.open_loop() ? Now() : stamps.scheduled_ns;
      shared_->OnScheduled(operation, stamps.scheduled_ns, stamps.admitted_ns);
      RunOne(operation, &stamps);
    }
    Drop();
    if (IsAborted()) shared_->OnClientAborted();
  }

 private:
  static int64_t Now() { return SteadyClock::Get()->NowNs(); }

  bool IsAborted() const { return client_ != nullptr && client_->aborted(); }

  // False: interrupted.
  bool WaitUntil(int64_t time_ns) const {
    for (int64_t left_ns = time_ns - Now(); left_ns > 0; left_ns = time_ns - Now()) {
      if (!SleepUnlessInterrupted(left_ns)) return false;
    }
    return true;
  }

  // Thread k of n begins after k / (n - 1) of the ramp.
  bool WaitForRamp() const {
    const RunContext& context = shared_->context();
    const int threads = context.scenario->limit.value_or(1);
    if (context.load.ramp_s <= 0 || threads == 1) return true;
    const double share = static_cast<double>(number_) / (threads - 1);
    return WaitUntil(shared_->start_ns() +
                     static_cast<int64_t>(share * context.load.ramp_s * kNanosecondsPerSecond));
  }

  void RunOne(const Operation& operation, OperationStamps* stamps) {
    if (session_ == nullptr) {
      shared_->Gauge(ConnectionGauge::kWaiting, 1);
      const absl::Status connected = Connect();
      shared_->Gauge(ConnectionGauge::kWaiting, -1);
      if (!connected.ok()) {
        stamps->leased_ns = stamps->finished_ns = Now();
        if (FailureCode(connected) == kCauseInterrupted) {
          shared_->OnSkipped(operation, *stamps);
        } else {
          shared_->OnEnded(operation, *stamps, connected, {number_, 1});
        }
        return;
      }
    }
    shared_->Gauge(ConnectionGauge::kInUse, 1);
    stamps->leased_ns = Now();
    const int64_t round_trips_before = session_->round_trips();
    OperationTally tally;
    absl::Status status;
    Attempts attempts = {number_, 0};
    for (;;) {
      ++attempts.tries;
      status = RunInline(
          shared_->context().workload->Run(session_.get(), client_.get(), operation, &tally));
      stamps->finished_ns = Now();
      if (!shared_->MayRetry(status, attempts.tries, stamps->scheduled_ns, stamps->finished_ns)) {
        break;
      }
      if (!session_->usable()) break;
      if (client_ != nullptr) client_->PrepareRetry();
    }
    if (status.ok()) tally.round_trips += session_->round_trips() - round_trips_before;
    shared_->AddTally(tally, stamps->scheduled_ns);
    shared_->OnEnded(operation, *stamps, status, attempts);
    shared_->Gauge(ConnectionGauge::kInUse, -1);
    if (!session_->usable()) Drop();
  }

  absl::Status Connect() {
    const RunContext& context = shared_->context();
    int64_t backoff_ns = Pool::kFirstBackoffNs;
    for (;;) {
      auto session = std::make_unique<BlockingSession>(
          context.parameters, &context.workload->statements(), context.interrupt);
      const int64_t started_ns = Now();
      shared_->OnConnectTried();
      shared_->Gauge(ConnectionGauge::kConnecting, 1);
      absl::Status status = session->ConnectNow();
      shared_->Gauge(ConnectionGauge::kConnecting, -1);
      if (status.ok()) {
        session_ = std::move(session);
        shared_->OnOpened(Now() - started_ns);
        return status;
      }
      if (!absl::IsResourceExhausted(status)) return status;
      if (!shared_->OnRefused(Now(), status)) return status;
      if (!SleepUnlessInterrupted(backoff_ns)) {
        return WithFailureCode(absl::CancelledError("interrupted while connecting"),
                               kCauseInterrupted);
      }
      backoff_ns = std::min(backoff_ns * 2, Pool::kLongestBackoffNs);
    }
  }

  bool SleepUnlessInterrupted(int64_t duration_ns) const {
    pollfd descriptor = {shared_->context().interrupt->descriptor(), POLLIN, 0};
    const timespec timeout = {duration_ns / kNanosecondsPerSecond,
                              duration_ns % kNanosecondsPerSecond};
    ppoll(&descriptor, 1, &timeout, nullptr);
    return !shared_->context().interrupt->raised();
  }

  void Drop() {
    if (session_ == nullptr) return;
    session_->CloseNow();
    session_.reset();
    shared_->OnClosed();
  }

  SharedRun* const shared_;
  const std::unique_ptr<ClientState> client_;
  const int number_;
  std::unique_ptr<BlockingSession> session_;
};

}  // namespace

void RunBlocking(const RunContext& context, MeasuredRun* measured) {
  const int64_t thread_count =
      std::min<int64_t>(context.scenario->limit.value_or(1), context.operation_count);
  SharedRun shared(context, measured);
  std::vector<std::thread> threads;
  for (int number = 0; number < thread_count; ++number) {
    threads.emplace_back([&shared, number] { Worker(&shared, number).Run(); });
  }
  for (std::thread& thread : threads) thread.join();
  shared.Finish(SteadyClock::Get()->NowNs());
}

}  // namespace pgring
