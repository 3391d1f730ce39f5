// Which statements a session has prepared, and which have to be: before the first operation, or
// when they are first used. One place for both drivers, which differ in how they wait for the
// answer.
//
// Not thread-safe; nothing here can fail.
#ifndef PGRING_POSTGRES_PREPARED_STATEMENTS_H_
#define PGRING_POSTGRES_PREPARED_STATEMENTS_H_

#include <vector>

#include "pgring/postgres/statement.h"

namespace pgring {

class PreparedStatements {
 public:
  // Part of connecting, so that the round trips of an operation are its own.
  static bool IsForConnecting(const Statement& statement) {
    return statement.protocol == StatementProtocol::kPrepared;
  }
  // Before the statement is executed it has to be prepared in an exchange of its own.
  bool IsMissing(const Statement& statement) const {
    return statement.protocol == StatementProtocol::kPreparedOnUse && !Has(statement);
  }
  void Add(const Statement& statement) {
    if (statement.number >= has_.size()) has_.resize(statement.number + 1);
    has_[statement.number] = true;
  }

 private:
  bool Has(const Statement& statement) const {
    return statement.number < has_.size() && has_[statement.number];
  }

  std::vector<bool> has_;  // by the statements' numbers
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_PREPARED_STATEMENTS_H_
