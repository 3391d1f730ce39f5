// PostgreSQL's own pgbench on the shared server, to compare with.
#ifndef PGRING_TESTS_CLI_REAL_PGBENCH_H_
#define PGRING_TESTS_CLI_REAL_PGBENCH_H_

#include <cstdint>
#include <string>
#include <vector>

namespace pgring {

struct PgbenchRun {
  int exit_code = -1;
  std::string output;  // both streams
};

// Waits for its end. No argument may have a ' in it. `environment` is "NAME=value" or nothing.
PgbenchRun RunRealPgbench(const std::vector<std::string>& arguments,
                          const std::string& environment = "");

// Expects of a run that it did so many transactions and failed none.
void ExpectRealPgbenchDoes(int64_t transactions, const std::vector<std::string>& arguments,
                           const std::string& environment = "");

}  // namespace pgring

#endif  // PGRING_TESTS_CLI_REAL_PGBENCH_H_
