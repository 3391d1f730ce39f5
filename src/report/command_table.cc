// The table of -r, of tables.h: a row for each command, a column for each run.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "report/format.h"
#include "report/tables.h"

namespace pgring {
namespace {

// Of a longer command the beginning is shown.
constexpr size_t kMaxCommandColumns = 48;

std::string ShortenedCommand(const std::string& text) {
  if (DisplayWidth(PrintableText(text, true)) <= kMaxCommandColumns) return text;
  // Bytes, so that nothing but ASCII is cut within a character.
  return PrintableText(text, false).substr(0, kMaxCommandColumns - 3) + "...";
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
  for (const Run& run : result.runs) {
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
TableColumn FigureColumn(const Run& run, size_t rows, const char* heading, Text text) {
  TableColumn column;
  column.heading = {RunLabel(run), heading};
  for (size_t i = 0; i < rows; ++i) {
    column.cells.push_back(i < run.commands.size() ? text(run.commands[i])
                                                   : std::string(kUnknownFigure));
  }
  return column;
}

}  // namespace

Table CommandTable(const ComparisonResult& result) {
  if (result.runs.empty() || result.runs.front().commands.empty()) return {};
  const std::vector<CommandFigures>& commands = result.runs.front().commands;
  Table table;
  TableColumn script, text;
  script.heading = {"script"};
  script.left = true;
  script.leave_out_order = 1;
  text.heading = {"command"};
  text.left = true;
  for (const CommandFigures& command : commands) {
    script.cells.push_back(ShortenedCommand(command.script));
    text.cells.push_back(ShortenedCommand(command.text));
  }
  table.columns = {std::move(script), std::move(text)};
  const ShownCounts shown = CountsToShow(result);
  const size_t rows = commands.size();
  for (const Run& run : result.runs) {
    table.columns.push_back(FigureColumn(run, rows, "mean", MeanText));
    if (shown.failures) {
      const auto failures = [](const CommandFigures& command) {
        return CountText(command.failures);
      };
      table.columns.push_back(FigureColumn(run, rows, "failures", failures));
    }
    if (shown.retries) {
      const auto retries = [](const CommandFigures& command) { return CountText(command.retries); };
      table.columns.push_back(FigureColumn(run, rows, "retries", retries));
    }
  }
  table.title = "Mean time of each command";
  if (shown.failures) table.title += shown.retries ? ", failures and retries" : " and failures";
  if (shown.pipelined) {
    table.notes.push_back(
        {"-: statements of a pipeline have no times of their own; the command that waits for their "
         "results has it: \\endpipeline, or the statement that they left with."});
  }
  return table;
}

}  // namespace pgring
