#include "cli/error_display.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pgring/base/error_details.h"
#include "report/format.h"

namespace pgring {
namespace {

// Line by line, because a caret must stay below what it points at.
std::string PrintableLines(std::string_view text) {
  std::string printable;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) printable += '\n';
    printable += PrintableText(text.substr(begin, end - begin), /*unicode=*/true);
    begin = end + 1;
  }
  return printable;
}

}  // namespace

std::string ErrorText(const OperationError& error) {
  std::string text = absl::StrCat("client ", error.client);
  switch (error.outcome) {
    case ErrorOutcome::kClientAborted:
      text += " was aborted";
      break;
    case ErrorOutcome::kOperationFailed:
      text += " failed an operation";
      break;
    case ErrorOutcome::kRetried:
      text += " repeats an operation that failed";
      break;
  }
  const std::string position = ScriptPosition(error.status);
  if (!position.empty()) absl::StrAppend(&text, " in ", position);
  if (error.outcome == ErrorOutcome::kRetried || error.tries > 1) {
    absl::StrAppend(&text, " (attempt ", error.tries, ")");
  }
  return absl::StrCat(text, ": ", PrintableLines(FullMessage(error.status)));
}

void ErrorDisplay::StartRun(const std::string& label) {
  std::lock_guard<std::mutex> lock(mutex_);
  label_ = label;
  told_ = 0;
}

void ErrorDisplay::OnError(const OperationError& error) {
  if (verbosity_ == Verbosity::kNone) return;
  std::lock_guard<std::mutex> lock(mutex_);
  if (verbosity_ == Verbosity::kEverything) {
    Print(ErrorText(error));
    return;
  }
  if (error.outcome != ErrorOutcome::kClientAborted || told_ > kMaxToldErrors) return;
  if (++told_ <= kMaxToldErrors) {
    Print(ErrorText(error));
  } else {
    Print("further aborted clients are only counted; --verbose-errors tells of every error");
  }
}

void ErrorDisplay::OnServerMessage(std::string_view text) {
  if (verbosity_ != Verbosity::kEverything) return;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::lock_guard<std::mutex> lock(mutex_);
  Print(PrintableLines(text));
}

void ErrorDisplay::Print(std::string_view text) {
  print_(absl::StrCat("pgring: ", label_, ": ", std::string(text), "\n"));
}

}  // namespace pgring
