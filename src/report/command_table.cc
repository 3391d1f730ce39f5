// The table of -r, of text_report.h: a row for each command, a column for each run.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "report/format.h"
#include "report/terminal_style.h"
#include "report/text_report.h"
#include "report/text_table.h"

namespace pgring {
namespace {

// Of a longer command the beginning is shown.
constexpr size_t kMaxCommandColumns = 48;

std::string ShortenedCommand(const std::string& text, bool unicode) {
  std::string printable = PrintableText(text, unicode);
  if (DisplayWidth(printable) <= kMaxCommandColumns) return printable;
  // Bytes, so that nothing but ASCII is cut within a character.
  printable = PrintableText(text, false).substr(0, kMaxCommandColumns - 3);
  return printable + "...";
}

// What is counted beside the times, where it is shown: as pgbench has it for a single run, and
// where there is anything to show when several runs share the width.
struct ShownCounts {
  bool failures = false;
  bool retries = false;
  bool pipelined = false;
};

ShownCounts CountsToShow(const ComparisonResult& result) {
  ShownCounts shown;
  const bool is_one_run = result.plan.scenarios.size() == 1;
  shown.failures = is_one_run;
  shown.retries = is_one_run && result.plan.load.max_tries != 1;
  for (const RunResult& run : result.runs) {
    for (const CommandFigures& command : run.commands) {
      shown.failures = shown.failures || command.failures > 0;
      shown.retries = shown.retries || command.retries > 0;
      shown.pipelined = shown.pipelined || command.pipelined > 0;
    }
  }
  return shown;
}

// A statement that leaves in a pipeline has no time of its own, even if the first one, which had to
// be prepared, had.
std::string MeanText(const CommandFigures& command) {
  const int64_t timed = command.duration_ns.count();
  if (timed == 0 || command.pipelined > timed) return std::string(kUnknownFigure);
  return DurationText(command.duration_ns.Mean());
}

template <typename Text>
TextColumn FigureColumn(const RunResult& run, size_t rows, const char* heading, Text text,
                        const TextStyle& style) {
  TextColumn column;
  column.heading = {PrintableText(RunLabel(run), style.unicode), heading};
  for (size_t i = 0; i < rows; ++i) {
    column.cells.push_back(i < run.commands.size() ? text(run.commands[i])
                                                   : std::string(kUnknownFigure));
  }
  return column;
}

}  // namespace

std::string CommandTable(const ComparisonResult& result, const TextStyle& style) {
  if (result.runs.empty() || result.runs.front().commands.empty()) return "";
  const std::vector<CommandFigures>& commands = result.runs.front().commands;
  TextTable table;
  TextColumn script, text;
  script.heading = {"script"};
  script.left = true;
  script.leave_out_order = 1;
  text.heading = {"command"};
  text.left = true;
  for (const CommandFigures& command : commands) {
    script.cells.push_back(ShortenedCommand(command.script, style.unicode));
    text.cells.push_back(ShortenedCommand(command.text, style.unicode));
  }
  table.columns = {std::move(script), std::move(text)};
  const ShownCounts shown = CountsToShow(result);
  const size_t rows = commands.size();
  for (const RunResult& run : result.runs) {
    table.columns.push_back(FigureColumn(run, rows, "mean", MeanText, style));
    if (shown.failures) {
      const auto failures = [](const CommandFigures& command) {
        return CountText(command.failures);
      };
      table.columns.push_back(FigureColumn(run, rows, "failures", failures, style));
    }
    if (shown.retries) {
      const auto retries = [](const CommandFigures& command) { return CountText(command.retries); };
      table.columns.push_back(FigureColumn(run, rows, "retries", retries, style));
    }
  }
  std::string title = "Mean time of each command";
  if (shown.failures) title += shown.retries ? ", failures and retries" : " and failures";
  std::string out = Styled(title, kStyleBold, style.color) + "\n" +
                    RenderTable(std::move(table), ReportColumns(style), style.unicode, style.color);
  if (shown.pipelined) {
    out += WrapText(
        "-: statements of a pipeline have no times of their own; the command that waits for their "
        "results has it: \\endpipeline, or the statement that they left with.",
        ReportColumns(style), 2);
  }
  return out;
}

}  // namespace pgring
