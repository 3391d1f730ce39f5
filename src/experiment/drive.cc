#include "experiment/drive.h"

#include "experiment/probes.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/postgres/server_messages.h"

namespace pgring {
namespace {

class StartsProbes final : public RunEvents {
 public:
  StartsProbes(RunEvents* others, Probe* probes) : others_(others), probes_(probes) {}

  // Last what must see nothing of what the others cost.
  void OnMeasuringStarts() override {
    if (others_ != nullptr) others_->OnMeasuringStarts();
    probes_->Start();
  }
  void OnConnectionRefused(const absl::Status& refusal) override {
    if (others_ != nullptr) others_->OnConnectionRefused(refusal);
  }

 private:
  RunEvents* const others_;
  Probe* const probes_;
};

}  // namespace

absl::Status DriveHere(RunContext context, ConnectionParameters parameters, Run* run) {
  Probes probes;
  // Memory first: the reset makes this run's peak its own.
  probes.Add(MakePeakMemoryProbe());
  probes.Add(MakeProcessCostProbe());
  StartsProbes events(context.events, &probes);
  ErrorLog* const errors = context.errors;
  ServerMessages messages([errors](std::string_view text) {
    if (errors != nullptr) errors->OnServerMessage(text);
  });
  parameters.set_server_messages(&messages);
  context.parameters = &parameters;
  context.events = &events;
  if (context.progress->is_detailed) run->timeline.PublishTo(&context.progress->connections);
  context.workload->StartRun();
  const absl::Status driven = context.scenario->type->driver->run(context, run);
  run->timeline.PublishTo(nullptr);
  PGRING_RETURN_IF_ERROR(driven);
  context.progress->ended_ns.store(SteadyClock::Get()->NowNs(), std::memory_order_relaxed);
  probes.Stop();
  probes.Collect(run);
  run->server_messages = messages.counts();
  run->commands = context.workload->command_figures();
  return absl::OkStatus();
}

WorkerPart PartOf(const Run& run, int rank) {
  const OperationSummary& total = run.total();
  WorkerPart part;
  part.rank = rank;
  part.scheduled = total.scheduled;
  part.succeeded = total.succeeded;
  part.failed = total.failed;
  part.skipped = total.skipped;
  part.duration_ns = run.ended_ns - run.started_ns;
  part.client = run.client;
  return part;
}

Run LostRun(const RunContext& whole, const WorkerShare& share, int64_t known, int64_t at_ns) {
  Run run(*whole.scenario, whole.load, whole.workload->kinds());
  run.started_ns = run.ended_ns = at_ns;
  run.timeline.Start(at_ns, 0);
  run.timeline.Finish(at_ns);
  run.recorder.StartSeconds(at_ns);
  OperationStamps stamps;
  stamps.scheduled_ns = stamps.finished_ns = at_ns;
  for (int64_t number = 0; number < known; ++number) {
    const uint8_t kind = whole.operations->At(share.IndexOf(number)).kind;
    run.recorder.Scheduled(kind, at_ns);
    run.recorder.Failed(kind, stamps, kCauseWorkerLost);
  }
  run.tally.unconfirmed_commits = known;
  if (known > 0) run.first_failure = "its worker is gone";
  run.workers = {PartOf(run, share.rank)};
  return run;
}

}  // namespace pgring
