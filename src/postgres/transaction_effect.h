// What a statement does to the transaction of its session, as its text tells. With many units in
// flight on a connection the server's word for it would come too late: the next unit has left.
//
// Pure; nothing here can fail.
#ifndef PGRING_POSTGRES_TRANSACTION_EFFECT_H_
#define PGRING_POSTGRES_TRANSACTION_EFFECT_H_

#include <cstdint>
#include <string_view>

namespace pgring {

enum class TransactionEffect : uint8_t {
  kNone,
  kBegins,         // BEGIN, START TRANSACTION
  kEnds,           // COMMIT, END, ROLLBACK, ABORT, PREPARE TRANSACTION
  kEndsAndBegins,  // COMMIT AND CHAIN
};

TransactionEffect TransactionEffectOf(std::string_view sql);

}  // namespace pgring

#endif  // PGRING_POSTGRES_TRANSACTION_EFFECT_H_
