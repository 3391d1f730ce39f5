// SQLSTATEs in libpq's messages. libpq 15 keeps no result of a failed connection, only a text; with
// PQERRORS_VERBOSE the text has the server's SQLSTATE before its message, whatever the language:
//
//   connection to server on socket "/tmp/.s.PGSQL.5432" failed: FATAL:  53300: tut mir leid, ...
//   LOCATION:  InitProcess, proc.c:362
#ifndef PGRING_BASE_SQLSTATE_H_
#define PGRING_BASE_SQLSTATE_H_

#include <string>
#include <string_view>
#include <vector>

namespace pgring {

struct VerboseMessage {
  // In the order of the message, which has one for each server that was tried and answered with an
  // error.
  std::vector<std::string> sqlstates;
  // What libpq says with PQERRORS_DEFAULT: without SQLSTATEs and places in the server's source.
  std::string text;
};
VerboseMessage ParseVerboseMessage(std::string_view message);

}  // namespace pgring

#endif  // PGRING_BASE_SQLSTATE_H_
