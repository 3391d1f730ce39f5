#include "diagnosis/cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace pgring {
namespace {

constexpr double kPercent = 100;
constexpr double kMillisecondsPerSecond = 1'000;
// Of the check against counters: one healthy run of a thousand fails it.
constexpr double kCheckConfidence = 0.999;
// What the sampler's own clock does not see of its own time, as a share of it.
constexpr double kOwnTimeUncertainty = 0.5;
// Timers of both sides, as a share of the sessions.
constexpr double kTimerUncertainty = 0.01;
// Of the connections in use, fewer than this share at work are few.
constexpr double kFewShare = 0.5;

Interval ShareInterval(const RatioSums& sums, int64_t samples_with_sessions) {
  const double share = sums.ratio();
  const double quantile = StudentQuantile(std::max<double>(static_cast<double>(sums.blocks - 1), 1),
                                          kDefaultConfidence);
  double count = static_cast<double>(samples_with_sessions);
  if (sums.blocks > 1 && sums.variance() > 0) {
    count = std::clamp(share * (1 - share) / sums.variance(), 1.0, count);
  }
  return WilsonInterval(share, count, quantile);
}

std::vector<ClassShare> SharesOf(const SampleTally& tally) {
  std::vector<ClassShare> shares;
  if (tally.sessions() == 0) return shares;
  for (const WaitClass wait_class : AllWaitClasses()) {
    const RatioSums& sums = tally.Class(wait_class);
    if (sums.numerator == 0) continue;
    shares.push_back(
        {wait_class, sums.ratio(), ShareInterval(sums, tally.samples_with_sessions())});
  }
  // Equal ones in the order of the enumeration: a plain sort may exchange them.
  std::sort(shares.begin(), shares.end(), [](const ClassShare& a, const ClassShare& b) {
    return a.share != b.share ? a.share > b.share : a.wait_class < b.wait_class;
  });
  return shares;
}

// The highest end of those after the first one's: the second need not have it.
bool FirstIsCertain(const std::vector<ClassShare>& shares) {
  return std::all_of(shares.begin() + 1, shares.end(), [&](const ClassShare& other) {
    return other.interval.high < shares.front().interval.low;
  });
}

// "active sessions: 7.12 in the samples, 7.31 by the server's counter"; empty: they agree.
std::string Disagreement(const char* what, const RatioSums& sampled, double exact,
                         double uncertainty) {
  const double mean = sampled.ratio();
  const double quantile =
      StudentQuantile(static_cast<double>(sampled.blocks - 1), kCheckConfidence);
  // As if the sessions of a sample were independent, of which there are at least so many.
  const double most = std::max(std::ceil(std::max(mean, exact)), 1.0);
  const double binomial_variance = std::max(exact * (1 - std::min(exact / most, 1.0)), 0.0) /
                                   static_cast<double>(sampled.denominator);
  const double half = quantile * std::sqrt(std::max(sampled.variance(), binomial_variance)) +
                      uncertainty + kTimerUncertainty * std::max(mean, exact);
  if (std::abs(mean - exact) <= half) return "";
  return fmt::format("{}: {:.2f} in the samples, {:.2f} by the server's counter", what, mean,
                     exact);
}

// Sessions in one state, on average.
struct Beside {
  double sampled = 0;
  double counted = 0;  // by the server
};

struct Check {
  SampleCheck result = SampleCheck::kNotPossible;
  std::string text;
  // Zero where the counters are not the run's alone.
  Beside active;
  Beside idle_in_transaction;

