#include "cluster/readiness.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <memory>
#include <string_view>

#include "pgring/base/sqlstate.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, FinishConnection>;
using Result = std::unique_ptr<PGresult, ClearResult>;

constexpr std::string_view kCannotConnectNow = "57P03";
constexpr std::string_view kTooManyConnections = "53300";

absl::StatusOr<ReadinessAnswer> NotConnected(PGconn* connection) {
  const VerboseMessage message = ParseVerboseMessage(PQerrorMessage(connection));
  const std::string reason = OneLine(message.text);
  const std::string sqlstate = message.sqlstates.empty() ? "" : message.sqlstates.back();
  if (sqlstate.empty() || sqlstate == kCannotConnectNow || sqlstate == kTooManyConnections) {
    return ReadinessAnswer{false, reason};
  }
  return absl::FailedPreconditionError(reason);
}

// PQsocket is read anew each time: libpq may open another socket under way.
absl::StatusOr<bool> Connect(PGconn* connection, const DescriptorWait& wait) {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(connection) != CONNECTION_BAD) {
    if (state == PGRES_POLLING_OK) return true;
    if (state == PGRES_POLLING_FAILED) return false;
    PGRING_RETURN_IF_ERROR(
        wait(PQsocket(connection), state == PGRES_POLLING_READING ? POLLIN : POLLOUT));
    state = PQconnectPoll(connection);
  }
  return false;
}

}  // namespace

absl::StatusOr<ReadinessAnswer> AskServer(const std::string& conninfo,
                                          const std::string& data_directory,
                                          const DescriptorWait& wait) {
  const Connection connection(PQconnectStart(conninfo.c_str()));
  if (connection == nullptr) return absl::ResourceExhaustedError("libpq is out of memory");
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  const auto connected = Connect(connection.get(), wait);
  if (!connected.ok()) return connected.status();
  if (!*connected) return NotConnected(connection.get());

  if (PQsendQuery(connection.get(), "SELECT pg_catalog.current_setting('data_directory')") == 0) {
    return ReadinessAnswer{false, OneLine(PQerrorMessage(connection.get()))};
  }
  while (PQisBusy(connection.get()) != 0) {
    PGRING_RETURN_IF_ERROR(wait(PQsocket(connection.get()), POLLIN));
    if (PQconsumeInput(connection.get()) == 0) {
      return ReadinessAnswer{false, OneLine(PQerrorMessage(connection.get()))};
    }
  }
  const Result result(PQgetResult(connection.get()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
    return ReadinessAnswer{false, OneLine(PQresultErrorMessage(result.get()))};
  }
  const std::string found = PQgetvalue(result.get(), 0, 0);
  if (found != data_directory) {
    return absl::FailedPreconditionError(
        fmt::format("another server answers, with its data in {}; unset the PG* variables that "
                    "lead there",
                    found));
  }
  return ReadinessAnswer{true, ""};
}

}  // namespace pgring
