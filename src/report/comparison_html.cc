#include "report/comparison_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/html_chart.h"
#include "report/html_dots.h"
#include "report/html_page.h"
#include "report/in_short.h"
#include "report/knee_svg.h"
#include "report/limits_picture.h"
#include "report/sha256.h"
#include "report/tables.h"
#include "report/time_charts.h"
#include "report/time_shares.h"
#include "report/workers.h"

namespace pgring {
namespace {

// Wide enough that sentences are broken by the page, not by the text.
constexpr TextStyle kPageText = {false, true, kMaxReportColumns};

// In single quotes where the shell would take it apart.
std::string ShellWord(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') quoted += "'\\'";
    quoted += c;
  }
  return quoted + "'";
}

std::string Answer(const ComparisonResult& result, const Summary& summary) {
  const std::vector<std::string> sentences = InShort(result, summary);
  std::string out;
  if (!sentences.empty()) {
    out = absl::StrCat("<div class=\"answer\">\n", HtmlParagraphs(sentences), "</div>\n");
  }
  out += HtmlDots(result, summary);
  const std::optional<KneePicture> limits = LimitsPicture(result);
  if (limits.has_value()) {
    absl::StrAppend(&out, "<figure class=\"picture scroll\">\n", KneeSvg(*limits), "</figure>\n");
  }
  const Table repeats = RepeatTable(result, summary);
  if (!repeats.empty()) out += RenderHtml(repeats);
  return out + RenderHtml(ResultTable(result, summary));
}

std::string Charts(const std::vector<Chart>& charts) {
  std::string out;
  for (const Chart& chart : charts) out += HtmlChart(chart);
  return out;
}

std::string Validity(const ComparisonResult& result) {
  std::string entries;
  // Not a table: reasons are sentences, which have to be broken.
  const auto add = [&entries](const std::string& name, const Run& run) {
    std::vector<std::string> reasons = run.verdict.reasons;
    const bool is_told = std::find(reasons.begin(), reasons.end(), "interrupted") != reasons.end();
    if (run.interrupted && !is_told) reasons.emplace_back("interrupted");
    absl::StrAppend(&entries, "<dt>", HtmlText(name), "</dt>",
                    run.comparable() ? "<dd>valid"
                                     : "<dd class=\"alarm\">NOT VALID: " +
                                           HtmlText(absl::StrJoin(reasons, "; ")),
                    "</dd>\n");
  };
  if (!result.has_repeats()) {
    for (const Run& run : result.runs) add(RunLabel(run), run);
  }
  for (size_t block = 0; block < result.blocks.size(); ++block) {
    for (const Run& run : result.blocks[block].runs) {
      if (!run.comparable()) add(fmt::format("block {}, {}", block + 1, RunLabel(run)), run);
    }
  }
  std::string out;
  if (!entries.empty()) {
    out = absl::StrCat("<dl>\n", entries, "</dl>\n");
  } else if (!result.runs.empty()) {
    out = "<p>All runs of all blocks are valid.</p>\n";
  }
  const std::string notes = RunNotes(result, kPageText);
  return notes.empty()
             ? out
             : absl::StrCat(out, "<div class=\"words\">", HtmlPreformatted(notes), "</div>\n");
}

}  // namespace

std::string HtmlSection(std::string_view heading, const std::string& content) {
  if (content.empty()) return "";
  return absl::StrCat("<section>\n<h2>", HtmlText(heading), "</h2>\n", content, "</section>\n");
}

std::string HtmlRunSections(const ComparisonResult& result, const Summary& summary) {
  if (result.runs.empty()) return "";
  std::string by_second = Charts(SecondCharts(result));
  if (by_second.empty()) {
    const bool has_series = std::any_of(result.runs.begin(), result.runs.end(), [](const Run& run) {
      return !run.recorder.seconds().Intervals().empty();
    });
    const bool any_success = std::any_of(result.runs.begin(), result.runs.end(),
                                         [](const Run& run) { return run.total().succeeded > 0; });
    by_second = absl::StrCat(
        "<p class=\"remark\">",
        has_series    ? "The runs were too short to be told apart second by second."
        : any_success ? "The result does not say what was done in each second: an older pgring "
                        "wrote it."
                      : "No operation succeeded.",
        "</p>\n");
  }
  return absl::StrCat(
      HtmlSection("Connections over time", Charts(ConnectionCharts(result))),
      HtmlSection("Throughput and latency over time", by_second),
      HtmlSection("Latency by percentile", HtmlChart(SpectrumChart(result))),
      HtmlSection("Where an operation's time went",
                  absl::StrCat(HtmlTimeShares(result), RenderHtml(TimeSplitTable(result)),
                               RenderHtml(ServerTimeTable(result)))),
      HtmlSection("Which is faster than which", RenderHtml(PairTable(result, summary))),
      HtmlSection("Costs",
                  absl::StrCat(RenderHtml(CostTable(result)), RenderHtml(WorkersTable(result)),
                               RenderHtml(CommandTable(result)))));
}

std::string HtmlEntries(const std::vector<HeaderEntry>& entries) {
  std::string out = "<dl>\n";
  for (const HeaderEntry& entry : entries) {
    if (entry.text.empty()) continue;
    absl::StrAppend(&out, "<dt>", HtmlText(entry.name), "</dt><dd>", HtmlText(entry.text),
                    "</dd>\n");
  }
  return out + "</dl>\n";
}

std::string HtmlAgain(const ComparisonPlan& plan) {
  std::vector<std::string> words;
  for (const std::string& argument : plan.arguments) words.push_back(ShellWord(argument));
  std::string out = words.empty() ? "" : HtmlPreformatted(absl::StrJoin(words, " "));
  for (const ScriptText& script : plan.workload.scripts) {
    out += HtmlDetails(absl::StrCat("Script ", script.name, ", weight ", script.weight),
                       absl::StrCat(HtmlPreformatted(script.text), "<p class=\"remark\">SHA-256 ",
                                    Sha256(script.text), "</p>\n"));
  }
  return out;
}

std::string ComparisonHtml(const ComparisonResult& result) {
  const Summary summary = Summarize(result);
  const std::string workload = WorkloadText(result.plan);
  const std::string& started = result.environment.started_at;
  std::string where = ServerText(result);
  if (!started.empty()) absl::StrAppend(&where, "; ", started);
  std::string body = absl::StrCat("<h1>", HtmlText(workload), "</h1>\n<p class=\"where\">",
                                  HtmlText(where), "</p>\n", Answer(result, summary));
  absl::StrAppend(
      &body, HtmlRunSections(result, summary), HtmlSection("Validity and notes", Validity(result)),
      HtmlSection("To do it again",
                  absl::StrCat(HtmlAgain(result.plan), HtmlEntries(HeaderEntries(result)))));
  return HtmlPage(absl::StrCat("pgring: ", workload), body);
}

}  // namespace pgring
