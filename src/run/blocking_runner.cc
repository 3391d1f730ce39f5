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
#include "pgring/base/system_calls.h"
#include "pgring/base/trace_points.h"
#include "pgring/coro/run.h"
#include "pgring/postgres/blocking_session.h"
#include "run/attempt_loop.h"
#include "run/blocking_pauses.h"
#include "run/ramp.h"
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
        pauses_(shared->context().interrupt),
        place_(number),
        number_(shared->context().share.ClientOf(number)),
        client_(shared->context().workload->MakeClient(number_, &pauses_)),
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
    const absl::Status connected = Connect(kNoDeadlineNs);
    const bool refused_or_stopped =
        absl::IsResourceExhausted(connected) || FailureCode(connected) == kCauseInterrupted;
    if (!connected.ok() && !refused_or_stopped) shared_->OnConnectFailed(connected);
  }

  void RunOperations() {
    while (!IsAborted() && operations_left_-- > 0) {
      const std::optional<Arrival> arrival = shared_->TakeNext(Now());
      if (!arrival.has_value()) break;
      if (!WaitUntil(arrival->due_ns)) {
        shared_->Skip(*arrival);
        break;
      }
      OperationStamps stamps;
      stamps.scheduled_ns = arrival->due_ns;
      stamps.admitted_ns = shared_->context().load.open_loop() ? Now() : arrival->due_ns;
      TraceOperationAdmitted(arrival->operation.index, stamps.scheduled_ns, stamps.admitted_ns);
      shared_->OnScheduled(*arrival, stamps.admitted_ns);
      RunOne(*arrival, &stamps);
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

  // A thread begins when the ramp's limit has room for it.
  bool WaitForRamp() const {
    const RunContext& context = shared_->context();
    const int64_t start_ns = shared_->start_ns();
    const Ramp ramp = {.full = context.scenario->ClientCount(),
                       .start_ns = start_ns,
                       .full_ns = start_ns + SecondsInNs(context.load.ramp_s),
                       .share = context.share};
    return WaitUntil(ramp.ReachesNs(place_ + 1));
  }

  void RunOne(const Arrival& arrival, OperationStamps* stamps) {
    const bool waits = session_ == nullptr;
    if (waits && !ConnectFor(arrival, stamps)) return;
    stamps->leased_ns = Now();
    // What did not wait was asked when it was taken.
    const std::optional<SkipReason> skip =
        waits ? shared_->sink().ReasonToSkip(arrival.due_ns, stamps->leased_ns) : std::nullopt;
    if (skip.has_value()) {
      shared_->OnSkipped(arrival, *skip, stamps->leased_ns);
      return;
    }
    TraceOperationLeased(arrival.operation.index, number_, stamps->leased_ns);
    shared_->Gauge(ConnectionGauge::kInUse, 1);
    OperationTally tally;
    const int64_t system_calls_before = SystemCallsOfThread();
    absl::Status status;
    AttemptLoop attempts(shared_->sink(), session_.get(), client_.get(), number_);
    do {
      status = RunInline(shared_->context().workload->Run(session_.get(), client_.get(),
                                                          arrival.operation, &tally));
      stamps->finished_ns = Now();
    } while (attempts.GoesOn(status, arrival.due_ns, stamps->finished_ns));
    if (status.ok()) tally.round_trips += attempts.round_trips();
    tally.system_calls += SystemCallsOfThread() - system_calls_before;
    shared_->OnEnded(arrival, *stamps, status, attempts.attempts(), tally);
    shared_->Gauge(ConnectionGauge::kInUse, -1);
    if (!session_->at_rest() || shared_->context().load.connect_each) Drop();
  }

  // False: there is no connection, and the operation has ended.
  bool ConnectFor(const Arrival& arrival, OperationStamps* stamps) {
    shared_->Gauge(ConnectionGauge::kWaiting, 1);
    const absl::Status connected = Connect(shared_->end_ns());
    shared_->Gauge(ConnectionGauge::kWaiting, -1);
    if (connected.ok()) return true;
    stamps->leased_ns = stamps->finished_ns = Now();
    if (FailureCode(connected) == kCauseInterrupted) {
      const bool time_is_up = stamps->finished_ns >= shared_->end_ns();
      shared_->OnSkipped(arrival, time_is_up ? SkipReason::kTimeUp : SkipReason::kStopped,
                         stamps->finished_ns);
    } else {
      shared_->OnEnded(arrival, *stamps, connected, {number_, 1}, OperationTally());
    }
    return false;
  }

  // Tries again while it is refused, until `deadline_ns`.
  absl::Status Connect(int64_t deadline_ns) {
    const RunContext& context = shared_->context();
    ConnectBackoff backoff;
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
      const bool goes_on = SleepUnlessInterrupted(std::min(backoff.NextNs(), deadline_ns - now_ns));
      if (!goes_on || Now() >= deadline_ns) {
        return WithFailureCode(absl::CancelledError("stopped while connecting"), kCauseInterrupted);
      }
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
  BlockingPauses pauses_;
  const int place_;   // among the threads of this process
  const int number_;  // among the clients of the run
  const std::unique_ptr<ClientState> client_;
  int64_t operations_left_;
  std::unique_ptr<BlockingSession> session_;
};

// When the clock starts; where it does not, the run is given up.
int64_t AwaitStart(const RunContext& context, SharedRun* shared) {
  if (context.start_line == nullptr) return SteadyClock::Get()->NowNs();
  const absl::StatusOr<int64_t> start_ns = context.start_line->Await();
  if (start_ns.ok()) return *start_ns;
  if (!context.interrupt->raised()) shared->GiveUp(std::string(start_ns.status().message()));
  return SteadyClock::Get()->NowNs();
}

}  // namespace

absl::Status RunBlocking(const RunContext& context, Run* run) {
  const int64_t thread_count =
      std::min<int64_t>(context.scenario->ClientCount(), context.operation_count);
  SharedRun shared(context, thread_count, run);
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
  const int64_t connected_ns = SteadyClock::Get()->NowNs();
  shared.StartClock(connected_ns, AwaitStart(context, &shared));
  start.Open();
  for (std::thread& thread : threads) thread.join();
  shared.Finish(SteadyClock::Get()->NowNs());
  return absl::OkStatus();
}

}  // namespace pgring
