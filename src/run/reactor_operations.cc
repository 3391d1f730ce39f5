// Operations of a run on the reactor, from their admission to their end.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "pgring/base/trace_points.h"
#include "pgring/coro/awaitables.h"
#include "run/attempt_loop.h"
#include "run/limit_source.h"
#include "run/reactor_run.h"

namespace pgring {

Task<void> ReactorRun::AdmitInTurn() {
  while (!stop_.stop_requested()) {
    Permit permit = co_await limiter_->Admit();
    // The time was up, the list at its end or the run stopped before there was room.
    if (stop_.stop_requested()) break;
    const std::optional<Arrival> arrival = arrivals_->Next(Now());
    if (!arrival.has_value()) break;
    Start(*arrival, arrival->due_ns, std::move(permit));
  }
}

Task<void> ReactorRun::AdmitOnSchedule() {
  const StopToken stop(&stop_);
  while (!stop_.stop_requested()) {
    const std::optional<Arrival> arrival = arrivals_->Next(Now());
    if (!arrival.has_value()) break;
    if (arrival->due_ns > Now()) {
      co_await SleepUntil(reactor_, arrival->due_ns, stop);
    }
    if (stop_.stop_requested()) {
      arrivals_->PutBack(*arrival);
      break;
    }
    std::optional<SkipReason> skip = sink_.ReasonToSkip(arrival->due_ns, Now());
    Permit permit;
    if (!skip.has_value()) {
      permit = co_await limiter_->Admit();
      skip = sink_.ReasonToSkip(arrival->due_ns, Now());
    }
    if (stop_.stop_requested()) skip = SkipReason::kStopped;
    if (skip.has_value()) {
      Skip(*arrival, *skip);
    } else {
      // Without a limit there was nothing to wait for.
      Start(*arrival, clients_.of_connections() ? arrival->due_ns : Now(), std::move(permit));
    }
  }
}

void ReactorRun::Start(const Arrival& arrival, int64_t admitted_ns, Permit permit) {
  OperationStamps stamps;
  stamps.scheduled_ns = arrival.due_ns;
  stamps.admitted_ns = admitted_ns;
  TraceOperationAdmitted(arrival.operation.index, arrival.due_ns, admitted_ns);
  sink_.Scheduled(arrival);
  operations_.Spawn(RunOperation(arrival, stamps, std::move(permit)));
}

void ReactorRun::Skip(const Arrival& arrival, SkipReason reason) {
  sink_.Scheduled(arrival);
  sink_.Skipped(arrival, reason, Now());
}

Task<void> ReactorRun::RunOperation(Arrival arrival, OperationStamps stamps, Permit permit) {
  ClientSlot* client = clients_.Take();
  Lease lease;
  bool waited = false;
  if (client != nullptr && client->lease.held()) {
    lease = std::move(client->lease);
  } else if (multiplexer_ == nullptr) {
    waited = !pool_.has_idle();
    const StopToken waits_end(arrival.phase == Phase::kWarmup ? &warmup_waits_end_ : &waits_end_);
    auto acquired = co_await pool_.Acquire(waits_end);
    if (!acquired.ok()) {
      stamps.leased_ns = stamps.finished_ns = Now();
      OnNoConnection(arrival, stamps, acquired.status(), client);
      NoteEnd({stamps, false});
      EndTurn(client, &lease, std::move(permit), {stamps, false});
      co_return;
    }
    lease = std::move(*acquired);
  }
  if (client == nullptr) {
    client = clients_.at(static_cast<size_t>(lease.connection_number()));
  }
  stamps.leased_ns = Now();
  lease.Unpark(stamps.leased_ns);
  // What did not wait was asked when it was admitted, a moment ago.
  const std::optional<SkipReason> skip =
      waited ? sink_.ReasonToSkip(stamps.scheduled_ns, stamps.leased_ns) : std::nullopt;
  if (skip.has_value()) {
    sink_.Skipped(arrival, *skip, stamps.leased_ns);
    NoteEnd({stamps, false});
    EndTurn(client, &lease, std::move(permit), {stamps, false});
    co_return;
  }
  SharedSession* const shared = client->shared.get();
  Session* session = shared != nullptr ? shared : lease.session();
  ClientState* state = client->state.get();
  absl::Status status;
  int64_t turns = 0;
  do {
    if (shared != nullptr) shared->Renew();
    TraceOperationLeased(arrival.operation.index, client->number, stamps.leased_ns);
    turns = reactor_->stats().turns;
    OperationTally* tally = sink_.TallyOf(arrival.phase);
    AttemptLoop attempts(sink_, session, state, client->number);
    do {
      status = co_await context_.workload->Run(session, state, arrival.operation, tally);
      stamps.finished_ns = Now();
    } while (attempts.GoesOn(status, stamps.scheduled_ns, stamps.finished_ns));
    if (shared != nullptr) {
      stamps.queued_ns = shared->TakeQueuedNs();
      shared->EndUse();
    }
    if (status.ok()) {
      tally->round_trips += attempts.round_trips();
      sink_.Succeeded(arrival, stamps, attempts.attempts());
    } else if (shared != nullptr && !shared->has_sent()) {
      OnNoConnection(arrival, stamps, status, client);
    } else {
      sink_.Failed(arrival, stamps, status, attempts.attempts());
    }
    NoteEnd({stamps, status.ok()});
    // What never waited for the server leaves the turn to the others.
  } while (status.ok() && reactor_->stats().turns != turns &&
           GoesOn(client, *session, permit, &arrival, &stamps));
  EndTurn(client, &lease, std::move(permit), {stamps, status.ok()});
}

bool ReactorRun::GoesOn(ClientSlot* client, const Session& session, const Permit& permit,
                        Arrival* arrival, OperationStamps* stamps) {
  if (!clients_go_on_ || client->aborted() || client->operations_left == 0 || !session.at_rest() ||
      pool_.has_waiters()) {
    return false;
  }
  if (stop_.stop_requested() || !limiter_->GoesOn(permit, {*stamps, true})) return false;
  // Its place was free when the last operation ended.
  const int64_t now_ns = stamps->finished_ns;
  const std::optional<Arrival> next = arrivals_->Next(now_ns);
  if (!next.has_value()) return false;
  --client->operations_left;
  *arrival = *next;
  *stamps = OperationStamps();
  stamps->scheduled_ns = stamps->admitted_ns = stamps->leased_ns = now_ns;
  TraceOperationAdmitted(arrival->operation.index, now_ns, now_ns);
  sink_.Scheduled(*arrival);
  return true;
}

void ReactorRun::EndTurn(ClientSlot* client, Lease* lease, Permit permit,
                         const OperationSample& sample) {
  if (client != nullptr) {
    if (client->aborted()) {
      OnClientAborted(client, lease);
    } else if (client->operations_left == 0) {
      EndClient();
    } else {
      // Not while another client has none: it would wait for as long as the run lasts.
      if (keeps_connections_ && lease->held() && lease->session()->at_rest() &&
          !pool_.has_waiters()) {
        KeepConnection(client, Now(), lease);
      }
      clients_.GiveBack(client);
    }
  }
  // The session first, so that the operation that the permit admits finds it.
  lease->Release();
  limiter_->OnEnd(std::move(permit), sample);
}

void ReactorRun::NoteEnd(const OperationSample& sample) {
  ++operations_ended_count_;
  if (context_.limits == nullptr) return;
  context_.limits->OnEnd(sample, pool_.open());
  if (context_.limits->done()) {
    EndAdmission();
  } else if (context_.limits->limit() != searched_limit_) {
    searched_limit_ = context_.limits->limit();
    SetLimit();
  }
}

void ReactorRun::OnClientAborted(ClientSlot* client, Lease* lease) {
  // Before the end of the last client ends admission.
  const bool was_stopped = stop_.stop_requested();
  ++run_->aborted_clients;
  // Its connection's number is its name, so that it must not be another client's.
  if (clients_.of_connections()) KeepConnection(client, Now(), lease);
  EndClient();
  if (was_stopped) return;
  const bool none_left = run_->aborted_clients == static_cast<int64_t>(clients_.size());
  if (context_.load.exit_on_abort) {
    GiveUp(absl::StrCat("an error aborted a client (--exit-on-abort): ", run_->first_failure));
  } else if (none_left) {
    GiveUp(
        absl::StrCat("every client was aborted by an error; the first one: ", run_->first_failure));
  }
}

void ReactorRun::EndClient() {
  clients_.End();
  if (clients_.left() == 0) {
    EndAdmission();
  } else {
    SetLimit();
  }
}

void ReactorRun::KeepConnection(ClientSlot* client, int64_t now_ns, Lease* lease) {
  lease->Park(now_ns);
  client->lease = std::move(*lease);
}

void ReactorRun::OnNoConnection(const Arrival& arrival, const OperationStamps& stamps,
                                const absl::Status& status, const ClientSlot* client) {
  if (FailureCode(status) == kCauseInterrupted) {
    const SkipReason reason = stop_.stop_requested() ? SkipReason::kStopped : SkipReason::kTimeUp;
    sink_.Skipped(arrival, reason, stamps.finished_ns);
    return;
  }
  sink_.Failed(arrival, stamps, status, {client == nullptr ? 0 : client->number, 1});
  if (pool_.gave_up() && !stop_.stop_requested()) GiveUp(std::string(status.message()));
}

void ReactorRun::SkipTheRest() {
  while (const std::optional<Arrival> arrival = arrivals_->TakeUnscheduled(run_->ended_ns)) {
    sink_.Scheduled(*arrival);
    sink_.Skipped(*arrival, SkipReason::kStopped, run_->ended_ns);
  }
}

}  // namespace pgring
