#include "experiment/worker_process.h"

#include <poll.h>

#include <cerrno>
#include <ctime>
#include <iterator>
#include <utility>

#include "experiment/drive.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "run/start_line.h"

namespace pgring {
namespace {

// The next message, or why there is none: the other side has ended, or (Cancelled) the interrupt,
// where it is given.
absl::StatusOr<WorkerMessage> AwaitMessage(WorkerChannel* channel, const Interrupt* interrupt) {
  for (;;) {
    absl::StatusOr<std::optional<WorkerMessage>> message = channel->Receive();
    if (!message.ok()) return message.status();
    if (message->has_value()) return **std::move(message);
    if (interrupt != nullptr && interrupt->raised()) return absl::CancelledError("interrupted");
    pollfd waits[] = {{channel->descriptor(), POLLIN, 0},
                      {interrupt == nullptr ? -1 : interrupt->descriptor(), POLLIN, 0}};
    poll(waits, std::size(waits), -1);
  }
}

class ChannelStart final : public StartLine {
 public:
  explicit ChannelStart(const WorkerSetup& setup) : setup_(setup) {}

  absl::StatusOr<int64_t> Await() override {
    PGRING_RETURN_IF_ERROR(setup_.channel->Send(WorkerMessageKind::kReady, ""));
    const absl::StatusOr<WorkerMessage> message = AwaitMessage(setup_.channel, setup_.interrupt);
    if (!message.ok()) return message.status();
    if (message->kind != WorkerMessageKind::kStart) return absl::UnavailableError(message->bytes);
    int64_t start_ns = 0;
    PGRING_RETURN_IF_ERROR(FromBytes(message->bytes, &start_ns));
    SleepUntilNs(start_ns);
    late_ns_ = SteadyClock::Get()->NowNs() - start_ns;
    return start_ns;
  }
  int64_t late_ns() const { return late_ns_; }

 private:
  // Exact to some 50 us, which a poll for the interrupt would not be; it is a few milliseconds off.
  static void SleepUntilNs(int64_t time_ns) {
    const timespec until = {time_ns / kNanosecondsPerSecond, time_ns % kNanosecondsPerSecond};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
  }

  const WorkerSetup& setup_;
  int64_t late_ns_ = 0;
};

class TellsTheOther final : public RunEvents, public ErrorLog {
 public:
  TellsTheOther(WorkerChannel* channel, bool everything)
      : channel_(channel), everything_(everything) {}

  void OnMeasuringStarts() override {}
  void OnConnectionRefused(const absl::Status& refusal) override {
    (void)channel_->Send(WorkerMessageKind::kRefused, ToBytes(refusal));
  }
  void OnError(const OperationError& error) override {
    if (!everything_ && error.outcome != ErrorOutcome::kClientAborted) return;
    const ErrorNotice notice = {error.outcome, error.client, error.tries, error.status};
    (void)channel_->Send(WorkerMessageKind::kError, ToBytes(notice));
  }
  bool wants_everything() const override { return everything_; }
  void OnServerMessage(std::string_view text) override {
    if (everything_) (void)channel_->Send(WorkerMessageKind::kServerSays, text);
  }

 private:
  WorkerChannel* const channel_;
  const bool everything_;
};

RunOutcome RunShare(const WorkerSetup& setup, const RunRequest& request) {
  Workload* const workload = setup.workload->workload.get();
  if (request.behind_pooler) workload->AvoidPreparedStatements();
  workload->Adopt(request.findings);
  const ScenarioPlan scenario = ScenarioShare(request.scenario, setup.rank);
  TellsTheOther tells(setup.channel, request.tells_every_error);
  ChannelStart start(setup);
  RunOutcome outcome;
  outcome.run = Run(scenario, request.load, workload->kinds());
  RunContext context;
  context.scenario = &scenario;
  context.workload = workload;
  context.operations = setup.workload->operations.get();
  context.load = request.load;
  context.share = ShareOf(request.scenario, request.load, setup.rank);
  context.operation_count = context.share.CountOf(request.operations);
  context.start_line = &start;
  context.io = request.io;
  context.behind_pooler = request.behind_pooler;
  context.events = &tells;
  context.errors = &tells;
  context.log = setup.log->StartRun(request.log_name);
  context.interrupt = setup.interrupt;
  context.progress = setup.progress;
  outcome.driven = DriveHere(context, request.parameters, &outcome.run);
  outcome.logged = setup.log->EndRun();
  outcome.run.workers = {PartOf(outcome.run, setup.rank)};
  outcome.run.workers.front().late_ns = start.late_ns();
  return outcome;
}

}  // namespace

void ServeRuns(const WorkerSetup& setup) {
  for (;;) {
    const absl::StatusOr<WorkerMessage> message = AwaitMessage(setup.channel, nullptr);
    if (!message.ok()) return;
    RunRequest request;
    if (message->kind != WorkerMessageKind::kRun || !FromBytes(message->bytes, &request).ok()) {
      // A start that was sent to a worker whose run had ended before.
      continue;
    }
    const RunOutcome outcome = RunShare(setup, request);
    if (!setup.channel->Send(WorkerMessageKind::kDone, ToBytes(outcome)).ok()) return;
  }
}

}  // namespace pgring
