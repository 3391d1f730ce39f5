#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/documents.h"
#include "cli/examples.h"

namespace pgring {
namespace {

// roff takes a backslash for the start of a command, a dash for a hyphen, and a dot or an
// apostrophe at the start of a line for a request.
std::string RoffText(std::string_view text) {
  std::string out = absl::StrReplaceAll(std::string(text),
                                        {{"\\", "\\e"}, {"-", "\\-"}, {"\n", " "}, {"…", "..."}});
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string ValueText(const DocumentedOption& option) {
  if (option.value_name.empty()) return "";
  return absl::StrCat(" \\fI", RoffText(option.value_name), "\\fR");
}

std::string OptionText(const DocumentedOption& option) {
  std::string text = absl::StrCat(".TP\n\\fB", RoffText(option.Names()), "\\fR", ValueText(option),
                                  "\n", RoffText(option.description));
  if (!option.values.empty()) {
    absl::StrAppend(&text, "; one of ", RoffText(absl::StrJoin(option.values, ", ")));
  }
  if (!option.default_value.empty()) {
    absl::StrAppend(&text, " (default: ", RoffText(option.default_value), ")");
  }
  return text + "\n";
}

// Commands that share an option describe it once.
class CommandsText {
 public:
  std::string Of(const CLI::App& command) {
    std::string text = absl::StrCat(".SS pgring ", command.get_name(), "\n",
                                    RoffText(command.get_description()), ".\n");
    std::string group;
    std::map<std::string, std::vector<std::string>> shared;
    for (const DocumentedOption& option : OptionsOf(command)) {
      const std::string key = absl::StrCat(option.Names(), "\n", option.description);
      const auto [described, is_new] = described_in_.emplace(key, command.get_name());
      if (!is_new) {
        shared[described->second].push_back(option.Names());
        continue;
      }
      if (option.group != group) {
        group = option.group;
        absl::StrAppend(&text, ".PP\n\\fI", RoffText(group), "\\fR\n");
      }
      text += OptionText(option);
    }
    for (const auto& [name, options] : shared) {
      absl::StrAppend(&text, ".PP\nAs in \\fBpgring ", name,
                      "\\fR: ", RoffText(absl::StrJoin(options, "; ")), ".\n");
    }
    return text;
  }

 private:
  std::map<std::string, std::string> described_in_;
};

std::string ExamplesSection() {
  std::string text = ".SH EXAMPLES\n";
  for (const Example& example : Examples()) {
    absl::StrAppend(&text, ".TP\n\\fB", RoffText(example.line), "\\fR\n", RoffText(example.what),
                    "\n");
  }
  return text;
}

constexpr std::string_view kEnd = R"(.SH "EXIT STATUS"
.TP
\fB0\fR
All runs are valid; no gate was breached; the answer of \fBpgring tune\fR is confirmed.
.TP
\fB1\fR
The command line is wrong, or nothing could be started.
.TP
\fB2\fR
A run failed or is not valid, the answer is not confirmed, or a result cannot be read or compared.
What there is has been written.
.TP
\fB3\fR
A gate of \fBpgring diff\fR was breached.
.TP
\fB130\fR, \fB143\fR
Ended by SIGINT or SIGTERM, after everything was written.
.SH ENVIRONMENT
The variables of libpq (\fBPGHOST\fR, \fBPGPORT\fR, \fBPGUSER\fR, \fBPGDATABASE\fR,
\fBPGSERVICE\fR and so on) name the target, as in every tool of PostgreSQL. \fBNO_COLOR\fR and
\fBPG_COLOR\fR turn colours off, \fBTMPDIR\fR is where throwaway servers live.
.SH FILES
.TP
\fIbench\-results/\fR
Where results go unless \fB\-\-out\fR says otherwise, below the current directory.
.SH "SEE ALSO"
\fBpgbench\fR(1), \fBpsql\fR(1)
)";

}  // namespace

std::string ManualPage(const CLI::App& app, std::string_view version) {
  std::string text = absl::StrCat(
      ".TH PGRING 1 \"\" \"pgring ", std::string(version), "\" \"User Commands\"\n.SH NAME\n",
      "pgring \\- measure how clients should drive a PostgreSQL database\n.SH SYNOPSIS\n",
      "\\fBpgring\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIDBNAME\\fR|\\fIRESULT\\fR...]\n",
      ".SH DESCRIPTION");
  std::string description = app.get_description();
  description.erase(0, std::string("pgring: ").size());
  description.front() = absl::ascii_toupper(static_cast<unsigned char>(description.front()));
  // A heading begins a paragraph by itself.
  text += "\n" +
          absl::StrJoin(absl::StrSplit(description, '\n'), "\n.PP\n",
                        [](std::string* out, absl::string_view line) {
                          out->append(RoffText({line.data(), line.size()}));
                        }) +
          "\n";
  text += ".SH COMMANDS\n";
  CommandsText commands;
  for (const CLI::App* command : app.get_subcommands(nullptr)) text += commands.Of(*command);
  return absl::StrCat(text, ExamplesSection(), std::string(kEnd));
}

}  // namespace pgring
