// The table of tables.h that tells what the server's sessions did, and what would spare them work.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/run_table.h"
#include "report/server_cause.h"
#include "report/tables.h"

namespace pgring {
namespace {

// What no scenario spent more than this on is no column.
constexpr double kLeastShown = 0.05;
constexpr size_t kMostColumns = 5;
constexpr size_t kLongestSql = 90;

std::vector<std::string> HeadingOf(WaitClass wait_class) {
  switch (wait_class) {
    case WaitClass::kCpu:
      return {"on a", "processor", "%"};
    case WaitClass::kCommitFlush:
      return {"commit", "flush", "%"};
    case WaitClass::kRowLock:
      return {"row", "locks", "%"};
    case WaitClass::kRelationExtension:
      return {"extending", "tables", "%"};
    case WaitClass::kOtherLock:
      return {"other", "locks", "%"};
    case WaitClass::kBufferContent:
      return {"pages", "in use", "%"};
    case WaitClass::kDataFileRead:
      return {"reading", "files", "%"};
    case WaitClass::kLockManager:
      return {"lock", "tables", "%"};
    case WaitClass::kSyncReplication:
      return {"standby", "%"};
    case WaitClass::kClientInTransaction:
      return {"client in", "transaction", "%"};
    case WaitClass::kClientWrite:
      return {"client", "reading", "%"};
    case WaitClass::kOther:
    case WaitClass::kUndecided:
      return {"other", "waits", "%"};
  }
  return {};
}

std::string ShareCell(const Cause& cause, WaitClass wait_class) {
  for (const ClassShare& share : cause.shares) {
    if (share.wait_class != wait_class) continue;
    return fmt::format("{:.0f} ({:.0f}-{:.0f})", share.share * kPercent,
                       share.interval.low * kPercent, share.interval.high * kPercent);
  }
  return cause.shares.empty() ? std::string(kUnknownFigure) : "0";
}

// The classes that matter to any run, the largest first.
std::vector<WaitClass> ShownClasses(const std::map<const Run*, Cause>& causes) {
  std::map<WaitClass, double> most;
  for (const auto& [run, cause] : causes) {
    for (const ClassShare& share : cause.shares) {
      most[share.wait_class] = std::max(most[share.wait_class], share.share);
    }
  }
  std::vector<WaitClass> shown;
  for (const auto& [wait_class, share] : most) {
    if (share >= kLeastShown) shown.push_back(wait_class);
  }
  std::sort(shown.begin(), shown.end(), [&](WaitClass a, WaitClass b) {
    return most[a] != most[b] ? most[a] > most[b] : a < b;
  });
  if (shown.size() > kMostColumns) shown.resize(kMostColumns);
  return shown;
}

std::string ScanText(const ScanFinding& scan) {
  std::string text = fmt::format(
      "{:.0f} % of the tuples that were read came from sequential scans of {} ({} scans)",
      scan.share * kPercent, scan.table, CountText(scan.scans));
  if (!scan.statements.empty()) {
    const ScanningStatement& first = scan.statements.front();
    text += fmt::format(", as in \"{}{}\"", first.sql.substr(0, kLongestSql),
                        first.sql.size() > kLongestSql ? " ..." : "");
    if (!first.filter.empty()) text += fmt::format(" with the filter {}", first.filter);
  }
  return scan.index_sql.empty() ? text + "."
                                : fmt::format("{}. To make: {};", text, scan.index_sql);
}

std::string ForeignKeyText(const ForeignKeyFinding& key) {
  return fmt::format(
      "no index begins with {} of {}, which refers to {} ({}): deleting a row there, or changing "
      "its "
      "key, scans {}. To make: {};",
      absl::StrJoin(key.columns, ", "), key.table, key.referenced_table, key.name, key.table,
      key.index_sql);
}

void AddCost(const ComparisonResult& result, RunTableBuilder* table) {
  SamplerCost cost;
  for (const Run& run : result.runs) {
    if (run.server_samples.has_value()) cost.Add(run.server_samples->cost);
  }
  if (cost.span_s <= 0) return;
  table->AddNote(fmt::format(
      "Shares of the sessions seen executing a statement or with a transaction open, with "
      "intervals "
      "of 95 %. Sampling took {} looks a second, {:.1f} % of the time of one server process and "
      "{:.1f} % of one processor of the client, which the client's CPU does not contain.",
      FigureText(static_cast<double>(cost.queries) / cost.span_s),
      cost.server_s / cost.span_s * kPercent,
      (cost.user_s + cost.system_s) / cost.span_s * kPercent));
}

}  // namespace

Table ServerTimeTable(const ComparisonResult& result) {
  std::map<const Run*, Cause> causes;
  for (const Run& run : result.runs) {
    std::optional<Cause> cause = CauseOf(result, run);
    if (cause.has_value()) causes[&run] = *std::move(cause);
  }
  if (causes.empty()) return {};
  const auto with_cause = [&causes](const Run& run, const auto& cell) {
    const auto found = causes.find(&run);
    return found == causes.end() ? std::string(kUnknownFigure) : std::string(cell(found->second));
  };
  RunTableBuilder table(result);
  table.Add({"sessions", "at work"}, 0, [&](const Run& run) {
    return with_cause(run, [](const Cause& cause) {
      return FixedText(cause.active + cause.idle_in_transaction, 1);
    });
  });
  int order = 0;
  for (const WaitClass wait_class : ShownClasses(causes)) {
    table.Add(HeadingOf(wait_class), order++, [&](const Run& run) {
      return with_cause(run, [&](const Cause& cause) { return ShareCell(cause, wait_class); });
    });
  }
  AddCost(result, &table);
  for (const auto& [run, cause] : causes) {
    if (cause.check != SampleCheck::kDisagrees) continue;
    table.AddNote(fmt::format("{}: {}: {}", RunLabel(*run),
                              cause.is_trusted
                                  ? "samples and counters differ, by too little to change the cause"
                                  : "the samples are not trusted",
                              cause.check_text),
                  !cause.is_trusted);
  }
  for (const std::string& finding : ServerFindings(result)) table.AddNote(finding);
  return table.Take("Where the server's time went");
}

// What is said of all runs is said once.
std::vector<std::string> ServerFindings(const ComparisonResult& result) {
  std::vector<std::string> findings;
  std::vector<std::string> told;
  const auto tell = [&](std::string text, const std::string& about) {
    if (std::find(told.begin(), told.end(), about) != told.end()) return;
    told.push_back(about);
    findings.push_back(std::move(text));
  };
  for (const Run& run : result.runs) {
    if (!run.server_samples.has_value()) continue;
    for (const ScanFinding& scan : run.server_samples->scans) tell(ScanText(scan), scan.table);
    for (const ForeignKeyFinding& key : run.server_samples->foreign_keys) {
      tell(ForeignKeyText(key), key.name + key.table);
    }
  }
  return findings;
}

}  // namespace pgring
