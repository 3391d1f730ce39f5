#include "postgres/connect_attempt.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {

absl::StatusOr<Want> ConnectAttempt::Start() { return AfterStep(libpq_->StartConnect(remaining_)); }

absl::StatusOr<Want> ConnectAttempt::Continue() { return AfterStep(libpq_->ContinueConnect()); }

absl::StatusOr<Want> ConnectAttempt::AfterStep(absl::StatusOr<Want> want) {
  const void* host = libpq_->host_identity();
  if (std::exchange(host_, host) != host) {
    deadline_ns_ = clock_->NowNs() + remaining_.connect_timeout_s() * kNanosecondsPerSecond;
  }
  if (want.ok() || silent_.empty()) return want;
  return Annotate(want.status(), silent_);
}

absl::StatusOr<Want> ConnectAttempt::GiveUpOnHost() {
  const ConnectionHost silent = libpq_->host();
  libpq_->Close();
  host_ = nullptr;
  const bool any_left = remaining_.RemoveHost(silent);
  const bool is_only_one = silent_.empty() && !any_left;
  absl::StrAppend(&silent_, silent_.empty() ? "" : "; ", "connecting ",
                  is_only_one ? "" : absl::StrCat("to ", silent.Describe(), " "),
                  "took longer than connect_timeout (", remaining_.connect_timeout_s(), " s)");
  if (any_left) return Start();
  return WithFailureCode(absl::DeadlineExceededError(silent_), kCauseConnectTimeout);
}

}  // namespace pgring
