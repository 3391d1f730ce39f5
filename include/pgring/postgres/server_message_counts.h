// How many notices, warnings and notifications a run's connections got. Plain data.
#ifndef PGRING_POSTGRES_SERVER_MESSAGE_COUNTS_H_
#define PGRING_POSTGRES_SERVER_MESSAGE_COUNTS_H_

#include <cstdint>
#include <string>

namespace pgring {

struct ServerMessageCounts {
  int64_t warnings = 0;
  int64_t notices = 0;  // also what is below a notice: INFO, LOG, DEBUG
  int64_t notifications = 0;
  // In one line, with the SQLSTATE; empty where there was none.
  std::string first_warning;
  std::string first_notice;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_SERVER_MESSAGE_COUNTS_H_
