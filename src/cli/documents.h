// What describes the command line outside of the program: the manual page and completions for
// shells, made from the description that the parser and --help have.
//
// Pure; nothing here can fail.
#ifndef PGRING_CLI_DOCUMENTS_H_
#define PGRING_CLI_DOCUMENTS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pgring {

// An option as these documents show it.
struct DocumentedOption {
  std::vector<std::string> long_names;  // without dashes
  std::vector<std::string> short_names;
  std::string group;
  std::string description;
  std::string value_name;           // "SECONDS"; empty: it is a flag
  std::vector<std::string> values;  // all that it takes, where they are few
  std::string default_value;        // empty: none, or the description says it
  // "-c, --client, --limit".
  std::string Names() const;
};

// The command's options with a name, in the order of its help.
std::vector<DocumentedOption> OptionsOf(const CLI::App& command);

// pgring(1), for man.
std::string ManualPage(const CLI::App& app, std::string_view version);

std::string BashCompletion(const CLI::App& app);
std::string ZshCompletion(const CLI::App& app);
std::string FishCompletion(const CLI::App& app);

}  // namespace pgring

#endif  // PGRING_CLI_DOCUMENTS_H_
