#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/output_directory.h"
#include "cli/terminal.h"
#include "report/comparison_html.h"
#include "report/knee_svg.h"
#include "report/limits_picture.h"
#include "report/percentile_text.h"
#include "report/read_result.h"
#include "report/read_tune.h"
#include "report/text_report.h"
#include "report/tune_html.h"
#include "report/tune_report.h"

namespace pgring {
namespace {

absl::StatusOr<std::string> ShownTune(const ReportOptions& wanted, const ResultFile& file,
                                      const TextStyle& style) {
  const absl::StatusOr<SavedTune> saved = ReadTune(file);
  if (!saved.ok()) return saved.status();
  switch (wanted.format) {
    case ReportFormat::kText:
      return wanted.brief ? absl::StrCat(absl::StrJoin(saved->answer, "\n"), "\n")
                          : TuneReport(saved->result, saved->answer, style);
    case ReportFormat::kHtml:
      return TuneHtml(saved->result, saved->answer);
    case ReportFormat::kSvg:
      return KneeSvg(TunePicture(saved->result));
    case ReportFormat::kHgrm:
      break;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      file.path, ": a search of pgring tune; --hgrm shows results of compare and run"));
}

absl::StatusOr<std::string> Shown(const ReportOptions& wanted, const std::string& path,
                                  const TextStyle& style) {
  const absl::StatusOr<ResultFile> file = ReadResultOrTuneFile(path);
  if (!file.ok()) return file.status();
  if (IsTune(*file)) return ShownTune(wanted, *file, style);
  const absl::StatusOr<ComparisonResult> result = ReadComparison(*file);
  if (!result.ok()) return result.status();
  switch (wanted.format) {
    case ReportFormat::kText:
      return wanted.brief ? BriefReport(*result, style) : TextReport(*result, style);
    case ReportFormat::kHtml:
      return ComparisonHtml(*result);
    case ReportFormat::kSvg:
      return ComparisonSvg(*result);
    case ReportFormat::kHgrm:
      break;
  }
  std::string text = PercentileTexts(*result);
  if (!text.empty()) return text;
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": no distribution of latencies to show: either no run is valid, or the "
                   "result is of schema 1, which kept a few percentiles only"));
}

// Of "runs/monday/result.json" it is "monday", of "monday.json" it is "monday".
std::string FileNameOf(const std::string& path, ReportFormat format) {
  std::error_code ignored;
  std::filesystem::path name = std::filesystem::path(path).lexically_normal();
  if (!std::filesystem::is_directory(name, ignored) &&
      (name.filename() == "result.json" || name.filename() == "tune.json")) {
    name = name.parent_path();
  }
  if (name.filename().empty()) name = name.parent_path();
  const std::string stem =
      name.extension() == ".json" ? name.stem().string() : name.filename().string();
  return absl::StrCat(stem.empty() ? "result" : stem, ".",
                      format == ReportFormat::kText ? "txt" : ReportFormatName(format));
}

absl::Status Write(const ReportOptions& wanted, const std::vector<std::string>& texts) {
  if (texts.size() == 1) return WriteWholeFile(wanted.out, texts.front());
  auto directory = OutputDirectory::Create(wanted.out);
  if (!directory.ok()) return directory.status();
  std::vector<std::string> names;
  for (const std::string& path : wanted.paths) {
    std::string name = FileNameOf(path, wanted.format);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      name = absl::StrCat(names.size() + 1, "-", name);
    }
    names.push_back(std::move(name));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    const absl::Status written = directory->WriteFile(names[i], texts[i]);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace

int ReportCommand(const Options& options) {
  const ReportOptions& wanted = options.report;
  const bool is_file = !wanted.out.empty();
  const TextStyle style = is_file ? TextStyle() : TerminalStyle(ColorMode::kAuto);
  // All or nothing: a file for some of the results would look like all of them.
  std::vector<std::string> texts;
  for (const std::string& path : wanted.paths) {
    absl::StatusOr<std::string> text = Shown(wanted, path, style);
    if (!text.ok()) {
      PrintError(text.status());
      return kExitInvalid;
    }
    texts.push_back(*std::move(text));
  }
  if (is_file) {
    const absl::Status written = Write(wanted, texts);
    if (written.ok()) return kExitValid;
    PrintError(written);
    return kExitInvalid;
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) PrintOutput("\n");
    PrintOutput(texts[i]);
  }
  return FinishWith(kExitValid);
}

}  // namespace pgring
