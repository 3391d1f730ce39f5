// What people type, by command: shown by --help and in the manual page.
#ifndef PGRING_CLI_EXAMPLES_H_
#define PGRING_CLI_EXAMPLES_H_

#include <span>
#include <string>
#include <string_view>

namespace pgring {

struct Example {
  std::string_view command;  // "compare"; empty: of the program as a whole
  std::string_view line;
  std::string_view what;
};

std::span<const Example> Examples();

// "Examples:" and those of the command, two lines each; empty where it has none.
std::string ExamplesText(std::string_view command);

}  // namespace pgring

#endif  // PGRING_CLI_EXAMPLES_H_
