// What the command line's parser did not recognise: the database's name, as the last argument of
// every PostgreSQL tool - or a mistake, whose message says what was probably meant.
#ifndef PGRING_CLI_LEFTOVER_ARGUMENTS_H_
#define PGRING_CLI_LEFTOVER_ARGUMENTS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace pgring {

// The candidate that `text` is a beginning of, or differs from by few letters; empty where none is
// near, or where several are equally near.
std::string NearestName(std::string_view text, const std::vector<std::string>& candidates);

// The first of `leftover` that has the form of an option, or that stands before the command, is
// refused. `command` is the one that was given; nullptr: none. `app` knows all commands.
absl::Status RefuseUnknownOptions(const CLI::App& app, const CLI::App* command,
                                  const std::vector<std::string>& leftover);

// Takes the only element of `positionals` as the database's name. Refuses a second one, and a name
// that is probably something else: a script, a scenario, a file that lacks its option.
absl::Status TakeDatabaseName(const std::vector<std::string>& positionals, std::string* database);

}  // namespace pgring

#endif  // PGRING_CLI_LEFTOVER_ARGUMENTS_H_
