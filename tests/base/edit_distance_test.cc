#include "pgring/base/edit_distance.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(EditDistanceTest, CountsWhatMakesOneWordOfTheOther) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("limit", "limit"), 0u);
  EXPECT_EQ(EditDistance("", "pool"), 4u);
  EXPECT_EQ(EditDistance("pool", ""), 4u);
  EXPECT_EQ(EditDistance("limt", "limit"), 1u) << "inserted";
  EXPECT_EQ(EditDistance("limmit", "limit"), 1u) << "deleted";
  EXPECT_EQ(EditDistance("linit", "limit"), 1u) << "replaced";
  EXPECT_EQ(EditDistance("limti", "limit"), 1u) << "exchanged";
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("ca", "abc"), 3u) << "no part is edited twice";
}

}  // namespace
}  // namespace pgring
