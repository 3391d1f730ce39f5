// One statement's result: libpq's PGresult, owned. Values are text format; reading them copies
// nothing and allocates nothing.
#ifndef PGRING_POSTGRES_RESULT_H_
#define PGRING_POSTGRES_RESULT_H_

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace pgring {

class Result {
 public:
  Result() = default;
  explicit Result(PGresult* result) : result_(result) {}

  bool has_value() const { return result_ != nullptr; }
  int rows() const { return PQntuples(result_.get()); }
  int columns() const { return PQnfields(result_.get()); }
  // Valid while this result lives.
  std::string_view ColumnName(int column) const { return PQfname(result_.get(), column); }
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  // The value's text; "" for NULL. Valid while this result lives.
  std::string_view Text(int row, int column) const {
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<size_t>(PQgetlength(result_.get(), row, column)));
  }
  // The value as a whole number; nothing when it is NULL or not one.
  std::optional<int64_t> Integer(int row, int column) const;
  // The command tag, for instance "COMMIT" or "INSERT 0 3".
  std::string_view CommandTag() const { return PQcmdStatus(result_.get()); }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

// OK for a result that says success (rows, command, empty query); else the server's message with
// its SQLSTATE as the failure code. Position, detail, hint and context follow the message in one
// line; FullMessage (error_details.h) has them as libpq shows them, caret included.
absl::Status StatusOfResult(const PGresult* result);

}  // namespace pgring

#endif  // PGRING_POSTGRES_RESULT_H_
