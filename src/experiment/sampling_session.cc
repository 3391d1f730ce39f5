#include "experiment/sampling_session.h"

#include <poll.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "diagnosis/server_sql.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr int64_t kLongestEndNs = kNanosecondsPerSecond;
constexpr int kAskAgainMs = 10;
// Up to 14 a session sends its counts to the collector at most so often, and the collector answers
// from a file that may be as old.
constexpr int kCollectorMs = 510;

double Number(const Result& result, int row, int column) {
  double number = 0;
  return absl::SimpleAtod(std::string(result.Text(row, column)), &number) ? number : 0;
}

}  // namespace

int MajorVersion(std::string_view server_version) {
  int major = 0;
  for (const char c : server_version) {
    if (c < '0' || c > '9') break;
    major = major * 10 + (c - '0');
  }
  return major;
}

absl::Status FlushCounters(BlockingSession* session, int major) {
  if (major >= 15) {
    return session->ExecuteSql("SELECT pg_catalog.pg_stat_force_next_flush()").status();
  }
  poll(nullptr, 0, kCollectorMs);
  return session->ExecuteSql("SELECT 1").status();
}

SamplingSession::SamplingSession(const ConnectionParameters& direct, std::string application_name,
                                 const Interrupt* interrupt)
    : parameters_(direct), application_name_(std::move(application_name)), interrupt_(interrupt) {
  parameters_.set_server_messages(nullptr);
  parameters_.Set("application_name", kSamplerApplicationName);
}

absl::Status SamplingSession::Connect() {
  session_ = std::make_unique<BlockingSession>(&parameters_, nullptr, interrupt_);
  PGRING_RETURN_IF_ERROR(session_->ConnectNow());
  major_ = MajorVersion(session_->libpq().ServerParameter("server_version"));
  const std::string prepare =
      absl::StrCat("PREPARE pgring_look AS ", SampleSql(major_, application_name_));
  return session_->ExecuteSql(prepare.c_str()).status();
}

void SamplingSession::Close() {
  if (session_ != nullptr) session_->CloseNow();
  session_.reset();
}

absl::StatusOr<ServerLook> SamplingSession::Look() {
  absl::StatusOr<Result> answer = session_->ExecuteSql("EXECUTE pgring_look");
  if (!answer.ok()) return answer.status();
  const auto text = [&answer](int row, SampleColumn column) {
    return std::string(answer->Text(row, static_cast<int>(column)));
  };
  ServerLook look;
  for (int row = 0; row < answer->rows(); ++row) {
    const std::string whose = text(row, SampleColumn::kRow);
    if (whose == kSelfRow) {
      look.server_s = Number(*answer, row, static_cast<int>(SampleColumn::kServerSeconds));
      continue;
    }
    const int64_t sessions =
        answer->Integer(row, static_cast<int>(SampleColumn::kSessions)).value_or(0);
    WaitKey key;
    key.state = text(row, SampleColumn::kState);
    if (whose == kOthersRow) {
      // A hidden one may be idle: it counts for what it may be.
      if (key.state.empty() || IsActiveState(key.state)) look.other_active += sessions;
      continue;
    }
    if (!IsActiveState(key.state) && !IsIdleInTransaction(key.state)) {
      look.hidden += sessions;
      continue;
    }
    key.wait_event_type = text(row, SampleColumn::kWaitEventType);
    key.wait_event = CanonicalWaitEvent(key.wait_event_type, text(row, SampleColumn::kWaitEvent));
    key.query_id = answer->Integer(row, static_cast<int>(SampleColumn::kQueryId));
    look.waits_for_lock = look.waits_for_lock || key.wait_event_type == "Lock";
    look.ours[key] += sessions;
  }
  return look;
}

absl::Status SamplingSession::CountLocks(
    std::map<std::pair<std::string, std::string>, int64_t>* locks) {
  absl::StatusOr<Result> answer = session_->ExecuteSql(LocksSql().c_str());
  if (!answer.ok()) return answer.status();
  for (int row = 0; row < answer->rows(); ++row) {
    (*locks)[{std::string(answer->Text(row, 0)), std::string(answer->Text(row, 1))}] +=
        answer->Integer(row, 2).value_or(0);
  }
  return absl::OkStatus();
}

absl::StatusOr<ServerCounters> SamplingSession::Counters() {
  PGRING_RETURN_IF_ERROR(FlushCounters(session_.get(), major_));
  ServerCounters counters;
  for (const CounterQuery& query : CounterQueries(major_)) {
    absl::StatusOr<Result> answer = session_->ExecuteSql(query.sql.c_str());
    if (!answer.ok()) return answer.status();
    if (answer->rows() == 0) continue;
    for (int column = 0; column < answer->columns(); ++column) {
      if (answer->IsNull(0, column)) continue;
      counters[absl::StrCat(query.view, ".", std::string(answer->ColumnName(column)))] =
          Number(*answer, 0, column);
    }
  }
  return counters;
}

absl::StatusOr<std::map<std::string, TableActivity>> SamplingSession::Tables() {
  absl::StatusOr<Result> answer = session_->ExecuteSql(TablesSql().c_str());
  if (!answer.ok()) return answer.status();
  std::map<std::string, TableActivity> tables;
  for (int row = 0; row < answer->rows(); ++row) {
    const auto number = [&](int column) { return answer->Integer(row, column).value_or(0); };
    tables[std::string(answer->Text(row, 0))] = {number(1), number(2), number(3), number(4)};
  }
  return tables;
}

absl::StatusOr<std::vector<ForeignKeyFinding>> SamplingSession::ForeignKeys() {
  absl::StatusOr<Result> answer = session_->ExecuteSql(ForeignKeysSql().c_str());
  if (!answer.ok()) return answer.status();
  std::vector<ForeignKeyFinding> keys;
  for (int row = 0; row < answer->rows(); ++row) {
    ForeignKeyFinding key;
    key.name = std::string(answer->Text(row, 0));
    key.table = std::string(answer->Text(row, 1));
    key.referenced_table = std::string(answer->Text(row, 2));
    const std::string columns(answer->Text(row, 3));
    key.columns = absl::StrSplit(columns, ", ");
    key.index_sql = CreateIndexSql(key.table, key.columns);
    keys.push_back(std::move(key));
  }
  return keys;
}

absl::Status SamplingSession::AwaitEnd(int64_t control_pid) {
  const std::string sql = SessionsSql(application_name_, control_pid);
  const int64_t give_up_ns = SteadyClock::Get()->NowNs() + kLongestEndNs;
  for (;;) {
    absl::StatusOr<Result> open = session_->ExecuteSql(sql.c_str());
    if (!open.ok()) return open.status();
    if (open->Integer(0, 0).value_or(0) == 0) return absl::OkStatus();
    if (SteadyClock::Get()->NowNs() >= give_up_ns) return absl::OkStatus();
    poll(nullptr, 0, kAskAgainMs);
  }
}

}  // namespace pgring
