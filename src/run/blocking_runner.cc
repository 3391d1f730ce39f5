#include "run/blocking_runner.h"

#include <poll.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/blocking_session.h"
#include "run/run_schedule.h"
#include "run/shared_run.h"
#include "run/start_gate.h"

namespace pgring {
namespace {

// One thread and its connection, which is opened before the run or when it is first needed, and
// replaced when it breaks.
class Worker {
 public:
  Worker(SharedRun* shared, int number)
      : shared_(shared),
        client_(shared->context().workload->MakeClient(number)),
        number_(number),
        operations_left_(shared->context().load.operations_per_client.value_or(
            std::numeric_limits<int64_t>::max())) {}

  void Run(StartGate* start) {
    if (shared_->context().load.connect_before) ConnectAhead();
    start->ArriveAndWait();
    if (WaitForRamp()) RunOperations();
    Drop();
    if (IsAborted()) shared_->OnClientAborted();
  }

 private:
  static int64_t Now() { return SteadyClock::Get()->NowNs(); }

  void ConnectAhead() {
    const absl::Status connected = Connect(RunSchedule::kNever);
    const bool refused_or_stopped =
        absl::IsResourceExhausted(connected) || FailureCode(connected) == kCauseInterrupted;
    if (!connected.ok() && !refused_or_stopped) shared_->OnConnectFailed(connected);
  }

  void RunOperations() {
    Operation operation;
    OperationStamps stamps;
    while (!IsAborted() && operations_left_-- > 0 &&
           shared_->TakeNext(Now(), &stamps.scheduled_ns, &operation)) {
      if (!WaitUntil(stamps.scheduled_ns)) {
        shared_->Skip(operation, stamps.scheduled_ns);
        break;
      }
      stamps.admitted_ns = shared_->context().load.open_loop() ? Now() : stamps.scheduled_ns;
      shared_->OnScheduled(operation, stamps.scheduled_ns, stamps.admitted_ns);
      RunOne(operation, &stamps);
    }
  }

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
    const bool waits = session_ == nullptr;
    if (waits) {
      shared_->Gauge(ConnectionGauge::kWaiting, 1);
      const absl::Status connected = Connect(shared_->end_ns());
      shared_->Gauge(ConnectionGauge::kWaiting, -1);
      if (!connected.ok()) {
        stamps->leased_ns = stamps->finished_ns = Now();
        if (FailureCode(connected) == kCauseInterrupted) {
          const bool time_is_up = stamps->finished_ns >= shared_->end_ns();
          shared_->OnSkipped(operation, time_is_up ? SkipReason::kTimeUp : SkipReason::kStopped,
                             *stamps);
        } else {
          shared_->OnEnded(operation, *stamps, connected, {number_, 1});
        }
        return;
      }
    }
    stamps->leased_ns = Now();
    // What did not wait was asked when it was taken.
    const std::optional<SkipReason> skip =
        waits ? shared_->ReasonToSkip(stamps->scheduled_ns, stamps->leased_ns) : std::nullopt;
    if (skip.has_value()) {
      stamps->finished_ns = stamps->leased_ns;
      shared_->OnSkipped(operation, *skip, *stamps);
      return;
    }
    shared_->Gauge(ConnectionGauge::kInUse, 1);
    const int64_t round_trips_before = session_->round_trips();
    OperationTally tally;
    absl::Status status;
    Attempts attempts = {number_, 0};
    for (;;) {
      ++attempts.tries;
      status = RunInline(
          shared_->context().workload->Run(session_.get(), client_.get(), operation, &tally));
      stamps->finished_ns = Now();
      if (!shared_->MayRetry(status, attempts, stamps->scheduled_ns, stamps->finished_ns)) {
        break;
      }
      if (!session_->at_rest()) break;
      if (client_ != nullptr) client_->PrepareRetry();
    }
    if (status.ok()) tally.round_trips += session_->round_trips() - round_trips_before;
    shared_->AddTally(tally, stamps->scheduled_ns);
    shared_->OnEnded(operation, *stamps, status, attempts);
    shared_->Gauge(ConnectionGauge::kInUse, -1);
    if (!session_->at_rest() || shared_->context().load.connect_each) Drop();
  }

  // Tries again while it is refused, until `deadline_ns`.
  absl::Status Connect(int64_t deadline_ns) {
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
      const int64_t now_ns = Now();
      if (!shared_->OnRefused(now_ns, status)) return status;
      const bool goes_on = SleepUnlessInterrupted(std::min(backoff_ns, deadline_ns - now_ns));
      if (!goes_on || Now() >= deadline_ns) {
        return WithFailureCode(absl::CancelledError("stopped while connecting"), kCauseInterrupted);
      }
      backoff_ns = std::min(backoff_ns * 2, Pool::kLongestBackoffNs);
    }
  }

  bool SleepUnlessInterrupted(int64_t duration_ns) const {
    if (duration_ns <= 0) return !shared_->context().interrupt->raised();
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
  int64_t operations_left_;
  std::unique_ptr<BlockingSession> session_;
};

}  // namespace

void RunBlocking(const RunContext& context, MeasuredRun* measured) {
  const int64_t thread_count =
      std::min<int64_t>(context.scenario->ClientCount(), context.operation_count);
  SharedRun shared(context, thread_count, measured);
  StartGate start;
  std::vector<std::thread> threads;
  for (int number = 0; number < thread_count; ++number) {
    try {
      threads.emplace_back([&shared, &start, number] { Worker(&shared, number).Run(&start); });
    } catch (const std::system_error& error) {
      shared.GiveUp(absl::StrCat("thread ", number + 1, " of ", thread_count,
                                 " could not be started (", error.code().message(),
                                 "); use fewer threads, or raise 'ulimit -u'"));
      break;
    }
  }
  start.AwaitArrivals(threads.size());
  shared.StartClock();
  start.Open();
  for (std::thread& thread : threads) thread.join();
  shared.Finish(SteadyClock::Get()->NowNs());
}

}  // namespace pgring