  double at_work() const { return active.counted + idle_in_transaction.counted; }
};

std::string WhyNotChecked(const ServerSamples& samples, bool has_counters) {
  if (samples.behind_pooler) {
    return "the pooler's sessions of the server outlive the run, so the counters are not its own";
  }
  if (!has_counters) {
    return "this server does not count the time of its sessions (PostgreSQL 14 and newer do)";
  }
  if (samples.other_active > 0) return "other programs were at work in this database";
  if (samples.hidden_rows > 0) return "the role may not see all sessions";
  if (samples.whole.Active().blocks < kFewestBlocks || samples.whole_cost.span_s <= 0) {
    return "the run was too short";
  }
  return "";
}

Check CheckSamples(const ServerSamples& samples) {
  const auto active_ms = samples.Counter("pg_stat_database.active_time");
  const auto idle_ms = samples.Counter("pg_stat_database.idle_in_transaction_time");
  Check check;
  check.text = WhyNotChecked(samples, active_ms.has_value() && idle_ms.has_value());
  if (!check.text.empty()) return check;
  const double span_ms = samples.whole_cost.span_s * kMillisecondsPerSecond;
  const double own = samples.whole_cost.server_s / samples.whole_cost.span_s;
  const RatioSums& active = samples.whole.Active();
  const RatioSums& idle = samples.whole.IdleInTransaction();
  check.active = {active.ratio(), std::max(*active_ms / span_ms - own, 0.0)};
  check.idle_in_transaction = {idle.ratio(), *idle_ms / span_ms};
  check.text =
      Disagreement("sessions idle in a transaction", idle, check.idle_in_transaction.counted, 0);
  if (check.text.empty()) {
    check.text =
        Disagreement("active sessions", active, check.active.counted, own * kOwnTimeUncertainty);
  }
  check.result = check.text.empty() ? SampleCheck::kAgrees : SampleCheck::kDisagrees;
  return check;
}

std::string ShareText(const ClassShare& share) {
  return fmt::format("{:.0f} % ({:.0f}-{:.0f} %)", share.share * kPercent,
                     share.interval.low * kPercent, share.interval.high * kPercent);
}

// ", in table pgbench_branches"
std::string TableText(const ServerSamples& samples, std::initializer_list<const char*> kinds) {
  const std::pair<const std::pair<std::string, std::string>, int64_t>* most = nullptr;
  for (const auto& lock : samples.locks) {
    const bool fits = std::any_of(kinds.begin(), kinds.end(),
                                  [&](const char* kind) { return lock.first.first == kind; });
    if (fits && (most == nullptr || lock.second > most->second)) most = &lock;
  }
  return most == nullptr ? "" : fmt::format(" of table {}", most->first.second);
}

std::string CommitsText(const ServerSamples& samples) {
  const auto commits = samples.Counter("pg_stat_database.xact_commit");
  auto flushes = samples.Counter("pg_stat_wal.wal_sync");
  if (!flushes.has_value()) flushes = samples.Counter("pg_stat_io.wal_fsyncs");
  if (!commits.has_value() || flushes.value_or(0) <= 0) return "";
  const double own = static_cast<double>(samples.whole_cost.queries);
  return fmt::format("; {:.1f} transactions shared a flush",
                     std::max(*commits - own, 0.0) / *flushes);
}

std::string HitText(const ServerSamples& samples) {
  const auto hit = samples.Counter("pg_stat_database.blks_hit");
  const auto read = samples.Counter("pg_stat_database.blks_read");
  if (!hit.has_value() || !read.has_value() || *hit + *read <= 0) return "";
  return fmt::format("; {:.1f} % of pages were found in shared_buffers",
                     *hit / (*hit + *read) * kPercent);
}

// The event of kOther that was seen most.
std::string EventText(const SampleTally& tally) {
  const std::pair<const WaitKey, int64_t>* most = nullptr;
  for (const auto& count : tally.counts()) {
    const WaitKey& key = count.first;
    if (ClassifyWait(key.state, key.wait_event_type, key.wait_event) != WaitClass::kOther) continue;
    if (most == nullptr || count.second > most->second) most = &count;
  }
  if (most == nullptr) return "";
  return fmt::format(", mostly {} ({})", most->first.wait_event, most->first.wait_event_type);
}

struct Words {
  std::string what;  // "the flush of commits, for which sessions at work waited"
  std::string detail;
  std::string advice;
};

Words WordsOfClass(WaitClass wait_class, const ServerSamples& samples) {
  switch (wait_class) {
    case WaitClass::kCpu:
      return {
          "the server's processors, on which sessions at work ran or waited for a turn", "",
          "More connections cannot help: cheaper statements, or more or faster processors, do."};
    case WaitClass::kCommitFlush:
      return {"the flush of commits, for which sessions at work waited", CommitsText(samples),
              "More commits at once share a flush; otherwise put more work into a transaction, use "
              "a device that flushes faster, or, where the last commits may be lost in a crash, "
              "synchronous_commit = off."};
    case WaitClass::kRowLock:
      return {
          fmt::format("locks on rows{}, for which sessions at work waited",
                      TableText(samples, {"tuple"})),
          "",
          "Transactions that change the same row run one after the other: more connections make "
          "the queue longer; change that row last, keep the transaction short, or spread the "
          "changes over several rows."};
    case WaitClass::kRelationExtension:
      return {fmt::format("making files longer{}, which one session at a time does",
                          TableText(samples, {"extend"})),
              "",
              "Larger batches (COPY, or inserts of many rows), partitions, or a newer server (16 "
              "extends by many pages) help; more connections do not."};
    case WaitClass::kOtherLock:
      return {fmt::format("locks{}, for which sessions at work waited",
                          TableText(samples, {"relation", "page", "tuple"})),
              "",
              "Look for statements that lock whole tables (LOCK, ALTER, TRUNCATE) and for advisory "
              "locks that are held long."};
    case WaitClass::kBufferContent:
      return {
          "pages that another session held, for which sessions at work waited", "",
          "Many sessions change the same few pages: spread the keys, lower the fillfactor of the "
          "table, or use fewer connections."};
    case WaitClass::kDataFileRead:
      return {"reading data files, for which sessions at work waited", HitText(samples),
              "More memory for the data (shared_buffers and the system's cache), an index, or a "
              "faster device helps; more operations in flight help as far as the device reads in "
              "parallel."};
    case WaitClass::kLockManager:
      return {
          "the server's shared tables of locks and transactions, for which sessions at work "
          "waited",
          "",
          "Use fewer connections, and statements that touch fewer tables, partitions and "
          "indexes."};
    case WaitClass::kSyncReplication:
      return {"the synchronous standby, for whose confirmation commits waited", "",
              "More operations in flight hide that time; a nearer or faster standby, or a weaker "
              "synchronous_commit, shortens it."};
    case WaitClass::kClientInTransaction:
      return {
          "the client: transactions were open and the server waited for their next statement", "",
          "That share is the most that the client can win: by sending statements together "
          "(--pipeline), by doing the work in fewer of them, and by waiting for nothing else while "
          "a transaction is open."};
    case WaitClass::kClientWrite:
      return {
          "the client or the network, which did not take the answers as fast as the server sent "
          "them",
          "", "Ask for fewer rows or columns, or make the client or the network faster."};
    case WaitClass::kOther:
    case WaitClass::kUndecided:
      return {
          fmt::format("waits{}", EventText(samples.measured)), "",
          "See the chapter on monitoring of PostgreSQL's documentation for what that event is."};
  }
  return {};
}

// The sessions that were in a class on average, as far apart as both the interval and the counters
// allow. A look needs a processor: on few of them it finds more sessions waiting for the client
// than there are on average, and short statements are over before it comes. So what the samples
// missed of the active sessions is taken for work of processors, and of a state that they saw too
// often every class may have had less.
Interval SessionsIn(const ClassShare& share, double at_work, const Check& check) {
  Interval sessions = {share.interval.low * at_work, share.interval.high * at_work};
  const bool is_idle = share.wait_class == WaitClass::kClientInTransaction;
  const Beside& state = is_idle ? check.idle_in_transaction : check.active;
  if (state.sampled <= 0) return sessions;
  const double factor = state.counted / state.sampled;
  sessions.low *= std::min(factor, 1.0);
  if (is_idle) sessions.high *= std::max(factor, 1.0);
  if (share.wait_class == WaitClass::kCpu) {
    sessions.high += std::max(state.counted - state.sampled, 0.0);
  }
  return sessions;
}

// Where samples and counters differ: whether the class that is named is the largest all the same.
bool IsTrusted(const Cause& cause, const Check& check) {
  if (check.result != SampleCheck::kDisagrees) return true;
  const double at_work = cause.active + cause.idle_in_transaction;
  const double least = SessionsIn(cause.shares.front(), at_work, check).low;
  const bool has_cpu = std::any_of(cause.shares.begin(), cause.shares.end(), [](const auto& share) {
    return share.wait_class == WaitClass::kCpu;
  });
  if (!has_cpu && check.active.counted - check.active.sampled >= least) return false;
  return std::all_of(cause.shares.begin() + 1, cause.shares.end(), [&](const ClassShare& other) {
    return SessionsIn(other, at_work, check).high < least;
  });
}

std::string UnnamedText(const std::vector<ClassShare>& shares, bool enough) {
  std::string text = enough ? "no single cause in the server: sessions at work were seen"
                            : "too few samples to name a cause; sessions at work were seen";
  constexpr size_t kMost = 3;
  for (size_t place = 0; place < std::min(shares.size(), kMost); ++place) {
    text += fmt::format("{} {} {}", place == 0 ? ":" : ",", WaitClassText(shares[place].wait_class),
                        ShareText(shares[place]));
  }
  return text;
}

}  // namespace

