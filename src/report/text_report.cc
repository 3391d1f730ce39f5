#include "report/text_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/in_short.h"
#include "report/limits_picture.h"
#include "report/tables.h"
#include "report/terminal_style.h"
#include "report/text_table.h"
#include "report/workers.h"
#include "run/summary.h"

namespace pgring {
namespace {

constexpr int kHeaderLabelColumns = 10;

std::string HeaderLine(std::string_view label, const std::string& text, const TextStyle& style) {
  const std::string line = fmt::format("{:<{}}{}", label, kHeaderLabelColumns, text);
  return WrapText(PrintableText(line, style.unicode), ReportColumns(style), kHeaderLabelColumns);
}

bool IsOff(std::string_view value) { return value == "off"; }

std::string SettingsText(const Environment& environment) {
  if (environment.server_settings.empty()) return "not known";
  std::vector<std::string> settings;
  bool unsafe = false;
  for (const auto& [name, value] : environment.server_settings) {
    settings.push_back(absl::StrCat(name, "=", value));
    unsafe |= IsOff(value);
  }
  std::string text = absl::StrJoin(settings, " ");
  if (unsafe) text += " (NOT DURABLE: a crash of this server may lose or damage data)";
  return text;
}

std::string HostText(const Environment& environment) {
  std::vector<std::string> parts;
  for (const std::string& part : {environment.host, environment.kernel, environment.cpu_model}) {
    if (!part.empty()) parts.push_back(part);
  }
  if (environment.cpu_count > 0) {
    parts.push_back(
        fmt::format("{} CPU{}", environment.cpu_count, environment.cpu_count == 1 ? "" : "s"));
  }
  if (environment.memory_bytes > 0) {
    parts.push_back(BytesText(environment.memory_bytes) + " memory");
  }
  return parts.empty() ? "not known" : absl::StrJoin(parts, ", ");
}

// The reactor scenarios' way of doing I/O; the ring's set-up as soon as a run knows it.
std::string IoText(const ComparisonResult& result) {
  std::vector<std::string> ways;
  for (const Run& run : result.runs) {
    if (!run.ring.has_value()) continue;
    std::string way = fmt::format("io_uring, {} mode", IoModeName(result.plan.io));
    const std::string& reason = result.plan.io_reason;
    if (!reason.empty()) way += " (no completion mode: " + reason + ")";
    if (!run.ring_setup.empty()) way += ", ring " + run.ring_setup;
    if (std::find(ways.begin(), ways.end(), way) == ways.end()) ways.push_back(std::move(way));
  }
  if (!ways.empty()) return absl::StrJoin(ways, "; ");
  if (UsesReactor(result.plan)) return fmt::format("io_uring, {} mode", IoModeName(result.plan.io));
  return "blocking libpq calls";
}

std::string ToolText(const Environment& environment) {
  const BuildInfo& build = environment.build;
  std::string text = "pgring " + build.version;
  if (!build.commit.empty()) text += " (" + build.commit + ")";
  if (!build.compiler.empty()) text += ", " + build.compiler;
  if (!build.build_type.empty()) text += " " + build.build_type;
  if (!build.fit_for_measuring()) {
    text += ", NOT FIT FOR MEASURING";
    text += build.is_optimized ? " (sanitizer " + build.sanitizers + ")" : " (not optimized)";
  }
  if (!environment.libpq_version.empty()) text += ", libpq " + environment.libpq_version;
  if (!environment.started_at.empty()) text += ", started " + environment.started_at;
  return text;
}

std::string RunNote(std::string_view label, const std::string& text, const TextStyle& style) {
  return WrapText(PrintableText(fmt::format("  {}: {}", label, text), style.unicode),
                  ReportColumns(style), 4);
}

// Built-in scripts are verified by sums of balances as well, so that "rows" would not be true.
std::string VerificationText(const ComparisonPlan& plan, const Run& run) {
  if (!run.verification.has_value()) return "the database was not checked";
  const Verification& verification = *run.verification;
  const auto rows = [](const VerifiedFigures& figures) {
    std::vector<std::string> parts;
    for (const auto& [name, figure] : figures) {
      parts.push_back(absl::StrCat(name, " ", CountText(figure)));
    }
    return absl::StrJoin(parts, ", ");
  };
  const bool only_rows = plan.workload.scripts.empty();
  return verification.ok
             ? fmt::format("{} as expected ({})", only_rows ? "rows" : "rows and balances",
                           rows(verification.found))
             : fmt::format("{} DO NOT AGREE: expected {}; found {}",
                           only_rows ? "ROWS" : "ROWS AND BALANCES", rows(verification.expected),
                           rows(verification.found));
}

std::string VerificationNotes(const ComparisonResult& result, const TextStyle& style) {
  if (result.runs.empty()) return "";
  const std::string first = VerificationText(result.plan, result.runs.front());
  const bool all_alike = result.runs.size() > 1 &&
                         std::all_of(result.runs.begin(), result.runs.end(), [&](const Run& run) {
                           return VerificationText(result.plan, run) == first;
                         });
  if (all_alike) return RunNote("all runs", first, style);
  std::string out;
  for (const Run& run : result.runs) {
    out += RunNote(RunLabel(run), VerificationText(result.plan, run), style);
  }
  return out;
}

bool SharedByAll(const ComparisonResult& result, const std::string& warning) {
  return result.runs.size() > 1 &&
         std::all_of(result.runs.begin(), result.runs.end(), [&](const Run& run) {
           return std::find(run.verdict.warnings.begin(), run.verdict.warnings.end(), warning) !=
                  run.verdict.warnings.end();
         });
}

std::string WarningNotes(const ComparisonResult& result, const TextStyle& style) {
  std::string out;
  for (const Run& run : result.runs) {
    const bool first = &run == &result.runs.front();
    for (auto warning = run.verdict.warnings.begin(); warning != run.verdict.warnings.end();
         ++warning) {
      if (std::find(run.verdict.warnings.begin(), warning, *warning) != warning) continue;
      const bool shared = SharedByAll(result, *warning);
      if (shared && !first) continue;
      out += RunNote(shared ? "all runs" : RunLabel(run), "warning: " + *warning, style);
    }
  }
  return out;
}

std::string ServerMessageNotes(const Run& run, const TextStyle& style) {
  const ServerMessageCounts& counts = run.server_messages;
  std::string out;
  for (const auto& [name, count, first] :
       {std::tuple("warning", counts.warnings, counts.first_warning),
        std::tuple("notice", counts.notices, counts.first_notice)}) {
    if (count == 0) continue;
    out +=
        RunNote(RunLabel(run),
                fmt::format("{} {}{} from the server (--verbose-errors prints them), the first: {}",
                            CountText(count), name, count == 1 ? "" : "s", first),
                style);
  }
  if (counts.notifications > 0) {
    out += RunNote(RunLabel(run),
                   fmt::format("{} notifications from the server (LISTEN) were read and discarded",
                               CountText(counts.notifications)),
                   style);
  }
  return out;
}

// What left the ring: a round trip that is alone is another regime. Every run has a few, at its
// beginning and its end. Not in the header, which is printed before it is known.
std::string BlockingReceiveNote(const Run& run, const TextStyle& style) {
  const int64_t receives = run.ring.has_value() ? run.ring->blocking_receives : 0;
  if (receives == 0 || 2 * receives < run.recorder.succeeded()) return "";
  return RunNote(RunLabel(run),
                 fmt::format("{} answers were waited for in a blocking receive, outside of the "
                             "ring, because nothing else was in flight (--io ring does without)",
                             CountText(receives)),
                 style);
}

std::string InShortText(const std::vector<std::string>& sentences, const TextStyle& style) {
  if (sentences.empty()) return "";
  std::string out = Styled("In short", kStyleBold, style.color) + "\n";
  for (const std::string& sentence : sentences) {
    out += WrapText("  " + PrintableText(sentence, style.unicode), ReportColumns(style), 2);
  }
  return out;
}

}  // namespace

std::vector<HeaderEntry> HeaderEntries(const ComparisonResult& result) {
  const Environment& environment = result.environment;
  const std::string& description = result.plan.target.description;
  std::string server = ServerText(result);
  if (!description.empty() && description != environment.server_address) {
    server += " (given as: " + description + ")";
  }
  std::vector<std::string> scenarios;
  for (const ScenarioPlan& scenario : result.plan.scenarios) {
    scenarios.push_back(ScenarioLabel(scenario));
  }
  std::vector<HeaderEntry> entries = {{"server", server},
                                      {"settings", SettingsText(environment)},
                                      {"host", HostText(environment)},
                                      {"client", ToolText(environment)},
                                      {"I/O", IoText(result)},
                                      {"workload", WorkloadText(result.plan)}};
  if (!scenarios.empty()) entries.push_back({"scenarios", absl::StrJoin(scenarios, ", ")});
  return entries;
}

std::string ReportHeader(const ComparisonResult& result, const TextStyle& style) {
  std::string out;
  for (const HeaderEntry& entry : HeaderEntries(result)) {
    out += HeaderLine(entry.name, entry.text, style);
  }
  return out;
}

std::string RunNotes(const ComparisonResult& result, const TextStyle& style) {
  std::string out;
  for (const Run& run : result.runs) {
    const std::string label = RunLabel(run);
    // A valid run of a closed loop skips what a duration cuts, and has a warning that says so.
    if (run.total().skipped > 0 && (result.plan.load.open_loop() || !RunIsComparable(run))) {
      out += RunNote(
          label, CountText(run.total().skipped) + " operations were skipped: never begun", style);
    }
    if (run.load.latency_limit_ms.has_value()) {
      out +=
          RunNote(label,
                  fmt::format("{} of {} successful operations took longer than the latency limit",
                              CountText(run.late), CountText(run.total().succeeded)),
                  style);
    }
    out += ServerMessageNotes(run, style);
    out += BlockingReceiveNote(run, style);
    if (run.retried > 0) {
      out +=
          RunNote(label,
                  fmt::format("{} operations took more than one attempt: {} beyond the first ones",
                              CountText(run.retried), CountText(run.retries)),
                  style);
    }
  }
  out += VerificationNotes(result, style);
  out += WarningNotes(result, style);
  if (out.empty()) return out;
  return Styled("Notes", kStyleBold, style.color) + "\n" + out;
}

std::string ReportBody(const ComparisonResult& result, const TextStyle& style) {
  const Summary summary = Summarize(result);
  std::string out = InShortText(InShort(result, summary), style);
  const auto add = [&](const Table& table) {
    if (table.empty() && table.title.empty()) return;
    if (!out.empty()) out += "\n";
    out += RenderText(table, style);
  };
  add(RepeatTable(result, summary));
  add(ResultTable(result, summary));
  if (result.runs.empty()) return out;
  add(TimeSplitTable(result));
  out += "\n" + ComparisonGraph(result, style);
  add(ServerTimeTable(result));
  add(CostTable(result));
  add(WorkersTable(result));
  add(CommandTable(result));
  const std::string notes = RunNotes(result, style);
  if (!notes.empty()) out += "\n" + notes;
  return out;
}

std::string BriefReport(const ComparisonResult& result, const TextStyle& style) {
  const Summary summary = Summarize(result);
  const Table repeats = RepeatTable(result, summary);
  std::string out = InShortText(InShort(result, summary), style);
  if (!out.empty()) out += "\n";
  out += RenderText(repeats.empty() ? ResultTable(result, summary) : repeats, style);
  const std::string warnings = WarningNotes(result, style);
  if (!warnings.empty()) out += "\n" + warnings;
  return out;
}

std::string TextReport(const ComparisonResult& result, const TextStyle& style) {
  return ReportHeader(result, style) + "\n" + ReportBody(result, style);
}

}  // namespace pgring
