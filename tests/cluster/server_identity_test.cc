#include "cluster/server_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace pgring {
namespace {

TEST(ServerIdentityTest, AnOrdinaryUserRunsTheServerHimself) {
  if (geteuid() == 0) GTEST_SKIP() << "we are root";
  const auto identity = FindServerIdentity("no-such-user");
  ASSERT_TRUE(identity.ok());
  EXPECT_FALSE(identity->has_value());
}

TEST(ServerIdentityTest, RootWithoutThatUserIsToldWhatToDo) {
  if (geteuid() != 0) GTEST_SKIP() << "we are not root";
  const auto identity = FindServerIdentity("no-such-user");
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kFailedPrecondition);
  const std::string message(identity.status().message());
  EXPECT_THAT(message, ::testing::HasSubstr("\"no-such-user\""));
  EXPECT_THAT(message, ::testing::HasSubstr("apt-get install postgresql"));
  EXPECT_EQ(FindServerIdentity("root").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ServerIdentityTest, RootBorrowsAnOrdinaryUser) {
  if (geteuid() != 0) GTEST_SKIP() << "we are not root";
  const auto identity = FindServerIdentity("daemon");
  ASSERT_TRUE(identity.ok()) << identity.status();
  ASSERT_TRUE(identity->has_value());
  EXPECT_NE((*identity)->user, 0u);
  EXPECT_THAT((*identity)->groups, ::testing::Contains((*identity)->group));
}

}  // namespace
}  // namespace pgring
