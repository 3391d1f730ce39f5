// The command line as it may be shown and kept: without passwords.
#ifndef PGRING_CLI_SHOWN_ARGUMENTS_H_
#define PGRING_CLI_SHOWN_ARGUMENTS_H_

#include <string>
#include <vector>

namespace pgring {

// Each argument as it was given, but what follows "password=" (in a connection string or a URI's
// query) and a URI's password are "***".
std::vector<std::string> ShownArguments(int argument_count, const char* const* arguments);

}  // namespace pgring

#endif  // PGRING_CLI_SHOWN_ARGUMENTS_H_
