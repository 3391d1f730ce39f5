#include "experiment/fleet.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "experiment/pooler.h"
#include "pgring/base/archive.h"
#include "pgring/base/build_info.h"
#include "pgring/base/status.h"
#include "run/run_archive.h"

namespace pgring {
namespace {

constexpr char kPrefix[] = "pgfleet";
constexpr int kRoundTrips = 16;
// From the last worker's being ready to the start: for all to see it, a few looks and round trips.
constexpr int64_t kStartDelayNs = 150 * kNanosecondsPerMillisecond;
constexpr int64_t kFirstLookNs = 2 * kNanosecondsPerMillisecond;
constexpr int64_t kLongestLookNs = 20 * kNanosecondsPerMillisecond;
constexpr int64_t kSessionEndsNs = kNanosecondsPerSecond;
// After an interrupt the others have as much to wind down.
constexpr int64_t kInterruptedNs = 10 * kNanosecondsPerSecond;

uint64_t HashOf(std::string_view bytes) {
  // FNV-1a.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

// What an exchange takes.
int64_t NumberOf(uint64_t hash) { return static_cast<int64_t>(hash >> 2); }

// Few characters: application_name has 63.
std::string Base36(int64_t number) {
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  auto left = static_cast<uint64_t>(number + 1);
  std::string text;
  do text.insert(text.begin(), kDigits[left % 36]);
  while ((left /= 36) != 0);
  return text;
}

std::optional<int64_t> FromBase36(std::string_view text) {
  uint64_t number = 0;
  for (const char digit : text) {
    const int value = digit >= '0' && digit <= '9'   ? digit - '0'
                      : digit >= 'a' && digit <= 'z' ? digit - 'a' + 10
                                                     : -1;
    if (value < 0 || number > std::numeric_limits<uint64_t>::max() / 37) return std::nullopt;
    number = number * 36 + static_cast<uint64_t>(value);
  }
  return static_cast<int64_t>(number) - 1;
}

std::string RanksText(const std::vector<int>& ranks) {
  constexpr size_t kMostShown = 10;
  const size_t shown = std::min(ranks.size(), kMostShown);
  std::string text = absl::StrCat(
      ranks.size() == 1 ? "worker " : "workers ",
      absl::StrJoin(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < ranks.size()) absl::StrAppend(&text, " and ", ranks.size() - shown, " more");
  return text;
}

// Without what may differ: where the command line was given, and under which names the server goes.
ComparisonPlan Essence(ComparisonPlan plan) {
  plan.arguments.clear();
  plan.target = TargetPlan();
  plan.io_reason.clear();
  return plan;
}

}  // namespace

Fleet::Fleet(FleetPlan plan, const ConnectionParameters& control, const Interrupt* interrupt,
             const Clock* clock)
    : plan_(std::move(plan)),
      parameters_(control),
      interrupt_(interrupt),
      clock_(clock),
      key_(static_cast<uint32_t>(HashOf(plan_.id)) & 0x7fffffff) {}

Fleet::~Fleet() {
  if (session_ != nullptr) session_->CloseNow();
}

std::string Fleet::Name() const { return absl::StrCat("fleet \"", plan_.id, "\""); }

absl::StatusOr<std::unique_ptr<Fleet>> Fleet::Join(const FleetPlan& plan,
                                                   const ComparisonPlan& comparison,
                                                   const ConnectionParameters& control,
                                                   const Interrupt* interrupt, const Clock* clock) {
  // Not make_unique: the constructor is private.
  std::unique_ptr<Fleet> fleet(new Fleet(plan, control, interrupt, clock));
  PGRING_RETURN_IF_ERROR(fleet->Connect());
  PGRING_RETURN_IF_ERROR(fleet->TakePlace());
  PGRING_RETURN_IF_ERROR(fleet->CheckSame(comparison));
  const uint64_t drawn = HashOf(absl::StrCat(clock->NowNs(), " ", getpid(), " ", time(nullptr)));
  const absl::StatusOr<int64_t> gathering = fleet->OfFirst(NumberOf(drawn));
  if (!gathering.ok()) return gathering.status();
  fleet->gathering_ = static_cast<uint64_t>(*gathering);
  return fleet;
}

absl::Status Fleet::Connect() {
  parameters_.Set("application_name", kPrefix);
  session_ = std::make_unique<BlockingSession>(&parameters_, nullptr, nullptr);
  const std::string attempt = absl::StrCat(Name(), ": connecting to meet the other workers");
  PGRING_RETURN_IF_ERROR(Annotate(session_->ConnectNow(), attempt));
  const absl::StatusOr<bool> pooler = IsBehindPooler(session_.get());
  if (!pooler.ok()) return Annotate(pooler.status(), attempt);
  if (*pooler) {
    return absl::FailedPreconditionError(absl::StrCat(
        Name(),
        ": a connection pooler is between, and workers meet by locks of their sessions; "
        "--control CONNINFO names the server itself"));
  }
  return session_
      ->ExecuteSql(
          "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name "
          "IN ('statement_timeout', 'lock_timeout', 'idle_session_timeout')")
      .status();
}

absl::Status Fleet::TakePlace() {
  const std::string sql =
      absl::StrFormat("SELECT pg_catalog.pg_try_advisory_lock(%d, %d)", key_, plan_.rank);
  // A session that was closed a moment ago has its lock until the server's process has ended.
  const int64_t give_up_ns = clock_->NowNs() + kSessionEndsNs;
  do {
    const absl::StatusOr<Result> taken = session_->ExecuteSql(sql.c_str());
    if (!taken.ok()) return Annotate(taken.status(), Name());
    if (taken->Text(0, 0) == "t") return absl::OkStatus();
    poll(nullptr, 0, static_cast<int>(kLongestLookNs / kNanosecondsPerMillisecond));
  } while (clock_->NowNs() < give_up_ns);
  const std::string who = absl::StrFormat(
      "SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = %d AND objid "
      "= %d AND objsubid = 2 AND granted AND database = (SELECT oid FROM pg_catalog.pg_database "
      "WHERE datname = pg_catalog.current_database())",
      key_, plan_.rank);
  const absl::StatusOr<Result> holder = session_->ExecuteSql(who.c_str());
  const bool is_known = holder.ok() && holder->rows() > 0;
  return absl::AlreadyExistsError(absl::StrCat(
      Name(), ": worker ", plan_.rank, " is there already",
      is_known ? absl::StrCat(" (server process ", std::string(holder->Text(0, 0)), ")") : "",
      ": it was started twice, or another fleet has the same ID"));
}

absl::Status Fleet::Say(int64_t number) {
  ++phase_;
  const std::string sql = absl::StrFormat("SET application_name = '%s:%08x:%d:%d:%s:%s'", kPrefix,
                                          key_, plan_.rank, phase_, Base36(number), Base36(said_));
  said_ = number;
  return Annotate(session_->ExecuteSql(sql.c_str()).status(), Name());
}

absl::StatusOr<std::map<int, Fleet::Word>> Fleet::Listen() {
  // The lock is what counts: any session may have such a name.
  const std::string sql = absl::StrFormat(
      "SELECT l.objid, a.application_name FROM pg_catalog.pg_locks l JOIN "
      "pg_catalog.pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.classid "
      "= %d AND l.objsubid = 2 AND l.granted AND l.database = (SELECT oid FROM "
      "pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
      key_);
  const absl::StatusOr<Result> rows = session_->ExecuteSql(sql.c_str());
  if (!rows.ok()) return Annotate(rows.status(), Name());
  std::map<int, Word> words;
  for (int row = 0; row < rows->rows(); ++row) {
    const auto rank = static_cast<int>(rows->Integer(row, 0).value_or(-1));
    const std::string name(rows->Text(row, 1));
    const std::vector<std::string> parts = absl::StrSplit(name, ':');
    Word word;
    if (parts.size() == 6 && absl::SimpleAtoi(parts[3], &word.phase)) {
      const std::optional<int64_t> number = FromBase36(parts[4]);
      const std::optional<int64_t> before = FromBase36(parts[5]);
      if (!number.has_value() || !before.has_value()) continue;
      word.number = *number;
      word.number_before = *before;
    }
    words[rank] = word;
  }
  return words;
}

std::string Fleet::MissingText(const std::map<int, Word>& words) const {
  std::vector<int> missing;
  for (int rank = 0; rank < plan_.size; ++rank) {
    if (!words.contains(rank)) missing.push_back(rank);
  }
  if (missing.empty()) return "";
  return absl::StrFormat("%s: %s of %d did not come within %g s (--fleet-timeout)", Name(),
                         RanksText(missing), plan_.size, plan_.timeout_s);
}

void Fleet::NoteLost(const std::map<int, Word>& words) {
  if (!has_met_) return;
  for (int rank = 0; rank < plan_.size; ++rank) {
    if (!words.contains(rank) && !lost_.contains(rank)) lost_[rank] = "ended before the others";
  }
}

absl::StatusOr<std::vector<std::optional<int64_t>>> Fleet::Exchange(int64_t number,
                                                                    int64_t patience_ns) {
  const bool is_late = interrupt_->raised();
  PGRING_RETURN_IF_ERROR(Say(number));
  patience_ns += SecondsInNs(plan_.timeout_s);
  if (is_late) patience_ns = std::min(patience_ns, kInterruptedNs);
  const int64_t give_up_ns = clock_->NowNs() + patience_ns;
  for (int64_t look_ns = kFirstLookNs;; look_ns = std::min(2 * look_ns, kLongestLookNs)) {
    const absl::StatusOr<std::map<int, Word>> words = Listen();
    if (!words.ok()) return words.status();
    NoteLost(*words);
    std::vector<std::optional<int64_t>> numbers(static_cast<size_t>(plan_.size));
    bool all = true;
    const bool gives_up = clock_->NowNs() >= give_up_ns;
    for (const auto& [rank, word] : *words) {
      if (rank >= plan_.size) {
        return absl::FailedPreconditionError(
            absl::StrFormat("%s: worker %d is there, and this one was started as one of %d", Name(),
                            rank, plan_.size));
      }
    }
    for (int rank = 0; rank < plan_.size; ++rank) {
      if (lost_.contains(rank)) continue;
      const auto word = words->find(rank);
      const bool is_there = word != words->end();
      std::optional<int64_t>& slot = numbers[static_cast<size_t>(rank)];
      if (is_there && word->second.phase == phase_) slot = word->second.number;
      if (is_there && word->second.phase == phase_ + 1) slot = word->second.number_before;
      if (slot.has_value()) continue;
      all = false;
      if (!gives_up || !has_met_) continue;
      lost_[rank] = absl::StrFormat("did not answer for %.0f s", NsInSeconds(patience_ns));
    }
    if (all) {
      has_met_ = true;
      return numbers;
    }
    if (gives_up && !has_met_) {
      const std::string missing = MissingText(*words);
      return absl::DeadlineExceededError(
          missing.empty() ? absl::StrCat(Name(), ": not all workers answered") : missing);
    }
    if (interrupt_->raised() && !is_late) return absl::CancelledError("interrupted");
    pollfd wait = {is_late ? -1 : interrupt_->descriptor(), POLLIN, 0};
    poll(&wait, 1, static_cast<int>(look_ns / kNanosecondsPerMillisecond));
  }
}

absl::StatusOr<int64_t> Fleet::Sum(int64_t number, int64_t patience_ns) {
  const auto numbers = Exchange(number, patience_ns);
  if (!numbers.ok()) return numbers.status();
  int64_t sum = 0;
  for (const std::optional<int64_t>& one : *numbers) sum += one.value_or(0);
  return sum;
}

absl::StatusOr<int64_t> Fleet::OfFirst(int64_t number) {
  const auto numbers = Exchange(is_first() ? number : 0);
  if (!numbers.ok()) return numbers.status();
  if (numbers->front().has_value()) return *numbers->front();
  return absl::UnavailableError(
      absl::StrCat(Name(), ": worker 0, which prepares and verifies, ", lost_.begin()->second));
}

// Of the first in which they differ, every worker names itself and the first one.
absl::Status Fleet::ExpectSame(int64_t number, const std::string& what) {
  const auto numbers = Exchange(number);
  if (!numbers.ok()) return numbers.status();
  std::vector<int> others;
  for (int rank = 0; rank < plan_.size; ++rank) {
    const std::optional<int64_t>& one = (*numbers)[static_cast<size_t>(rank)];
    if (one.has_value() && numbers->front().has_value() && one != numbers->front()) {
      others.push_back(rank);
    }
  }
  if (others.empty()) return absl::OkStatus();
  // None leaves before all have seen it.
  (void)Exchange(0);
  return absl::FailedPreconditionError(absl::StrCat(Name(), ": ", RanksText(others),
                                                    others.size() == 1 ? " has " : " have ", what,
                                                    " than worker 0"));
}

absl::Status Fleet::CheckSame(const ComparisonPlan& comparison) {
  const BuildInfo build = GetBuildInfo();
  const ComparisonPlan essence = Essence(comparison);
  PGRING_RETURN_IF_ERROR(ExpectSame(plan_.size, "another number of workers"));
  PGRING_RETURN_IF_ERROR(ExpectSame(
      NumberOf(HashOf(absl::StrCat(build.version, " ", build.commit))), "another pgring"));
  PGRING_RETURN_IF_ERROR(
      ExpectSame(NumberOf(HashOf(absl::StrCat(essence.workload.seed))), "another seed"));
  PGRING_RETURN_IF_ERROR(
      ExpectSame(NumberOf(HashOf(ToBytes(essence.workload))), "another workload or other scripts"));
  return ExpectSame(NumberOf(HashOf(ToBytes(essence))), "other scenarios or another load");
}

absl::Status Fleet::Begin(const absl::Status& prepared, std::string* findings) {
  has_started_ = false;
  constexpr int64_t kNotPrepared = -1;
  constexpr int64_t kNoFindings = 0;
  int64_t found = kNoFindings;
  const bool has_findings = absl::SimpleAtoi(*findings, &found);
  const auto may_begin = OfFirst(prepared.ok() ? 1 : kNotPrepared);
  const auto told = OfFirst(has_findings ? found : kNoFindings);
  PGRING_RETURN_IF_ERROR(prepared);
  if (!may_begin.ok()) return may_begin.status();
  if (!told.ok()) return told.status();
  if (!lost_.empty()) {
    return absl::UnavailableError(absl::StrCat("worker ", lost_.begin()->first, " of ", plan_.size,
                                               " ", lost_.begin()->second));
  }
  if (*may_begin == kNotPrepared) {
    return absl::UnavailableError("worker 0 could not prepare it, and says why");
  }
  if (*told != kNoFindings) *findings = absl::StrCat(*told);
  return absl::OkStatus();
}

absl::StatusOr<FleetWork> Fleet::End(const Run& run) {
  // Where nothing ran, it was not waited for either.
  if (!has_started_) (void)Await();
  FleetWork all;
  // As long again as this one's part took: others may be slower.
  const int64_t patience_ns = run.ended_ns - run.started_ns;
  const absl::StatusOr<int64_t> interrupted = Sum(run.interrupted ? 1 : 0, patience_ns);
  const absl::StatusOr<int64_t> unconfirmed =
      Sum(run.tally.unconfirmed_commits + run.warmup_tally.unconfirmed_commits);
  absl::Status status = interrupted.status();
  status.Update(unconfirmed.status());
  for (const int64_t succeeded : run.succeeded_by_kind) {
    const absl::StatusOr<int64_t> sum = Sum(succeeded);
    status.Update(sum.status());
    if (sum.ok()) all.work.succeeded.push_back(*sum);
  }
  PGRING_RETURN_IF_ERROR(status);
  all.work.unconfirmed_commits = *unconfirmed;
  all.interrupted = *interrupted > 0;
  return all;
}

absl::Status Fleet::EstimateClock() {
  int64_t shortest_ns = std::numeric_limits<int64_t>::max();
  for (int trip = 0; trip < kRoundTrips; ++trip) {
    const int64_t before_ns = clock_->NowNs();
    const absl::StatusOr<Result> time = session_->ExecuteSql(
        "SELECT (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint");
    const int64_t after_ns = clock_->NowNs();
    if (!time.ok()) return Annotate(time.status(), Name());
    const std::optional<int64_t> server_us = time->Integer(0, 0);
    if (!server_us.has_value()) return absl::InternalError("the server has no time");
    if (after_ns - before_ns >= shortest_ns) continue;
    shortest_ns = after_ns - before_ns;
    offset_ns_ = *server_us * kNanosecondsPerMicrosecond - (before_ns + shortest_ns / 2);
  }
  // The server read its clock somewhere in the round trip, and rounded it to a microsecond.
  clock_bound_ns_ = shortest_ns / 2 + kNanosecondsPerMicrosecond;
  return absl::OkStatus();
}

// Two exchanges, whatever comes of them: the workers count them.
absl::StatusOr<int64_t> Fleet::Await() {
  has_started_ = true;
  const absl::Status estimated = EstimateClock();
  const absl::StatusOr<int64_t> ready = Sum(1);
  const int64_t now_us = (clock_->NowNs() + offset_ns_) / kNanosecondsPerMicrosecond;
  const absl::StatusOr<int64_t> start_us =
      OfFirst(now_us + kStartDelayNs / kNanosecondsPerMicrosecond);
  PGRING_RETURN_IF_ERROR(estimated);
  if (!ready.ok()) return ready.status();
  if (!lost_.empty()) {
    return absl::UnavailableError(absl::StrCat("worker ", lost_.begin()->first, " of ", plan_.size,
                                               " ", lost_.begin()->second, ", before the start"));
  }
  if (!start_us.ok()) return start_us.status();
  start_ns_ = *start_us * kNanosecondsPerMicrosecond - offset_ns_;
  for (int64_t left_ns = start_ns_ - clock_->NowNs(); left_ns > 0;
       left_ns = start_ns_ - clock_->NowNs()) {
    const timespec sleep = {left_ns / kNanosecondsPerSecond, left_ns % kNanosecondsPerSecond};
    nanosleep(&sleep, nullptr);
  }
  late_ns_ = clock_->NowNs() - start_ns_;
  return start_ns_;
}

}  // namespace pgring