Cause FindCause(const ServerSamples& samples, const CauseEnvironment& environment) {
  if (samples.saved_cause != nullptr) return *samples.saved_cause;
  Cause cause;
  const SampleTally& tally = samples.measured;
  if (tally.samples() == 0) {
    cause.check_text = "there are no samples";
    return cause;
  }
  cause.active = tally.Active().ratio();
  cause.idle_in_transaction = tally.IdleInTransaction().ratio();
  Check check = CheckSamples(samples);
  cause.check = check.result;
  cause.check_text = std::move(check.text);
  cause.shares = SharesOf(tally);
  const bool enough = tally.Total().blocks >= kFewestBlocks;
  // What is missing in the samples is not missing in the counters.
  const double at_work = std::max(tally.Total().ratio(), check.at_work());
  if (enough && !cause.shares.empty() && FirstIsCertain(cause.shares)) {
    cause.named = cause.shares.front().wait_class;
  }
  const bool is_minority = environment.mean_in_use >= 1 && samples.hidden_rows == 0 &&
                           at_work < environment.mean_in_use * kFewShare;
  cause.few_at_work = enough && is_minority && (cause.named != WaitClass::kCpu || at_work < 1);
  if (cause.few_at_work) {
    cause.is_trusted =
        check.result != SampleCheck::kDisagrees || check.active.counted > check.active.sampled;
    cause.summary = fmt::format(
        "the client, the network or the way to the server's processes: of {:.1f} connections in "
        "use "
        "only {:.1f} were at work in the server",
        environment.mean_in_use, at_work);
    cause.advice =
        "Look at the client's processor, at the time of a round trip over the network, and at how "
        "busy the server's machine is.";
  } else if (cause.named.has_value()) {
    cause.is_trusted = IsTrusted(cause, check);
    Words words = WordsOfClass(*cause.named, samples);
    cause.summary = fmt::format("{}, {} of the time{}", words.what, ShareText(cause.shares.front()),
                                words.detail);
    if (is_minority) {
      cause.summary += fmt::format(
          "; {:.1f} of {:.1f} connections in use were at work, the others with the client, on the "
          "network or waiting for a processor",
          at_work, environment.mean_in_use);
    }
    cause.advice = std::move(words.advice);
  } else if (!cause.shares.empty()) {
    cause.summary = UnnamedText(cause.shares, enough);
  }
  return cause;
}

}  // namespace pgring
