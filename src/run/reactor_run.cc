#include "run/reactor_run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/base/system_calls.h"
#include "pgring/base/trace_points.h"
#include "pgring/coro/awaitables.h"
#include "run/limit_source.h"
#include "run/ramp.h"

namespace pgring {

ReactorRun::ReactorRun(const RunContext& context, Reactor* reactor,
                       PooledConnectionFactory* factory, Run* run)
    : context_(context),
      reactor_(reactor),
      run_(run),
      arrivals_(MakeArrivals(context)),
      sink_(context, run),
      limiter_(MakeLimiter(context, reactor)),
      pool_(reactor, PoolOptionsOf(context), factory, &run->timeline, &run->connect_ns),
      multiplexer_(context.scenario->type->shares_connections
                       ? std::make_unique<Multiplexer>(reactor, &pool_, &run->timeline,
                                                       context.scenario->pool.size)
                       : nullptr),
      pauses_(reactor),
      clients_(context.workload, *context.scenario, context.share, &pauses_,
               context.load.operations_per_client),
      keeps_connections_(context.workload->uses_session_state() && !clients_.of_connections() &&
                         !context.load.connect_each && multiplexer_ == nullptr &&
                         context.scenario->ClientCount() <= ConnectionCount(*context.scenario)),
      clients_go_on_(!context.load.open_loop() && !clients_.of_connections() &&
                     !context.load.connect_each && context.scenario->pool.max_overflow == 0),
      stop_(reactor->ready()),
      waits_end_(reactor->ready()),
      warmup_waits_end_(reactor->ready()),
      operations_ended_(reactor->ready()),
      operations_(reactor->ready()),
      timers_(reactor->ready()),
      opener_(reactor, &pool_),
      watch_(reactor, &pool_, context.interrupt) {
  pool_.set_on_refused([this](const absl::Status& refusal) { OnRefused(refusal); });
  watch_.set_on_cancel([this] {
    pauses_.End();
    if (multiplexer_ != nullptr) multiplexer_->StopBeginning();
  });
  if (multiplexer_ != nullptr) clients_.ShareConnections(multiplexer_.get());
}

Task<void> ReactorRun::Main() {
  watch_.WatchInterrupt([this] { OnInterrupt(); }, [this] { OnRingFailed(); });
  if (context_.io != IoMode::kReadiness) watch_.WatchWaits();
  if (context_.load.connect_before) {
    co_await ConnectAhead();
  }
  StartClock(AwaitStart());
  if (context_.load.open_loop()) {
    co_await AdmitOnSchedule();
  } else {
    co_await AdmitInTurn();
  }
  co_await operations_.Join();
  run_->ended_ns = Now();
  TraceRunEnd(run_->scenario.label.c_str(), run_->recorder.succeeded(), run_->recorder.failed());
  // The warm-up had not ended when the run was stopped: nothing was measured.
  if (!sink_.measuring()) StartMeasuring(run_->ended_ns);
  run_->timeline.Finish(run_->ended_ns);
  NoteRing();
  if (multiplexer_ != nullptr) {
    run_->depths = multiplexer_->Depths(run_->ended_ns);
    run_->depth_over_time = multiplexer_->DepthsOverTime(run_->ended_ns);
    // What it is still opening counts too.
    co_await multiplexer_->Close();
  }
  run_->connections = pool_.counters();
  clients_.ReleaseConnections();
  SkipTheRest();
  run_->rescued_waits = watch_.rescued_waits();
  operations_ended_.RequestStop();
  watch_.Stop();
  co_await watch_.Join();
  co_await timers_.Join();
  co_await pool_.Close();
  run_->bytes_per_connection = pool_.bytes_per_connection();
}

PoolOptions ReactorRun::PoolOptionsOf(const RunContext& context) {
  const ScenarioPlan& scenario = *context.scenario;
  PoolOptions options;
  options.reuses_connections = !context.load.connect_each;
  options.size = scenario.pool.size;
  options.max_overflow = scenario.pool.max_overflow;
  options.timeout_ns = static_cast<int64_t>(scenario.pool.timeout_s * kNanosecondsPerSecond);
  return options;
}

std::unique_ptr<Limiter> ReactorRun::MakeLimiter(const RunContext& context, Reactor* reactor) {
  const bool endless = context.load.open_loop() || context.load.duration_s.has_value();
  return context.scenario->type->make_limiter(
      {.reactor = reactor, .limit = context.scenario->limit.value_or(1), .endless = endless});
}

Task<void> ReactorRun::ConnectAhead() {
  const int64_t began_ns = Now();
  int64_t wanted = context_.scenario->ConnectionsNeeded(context_.operation_count);
  // Overflow connections would be closed on their return; clients keep theirs.
  if (!keeps_connections_) wanted = std::min<int64_t>(wanted, context_.scenario->pool.size);
  if (context_.operation_count == 0) wanted = 0;
  std::vector<Lease> leases = co_await opener_.Open(wanted);
  const int64_t now_ns = Now();
  run_->wanted_before = wanted;
  run_->opened_before = static_cast<int64_t>(leases.size());
  run_->connecting_ns = now_ns - began_ns;
  if (!opener_.failure().ok()) run_->connect_failure = opener_.failure();
  if (leases.empty() && wanted > 0 && !stop_.stop_requested()) {
    GiveUp(absl::StrCat("no connection could be opened: ", run_->connect_failure.message()));
  }
  size_t number = 0;
  for (Lease& lease : leases) {
    if (keeps_connections_) KeepConnection(clients_.at(number++), now_ns, &lease);
    if (multiplexer_ != nullptr) multiplexer_->Add(std::move(lease));
  }
}

void ReactorRun::OnRefused(const absl::Status& refusal) {
  opener_.OnRefused();
  const bool is_first = run_->connect_failure.ok();
  run_->connect_failure = refusal;
  if (is_first && context_.events != nullptr) context_.events->OnConnectionRefused(refusal);
}

void ReactorRun::OnInterrupt() {
  run_->interrupted = true;
  Stop();
}

void ReactorRun::OnRingFailed() {
  GiveUp(absl::StrCat(std::string(reactor_->failure().message()),
                      "; the scenarios sync and threads do without io_uring"));
}

// Nothing is in flight, and nothing else is to be done meanwhile.
int64_t ReactorRun::AwaitStart() {
  if (context_.start_line == nullptr) return Now();
  const absl::StatusOr<int64_t> start_ns = context_.start_line->Await();
  if (start_ns.ok()) return *start_ns;
  if (context_.interrupt->raised()) {
    OnInterrupt();
  } else {
    GiveUp(std::string(start_ns.status().message()));
  }
  return Now();
}

void ReactorRun::StartClock(int64_t now_ns) {
  // What went before the start of all workers is none of theirs.
  if (context_.start_line != nullptr) run_->timeline.StartAgain(now_ns);
  arrivals_->Start(now_ns);
  sink_.StartClock(arrivals_->measuring_from_ns(), arrivals_->end_ns());
  if (arrivals_->has_warmup()) {
    timers_.Spawn(EndWarmup());
  } else {
    StartMeasuring(now_ns);
    if (context_.load.connect_before) run_->timeline.StartAgain(now_ns);
  }
  if (arrivals_->end_ns() != kNoDeadlineNs) timers_.Spawn(EndWaits());
  if (context_.behind_pooler) timers_.Spawn(CloseIdleWhenNothingEnds());
  if (context_.load.ramp_s > 0) StartRamp(now_ns);
  if (context_.limits != nullptr) {
    searched_limit_ = context_.limits->limit();
    SetLimit();
  }
}

void ReactorRun::StartRamp(int64_t now_ns) {
  const Ramp ramp = {.full = context_.scenario->ClientCount(),
                     .start_ns = now_ns,
                     .full_ns = now_ns + SecondsInNs(context_.load.ramp_s),
                     .share = context_.share};
  OnRampReached(1);
  timers_.Spawn(FollowRamp(reactor_, ramp, StopToken(&operations_ended_),
                           [this](int limit) { OnRampReached(limit); }));
}

void ReactorRun::OnRampReached(int limit) {
  ramp_limit_ = limit;
  SetLimit();
}

void ReactorRun::SetLimit() {
  if (clients_.of_connections()) {
    pool_.SetLeaseLimit(ramp_limit_);
  } else {
    const int limit = std::max(1, std::min({ramp_limit_, clients_.left(), searched_limit_}));
    TraceLimitChanged(limiter_->limit(), limit);
    limiter_->set_limit(limit);
  }
}

Task<void> ReactorRun::EndWarmup() {
  const StopToken ended(&operations_ended_);
  const int64_t from_ns = arrivals_->measuring_from_ns();
  const bool reached = co_await SleepUntil(reactor_, from_ns, ended);
  if (!reached) co_return;
  const int64_t now_ns = Now();
  StartMeasuring(now_ns);
  run_->timeline.StartAgain(now_ns);
  // Without a limit the warm-up's queue would take the connections for all of the measured phase.
  // A schedule's backlog is part of its load and stays.
  if (!context_.load.open_loop()) warmup_waits_end_.RequestStop();
}

Task<void> ReactorRun::EndWaits() {
  const StopToken ended(&operations_ended_);
  const int64_t end_ns = arrivals_->end_ns();
  const bool reached = co_await SleepUntil(reactor_, end_ns, ended);
  if (!reached) co_return;
  EndWaitsForConnections();
}

Task<void> ReactorRun::CloseIdleWhenNothingEnds() {
  const StopToken ended(&operations_ended_);
  int64_t ended_before = -1;
  for (;;) {
    const int64_t then_ns = Now() + kNothingEndsNs;
    const bool reached = co_await SleepUntil(reactor_, then_ns, ended);
    if (!reached) co_return;
    if (operations_ended_count_ == ended_before && operations_.running() > 0) {
      clients_.ReleaseConnections();
      pool_.CloseIdle();
    }
    ended_before = operations_ended_count_;
  }
}

void ReactorRun::StartMeasuring(int64_t now_ns) {
  sink_.StartMeasuring(now_ns);
  pool_.StartMeasuring();
  if (multiplexer_ != nullptr) multiplexer_->StartMeasuring(now_ns);
  ring_before_ = reactor_->backend().stats();
  system_calls_before_ = SystemCallsOfThread();
}

void ReactorRun::NoteRing() {
  const BackendStats now = reactor_->backend().stats();
  run_->ring = BackendStats{
      now.enters - ring_before_.enters, now.submissions - ring_before_.submissions,
      now.completions - ring_before_.completions, now.overflows - ring_before_.overflows,
      now.blocking_receives - ring_before_.blocking_receives};
  run_->tally.system_calls = SystemCallsOfThread() - system_calls_before_;
}

void ReactorRun::GiveUp(std::string why) {
  run_->gave_up = std::move(why);
  Stop();
}

void ReactorRun::Stop() {
  EndAdmission();
  EndWaitsForConnections();
  opener_.Stop();
}

void ReactorRun::EndWaitsForConnections() {
  warmup_waits_end_.RequestStop();
  waits_end_.RequestStop();
  if (multiplexer_ != nullptr) multiplexer_->StopOpening();
}

void ReactorRun::EndAdmission() {
  stop_.RequestStop();
  limiter_->Close();
}

}  // namespace pgring
