// A field of a server's error or notice.
#ifndef PGRING_POSTGRES_ERROR_FIELD_H_
#define PGRING_POSTGRES_ERROR_FIELD_H_

#include <libpq-fe.h>

#include <string_view>

namespace pgring {

// Empty where the server has sent none. Valid while `result` lives.
inline std::string_view ErrorField(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace pgring

#endif  // PGRING_POSTGRES_ERROR_FIELD_H_
