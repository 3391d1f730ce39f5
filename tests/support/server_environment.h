// One throwaway server for a whole test program: started before its first test (and so before any
// ring, because starting one forks), gone after its last. Linking server_environment.cc is all that
// a program does for it.
#ifndef PGRING_TESTS_SUPPORT_SERVER_ENVIRONMENT_H_
#define PGRING_TESTS_SUPPORT_SERVER_ENVIRONMENT_H_

#include <sys/types.h>

#include <string>

#include "pgring/postgres/connection_parameters.h"

namespace pgring {

// A role with the password "right", which it must give; all other roles are trusted.
inline constexpr const char* kScramRole = "scram_role";

// As the superuser, through the Unix socket; `more` is added to the conninfo and wins.
ConnectionParameters ServerParameters(const std::string& more = "");
ConnectionParameters TcpServerParameters(const std::string& more = "");
pid_t ServerPostmasterPid();

// Runs `sql` as the superuser over a connection of its own. The first value of the last result,
// else the error message.
std::string AskServer(const std::string& sql);

// Returns when `sql` gives `answer`; false when it has not after a minute. For what another process
// does in its own time.
bool WaitForAnswer(const std::string& sql, const std::string& answer);

// Open file descriptors of this process.
int CountDescriptors();

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_SERVER_ENVIRONMENT_H_
