#include "report/tune_html.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/html_page.h"
#include "report/knee_svg.h"
#include "report/sha256.h"
#include "report/text_report.h"
#include "report/tune_answer.h"
#include "report/tune_report.h"

namespace pgring {
namespace {

std::string Picture(const TuneResult& result) {
  if (result.trials.empty()) return "";
  return absl::StrCat("<figure>\n", KneeSvg(TunePicture(result)), "</figure>\n");
}

std::string Tables(const TuneResult& result) {
  std::string out;
  for (const Table& table : TuneTables(result)) out += RenderHtml(table);
  const std::string notes = TuneNotes(result, TextStyle());
  return notes.empty() ? out : out + HtmlPreformatted(notes);
}

std::string Entries(const std::vector<HeaderEntry>& entries) {
  std::string out = "<dl>\n";
  for (const HeaderEntry& entry : entries) {
    if (entry.text.empty()) continue;
    absl::StrAppend(&out, "<dt>", HtmlText(entry.name), "</dt><dd>", HtmlText(entry.text),
                    "</dd>\n");
  }
  return out + "</dl>\n";
}

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

std::string Again(const TuneResult& result) {
  std::vector<std::string> words;
  for (const std::string& argument : result.plan.base.arguments) {
    words.push_back(ShellWord(argument));
  }
  std::string out = HtmlPreformatted(absl::StrJoin(words, " "));
  for (const ScriptText& script : result.plan.base.workload.scripts) {
    out += HtmlDetails(absl::StrCat("Script ", script.name, ", weight ", script.weight),
                       absl::StrCat(HtmlPreformatted(script.text), "<p class=\"remark\">SHA-256 ",
                                    Sha256(script.text), "</p>\n"));
  }
  return out;
}

}  // namespace

std::string TuneHtml(const TuneResult& result) {
  const ComparisonResult described = DescribedBy(result);
  const std::string body = absl::StrCat(
      "<h1>", HtmlText(WorkloadText(result.plan.base)), "</h1>\n<div class=\"answer\">\n",
      HtmlParagraphs(TuneAnswer(result)), "</div>\n", Picture(result), "<h2>Measurements</h2>\n",
      Tables(result), "<h2>Where it was measured</h2>\n", Entries(HeaderEntries(described)),
      "<h2>To do it again</h2>\n", Again(result));
  return HtmlPage(absl::StrCat("pgring tune: ", WorkloadText(result.plan.base)), body);
}

}  // namespace pgring
