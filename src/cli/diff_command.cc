#include <fmt/format.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output_directory.h"
#include "cli/terminal.h"
#include "report/format.h"
#include "report/markdown_table.h"
#include "report/text_table.h"

namespace pgring {
namespace {

// "old  runs/a/result.json, of 2026-11-27T10:00:00Z, pgring 0.1.0 (6f386bf), PostgreSQL 15.18"
std::string Describe(const char* which, const SavedResult& result) {
  return fmt::format("{}  {}, of {}, pgring {} ({}), PostgreSQL {}", which, result.path,
                     TextBelow(result.tool, {"started_at"}), TextBelow(result.tool, {"version"}),
                     TextBelow(result.tool, {"commit"}),
                     TextBelow(result.environment, {"server_version"}));
}

void PrintTables(const SavedResult& old_result, const SavedResult& new_result,
                 const ResultDiff& diff, bool markdown) {
  const TextStyle style = TerminalStyle(ColorMode::kAuto);
  const std::string separator = markdown ? "  \n" : "\n";
  const bool unicode = markdown || style.unicode;
  PrintOutput(absl::StrCat(PrintableText(Describe("old", old_result), unicode), separator,
                           PrintableText(Describe("new", new_result), unicode), "\n\n"));
  for (const Table& table : {DiffTable(diff), GateTable(diff)}) {
    if (table.empty()) continue;
    PrintOutput((markdown ? RenderMarkdown(table) : RenderText(table, style)) + "\n");
  }
}

}  // namespace

int DiffCommand(const Options& options) {
  const DiffOptions& wanted = options.diff;
  const absl::StatusOr<SavedResult> old_result = ReadSavedResult(wanted.old_path);
  const absl::StatusOr<SavedResult> new_result = ReadSavedResult(wanted.new_path);
  for (const absl::Status& read : {old_result.status(), new_result.status()}) {
    if (read.ok()) continue;
    PrintError(read);
    return kExitInvalid;
  }
  for (const SavedResult* const result : {&*old_result, &*new_result}) {
    const absl::Status usable = CheckAnyValid(*result);
    if (usable.ok()) continue;
    PrintError(usable);
    return kExitInvalid;
  }
  const absl::StatusOr<ResultDiff> diff = CompareResults(*old_result, *new_result, wanted.gates);
  if (!diff.ok()) {
    PrintError(diff.status());
    return kExitInvalid;
  }
  if (wanted.junit_file == "-") {
    PrintOutput(JUnitText(*diff));
  } else {
    PrintTables(*old_result, *new_result, *diff, wanted.markdown);
  }
  if (!wanted.junit_file.empty() && wanted.junit_file != "-") {
    const absl::Status written = WriteWholeFile(wanted.junit_file, JUnitText(*diff));
    if (!written.ok()) {
      PrintError(written);
      return kExitInvalid;
    }
  }
  if (diff->any_breach()) return FinishWith(kExitGateBreached);
  return FinishWith(diff->left_out.empty() ? kExitValid : kExitInvalid);
}

}  // namespace pgring
