#include "cli/comparison_output.h"

#include "absl/strings/str_cat.h"
#include "cli/messages.h"
#include "cli/output_files.h"
#include "cli/terminal.h"
#include "report/comparison_html.h"
#include "report/json_report.h"
#include "report/latency_log.h"
#include "report/limits_picture.h"
#include "report/text_report.h"

namespace pgring {

absl::Status ShowComparison(const OutputOptions& output, const ComparisonResult& result,
                            ReportPart part, OutputDirectory* directory) {
  const TextStyle style = TerminalStyle(output.color);
  if (output.json_file != "-") {
    if (output.brief) {
      PrintOutput(BriefReport(result, style));
    } else {
      PrintOutput(part == ReportPart::kWhole ? TextReport(result, style)
                                             : ReportBody(result, style));
    }
  }
  FlushOutput();
  absl::Status written = WriteOutputs(output,
                                      {{"result.json", JsonReport(result)},
                                       {"report.txt", TextReport(result, TextStyle())},
                                       {"report.html", ComparisonHtml(result)},
                                       {ComparisonSvgName(result), ComparisonSvg(result)},
                                       {"latency.hlog", LatencyLog(result)}},
                                      directory);
  if (written.ok() && !output.quiet) {
    PrintNote(absl::StrCat("result.json, report.txt, report.html, ", ComparisonSvgName(result),
                           " and latency.hlog are in ", directory->path()));
  }
  return written;
}

}  // namespace pgring
