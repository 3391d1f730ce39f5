// A statement, how it is sent, and the parameters of one execution. Plain data.
#ifndef PGRING_POSTGRES_STATEMENT_H_
#define PGRING_POSTGRES_STATEMENT_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace pgring {

// What an execution sends.
enum class StatementProtocol : uint8_t {
  kPrepared,       // the name of a statement that was prepared when the connection was opened
  kPreparedOnUse,  // the same, but prepared when it is first executed: the tables may come later
  kExtended,       // the text and the parameters: the server plans it for their values every time
  kSimple,         // the text alone, which may be several statements
};

struct Statement {
  std::string name;  // unique within a connection
  std::string sql;
  int parameter_count = 0;
  StatementProtocol protocol = StatementProtocol::kPrepared;
  // Of kPreparedOnUse: from 0, another for every statement of a connection.
  size_t number = 0;
};

// Text-format parameters. Points into the caller's memory, which must stay until the execution is
// done. Trivially destructible on purpose: it is passed to coroutines by value.
struct Parameters {
  Parameters() = default;
  Parameters(const char* const* parameter_values, int parameter_count)
      : values(parameter_values), count(parameter_count) {}

  const char* const* values = nullptr;
  int count = 0;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_STATEMENT_H_
