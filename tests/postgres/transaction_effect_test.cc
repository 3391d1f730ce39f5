#include "postgres/transaction_effect.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(TransactionEffectTest, IsWhatTheStatementDoes) {
  for (const char* sql : {"BEGIN", "begin;", "  BEGIN ISOLATION LEVEL SERIALIZABLE",
                          "START TRANSACTION READ ONLY", "-- all\nBEGIN", "/* x */ Begin"}) {
    EXPECT_EQ(TransactionEffectOf(sql), TransactionEffect::kBegins) << sql;
  }
  for (const char* sql : {"COMMIT", "end;", "ROLLBACK", "abort", "COMMIT WORK", "END TRANSACTION",
                          "COMMIT AND NO CHAIN", "ROLLBACK WORK;", "PREPARE TRANSACTION 'x'"}) {
    EXPECT_EQ(TransactionEffectOf(sql), TransactionEffect::kEnds) << sql;
  }
  for (const char* sql : {"COMMIT AND CHAIN", "rollback work and chain;"}) {
    EXPECT_EQ(TransactionEffectOf(sql), TransactionEffect::kEndsAndBegins) << sql;
  }
  for (const char* sql :
       {"", ";", "--", "/*", "SELECT 1", "ROLLBACK TO SAVEPOINT a", "ROLLBACK WORK TO a",
        "ROLLBACK TRANSACTION TO SAVEPOINT a", "COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'x'",
        "PREPARE x AS SELECT 1", "SAVEPOINT a", "ENDING", "UPDATE t SET commit = 1",
        "SELECT 'BEGIN'", "(SELECT 1)"}) {
    EXPECT_EQ(TransactionEffectOf(sql), TransactionEffect::kNone) << sql;
  }
}

}  // namespace
}  // namespace pgring
