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
  for (const RunResult& run : result.runs) {
    TextColumn column;
    column.heading = {PrintableText(RunLabel(run), style.unicode), "mean"};
    for (size_t i = 0; i < commands.size(); ++i) {
      const bool known = i < run.commands.size() && run.commands[i].duration_ns.count() > 0;
      column.cells.push_back(known ? DurationText(run.commands[i].duration_ns.Mean())
                                   : std::string(kUnknownFigure));
    }
    table.columns.push_back(std::move(column));
  }
  return Styled("Mean time of each command", kStyleBold, style.color) + "\n" +
         RenderTable(std::move(table), ReportColumns(style), style.unicode, style.color);
}

}  // namespace pgring
