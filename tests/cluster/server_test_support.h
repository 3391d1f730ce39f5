// What tests of servers ask them.
#ifndef PGRING_TESTS_CLUSTER_SERVER_TEST_SUPPORT_H_
#define PGRING_TESTS_CLUSTER_SERVER_TEST_SUPPORT_H_

#include <libpq-fe.h>

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

}  // namespace pgring

#endif  // PGRING_TESTS_CLUSTER_SERVER_TEST_SUPPORT_H_
