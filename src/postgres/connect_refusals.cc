#include "pgring/postgres/connect_refusals.h"

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {

void ConnectRefusals::OnOpened(int64_t now_ns) {
  refused_ns_ = RefusedNs(now_ns);
  refused_since_ns_.reset();
  unreachable_since_ns_.reset();
}

void ConnectRefusals::OnRefused(int64_t now_ns, const absl::Status& refusal, bool any_open) {
  if (count_++ == 0) first_ns_ = now_ns;
  last_ = refusal;
  if (!refused_since_ns_.has_value()) refused_since_ns_ = now_ns;
  if (any_open) {
    unreachable_since_ns_.reset();
  } else if (!unreachable_since_ns_.has_value()) {
    unreachable_since_ns_ = now_ns;
  }
}

bool ConnectRefusals::IsTimeToGiveUp(int64_t now_ns, bool any_open) const {
  return !any_open && unreachable_since_ns_.has_value() &&
         now_ns - *unreachable_since_ns_ >= kGiveUpAfterNs;
}

absl::Status ConnectRefusals::GiveUpStatus() const {
  return Annotate(last_, absl::StrCat("no connection could be opened for ",
                                      kGiveUpAfterNs / kNanosecondsPerSecond, " s"));
}

void ConnectRefusals::StartMeasuring(int64_t now_ns) {
  refused_ns_ = 0;
  if (refused_since_ns_.has_value()) refused_since_ns_ = now_ns;
}

}  // namespace pgring
