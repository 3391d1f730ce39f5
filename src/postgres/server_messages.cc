#include "pgring/postgres/server_messages.h"

#include "absl/strings/str_cat.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"
#include "postgres/error_field.h"

namespace pgring {
namespace {

// A notice may quote whatever a function is given.
constexpr size_t kMaxTextBytes = 500;

std::string ShortText(const PGresult* notice) {
  const std::string_view primary = ErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  const std::string_view sqlstate = ErrorField(notice, PG_DIAG_SQLSTATE);
  std::string text = OneLine(ShortenedText(primary, kMaxTextBytes));
  if (!sqlstate.empty()) absl::StrAppend(&text, " (SQLSTATE ", std::string(sqlstate), ")");
  return text;
}

}  // namespace

void ServerMessages::OnNotice(const PGresult* notice) noexcept {
  const bool is_warning = ErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING";
  {
    std::lock_guard<std::mutex> lock(mutex_);
    int64_t& count = is_warning ? counts_.warnings : counts_.notices;
    if (++count == 1) {
      (is_warning ? counts_.first_warning : counts_.first_notice) = ShortText(notice);
    }
    if (is_warning && warnings_.size() < kMaxKeptWarnings) warnings_.push_back(ShortText(notice));
  }
  if (listener_ != nullptr) listener_(PQresultErrorMessage(notice));
}

void ServerMessages::OnNotifications(int64_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  counts_.notifications += count;
}

std::vector<std::string> ServerMessages::TakeWarnings() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(warnings_, {});
}

ServerMessageCounts ServerMessages::counts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

}  // namespace pgring
