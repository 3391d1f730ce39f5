// What tests with a real server share: one question to it, and watching for a process's end.
#ifndef PGRING_TESTS_CLUSTER_SERVER_TEST_SUPPORT_H_
#define PGRING_TESTS_CLUSTER_SERVER_TEST_SUPPORT_H_

#include <libpq-fe.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>

namespace pgring {

// The first value of the result, else the error message.
inline std::string Ask(const std::string& conninfo, const std::string& query) {
  PGconn* connection = PQconnectdb(conninfo.c_str());
  std::string answer = PQerrorMessage(connection);
  if (PQstatus(connection) == CONNECTION_OK) {
    PGresult* result = PQexec(connection, query.c_str());
    const bool has_value = PQntuples(result) > 0 && PQnfields(result) > 0;
    answer = has_value ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result);
    PQclear(result);
  }
  PQfinish(connection);
  return answer;
}

// A process, held by a descriptor, so that its number being used again confuses nobody.
class ProcessWatch {
 public:
  explicit ProcessWatch(pid_t pid) : fd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  ~ProcessWatch() {
    if (fd_ >= 0) close(fd_);
  }
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  // A process that was gone already when the watch began counts as ended.
  bool HasEnded() const { return Wait(0); }
  // False: it has not ended after a minute, which no correct program takes.
  bool WaitForEnd() const { return Wait(60'000); }

 private:
  bool Wait(int limit_ms) const {
    if (fd_ < 0) return true;
    pollfd entry{fd_, POLLIN, 0};
    return poll(&entry, 1, limit_ms) > 0;
  }

  int fd_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_CLUSTER_SERVER_TEST_SUPPORT_H_
