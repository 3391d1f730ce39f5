#include "run/blocking_runner.h"

#include <poll.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/blocking_session.h"

namespace pgring {
namespace {

// What the threads share. One mutex guards all of it: it is held for well under a microsecond,
// twice an operation, beside server round trips of a hundred and more.
class SharedRun {
 public:
  SharedRun(const RunContext& context, MeasuredRun* measured)
      : context_(context), measured_(measured) {}

  // The next operation, scheduled at `now_ns`; nothing when the list is at its end or the run is to
  // stop.
  bool TakeNext(int64_t now_ns, Operation* operation) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (context_.interrupt->raised()) measured_->interrupted = true;
    if (measured_->interrupted || !measured_->gave_up.empty()) return false;
    if (next_ == context_.operations->size()) return false;
    *operation = (*context_.operations)[next_++];
    measured_->recorder.Scheduled(operation->kind, now_ns);
    return true;
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

  void OnEnded(Operation operation, const OperationStamps& stamps, const absl::Status& status) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok()) {
      measured_->recorder.Succeeded(operation.kind, stamps);
    } else {
      measured_->recorder.Failed(operation.kind, stamps, FailureCode(status));
      if (measured_->first_failure.empty()) {
        measured_->first_failure = std::string(status.message());
      }
      context_.progress->failed.fetch_add(1, std::memory_order_relaxed);
    }
    context_.progress->ended.fetch_add(1, std::memory_order_relaxed);
  }

  void OnSkipped(Operation operation, const OperationStamps& stamps) {
    std::lock_guard<std::mutex> lock(mutex_);
    measured_->recorder.Skipped(operation.kind, stamps.scheduled_ns, stamps.finished_ns);
  }

  void AddTally(const OperationTally& tally) {
    std::lock_guard<std::mutex> lock(mutex_);
    measured_->tally.Add(tally);
  }

  // After the threads have ended: the operations that were not taken.
  void SkipTheRest(int64_t now_ns) {
    for (; next_ < context_.operations->size(); ++next_) {
      const uint8_t kind = (*context_.operations)[next_].kind;
      measured_->recorder.Scheduled(kind, now_ns);
      measured_->recorder.Skipped(kind, now_ns);
    }
  }

  const RunContext& context() const { return context_; }

 private:
  const RunContext& context_;
  MeasuredRun* const measured_;
  std::mutex mutex_;
  size_t next_ = 0;
  int open_ = 0;
  int64_t unreachable_since_ns_ = 0;
};

// One thread and its connection, which is opened when it is first needed and replaced when it
// breaks.
class Worker {
 public:
  explicit Worker(SharedRun* shared) : shared_(shared) {}

  void Run() {
    Operation operation;
    OperationStamps stamps;
    stamps.scheduled_ns = Now();
    while (shared_->TakeNext(stamps.scheduled_ns, &operation)) {
      stamps.admitted_ns = stamps.scheduled_ns;
      RunOne(operation, &stamps);
      stamps.scheduled_ns = Now();
    }
    Drop();
    shared_->AddTally(tally_);
  }

 private:
  static int64_t Now() { return SteadyClock::Get()->NowNs(); }

  void RunOne(Operation operation, OperationStamps* stamps) {
    if (session_ == nullptr) {
      shared_->Gauge(ConnectionGauge::kWaiting, 1);
      const absl::Status connected = Connect();
      shared_->Gauge(ConnectionGauge::kWaiting, -1);
      if (!connected.ok()) {
        stamps->leased_ns = stamps->finished_ns = Now();
        if (FailureCode(connected) == kCauseInterrupted) {
          shared_->OnSkipped(operation, *stamps);
        } else {
          shared_->OnEnded(operation, *stamps, connected);
        }
        return;
      }
    }
    shared_->Gauge(ConnectionGauge::kInUse, 1);
    stamps->leased_ns = Now();
    const int64_t round_trips_before = session_->round_trips();
    const absl::Status status =
        RunInline(shared_->context().workload->Run(session_.get(), operation, &tally_));
    stamps->finished_ns = Now();
    if (status.ok()) tally_.round_trips += session_->round_trips() - round_trips_before;
    shared_->OnEnded(operation, *stamps, status);
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
    poll(&descriptor, 1, static_cast<int>(duration_ns / kNanosecondsPerMillisecond));
    return !shared_->context().interrupt->raised();
  }

  void Drop() {
    if (session_ == nullptr) return;
    session_->CloseNow();
    session_.reset();
    shared_->OnClosed();
  }

  SharedRun* const shared_;
  std::unique_ptr<BlockingSession> session_;
  OperationTally tally_;
};

}  // namespace

void RunBlocking(const RunContext& context, MeasuredRun* measured) {
  const auto thread_count = static_cast<size_t>(context.scenario->limit.value_or(1));
  SharedRun shared(context, measured);
  measured->started_ns = SteadyClock::Get()->NowNs();
  measured->timeline.Start(measured->started_ns,
                           context.operations->size() * kTimelineStepsPerOperation);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min(thread_count, context.operations->size()); ++i) {
    threads.emplace_back([&shared] { Worker(&shared).Run(); });
  }
  for (std::thread& thread : threads) thread.join();
  measured->ended_ns = SteadyClock::Get()->NowNs();
  measured->timeline.Finish(measured->ended_ns);
  shared.SkipTheRest(measured->ended_ns);
}

}  // namespace pgring
