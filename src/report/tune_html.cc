#include "report/tune_html.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "report/comparison_html.h"
#include "report/format.h"
#include "report/html_dots.h"
#include "report/html_page.h"
#include "report/knee_svg.h"
#include "report/text_report.h"
#include "report/tune_answer.h"
#include "report/tune_report.h"
#include "run/summary.h"

namespace pgring {
namespace {

std::string Picture(const TuneResult& result) {
  if (result.trials.empty()) return "";
  return absl::StrCat("<figure class=\"picture scroll\">\n", KneeSvg(TunePicture(result)),
                      "</figure>\n");
}

// Of the last stage, which tests the answer that is given.
std::string FreshRuns(const TuneResult& result, bool sections) {
  if (result.testing.empty()) return "";
  const TestingStage& stage = result.testing.back();
  const std::pair<const ComparisonResult*, const char*> parts[] = {
      {&stage.limits, "The answer and limits beside it"},
      {&stage.ways, "Other ways to drive as many operations"}};
  std::string out;
  for (const auto& [runs, title] : parts) {
    if (runs->runs.empty()) continue;
    const Summary summary = Summarize(*runs);
    const std::string content =
        sections ? HtmlRunSections(*runs, summary) : HtmlDots(*runs, summary);
    if (content.empty()) continue;
    const char* const tag = sections ? "h2" : "h3";
    absl::StrAppend(&out, "<", tag, sections ? " class=\"part-title\"" : "", ">", title, "</", tag,
                    ">\n", content);
  }
  return out;
}

std::string Measurements(const TuneResult& result) {
  std::string out;
  for (const Table& table : TuneTables(result)) out += RenderHtml(table);
  return out;
}

std::string Notes(const TuneResult& result) {
  const std::string notes = TuneNotes(result, TextStyle{false, true, kMaxReportColumns});
  return notes.empty() ? ""
                       : absl::StrCat("<div class=\"words\">", HtmlPreformatted(notes), "</div>\n");
}

}  // namespace

std::string TuneHtml(const TuneResult& result) { return TuneHtml(result, TuneAnswer(result)); }

std::string TuneHtml(const TuneResult& result, const std::vector<std::string>& answer) {
  const ComparisonResult described = DescribedBy(result);
  const std::string workload = WorkloadText(result.plan.base);
  std::string where = ServerText(described);
  const std::string& started = result.environment.started_at;
  if (!started.empty()) absl::StrAppend(&where, "; ", started);
  const std::string body = absl::StrCat(
      "<h1>", HtmlText(workload), "</h1>\n<p class=\"where\">", HtmlText(where),
      "</p>\n<div class=\"answer\">\n", HtmlParagraphs(answer), "</div>\n", Picture(result),
      FreshRuns(result, false), HtmlSection("Measurements", Measurements(result)),
      FreshRuns(result, true), HtmlSection("Validity and notes", Notes(result)),
      HtmlSection("To do it again", absl::StrCat(HtmlAgain(result.plan.base),
                                                 HtmlEntries(HeaderEntries(described)))));
  return HtmlPage(absl::StrCat("pgring tune: ", workload), body);
}

}  // namespace pgring
