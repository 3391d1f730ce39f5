#include "experiment/run_verification.h"

#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/postgres/blocking_session.h"

namespace pgring {
namespace {

// How long a server that went away in a run may take to come back.
constexpr int64_t kServerReturnNs = 30 * kNanosecondsPerSecond;
constexpr int64_t kServerRetryNs = 100 * kNanosecondsPerMillisecond;

absl::StatusOr<std::unique_ptr<BlockingSession>> Reconnect(const VerificationContext& context,
                                                           const Interrupt* interrupt) {
  const int64_t give_up_ns = SteadyClock::Get()->NowNs() + kServerReturnNs;
  for (;;) {
    auto session = std::make_unique<BlockingSession>(&context.parameters, nullptr, interrupt);
    absl::Status connected = session->ConnectNow();
    // The setting would stay in the pooler's session, for other clients.
    if (connected.ok() && !context.behind_pooler) {
      connected = session->ExecuteSql("SET statement_timeout = '60s'").status();
    }
    if (connected.ok()) return session;
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    const bool interrupted =
        interrupt->raised() &&
        now_ns >= interrupt->raised_at_ns() + Interrupt::kDrainNs + Interrupt::kCancelNs;
    if (now_ns >= give_up_ns || interrupted || absl::IsUnauthenticated(connected)) {
      return Annotate(connected, "connecting for the verification");
    }
    poll(nullptr, 0, static_cast<int>(kServerRetryNs / kNanosecondsPerMillisecond));
  }
}

}  // namespace

CommittedWork WorkOf(const Run& run) {
  return {
      .succeeded = run.succeeded_by_kind,
      .unconfirmed_commits = run.tally.unconfirmed_commits + run.warmup_tally.unconfirmed_commits};
}

void VerifyRun(const VerificationContext& context, const CommittedWork& work, Run* run) {
  // An interrupted run is verified too, and that may take as long again as an interrupt allows.
  Interrupt late;
  const bool is_late = context.interrupt->raised();
  if (is_late) late.Raise(context.interrupt->signal_number());
  auto session = Reconnect(context, is_late ? &late : context.interrupt);
  if (!session.ok()) {
    run->not_verified = std::string(session.status().message());
    return;
  }
  for (std::string& observation : context.workload->Observations(session->get(), work)) {
    run->remarks.push_back(std::move(observation));
  }
  absl::StatusOr<std::optional<Verification>> verification =
      context.workload->Verify(session->get(), work);
  if (verification.ok()) {
    run->verification = *verification;
  } else {
    run->not_verified = std::string(verification.status().message());
  }
  (*session)->CloseNow();
}

}  // namespace pgring
