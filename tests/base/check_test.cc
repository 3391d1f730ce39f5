#include "pgring/base/check.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(CheckTest, PassesWhenTrueAndEvaluatesOnce) {
  int evaluations = 0;
  PGRING_CHECK(++evaluations == 1, "never seen");
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, NamesPlaceConditionAndMessage) {
  const int answer = 41;
  EXPECT_DEATH(
      PGRING_CHECK(answer == 42, "the answer is wrong"),
      "internal error at .*check_test\\.cc:[0-9]+: the answer is wrong .*'answer == 42' failed");
}

TEST(CheckTest, IsOneStatement) {
  bool reached = false;
  // Would not compile, or would bind the else to the macro's own if.
  if (reached)
    PGRING_CHECK(false, "not reached");
  else
    reached = true;
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace pgring
