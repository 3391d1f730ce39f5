#include "cluster/find_binaries.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test_directory.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

// Programs that look like an installation of `version`.
std::string Install(const TestDirectory& test, const std::string& name,
                    const std::string& version) {
  const std::string directory = test.MakeDirectory(name);
  test.Write(name + "/initdb", "#!/bin/sh\n", 0755);
  test.Write(name + "/postgres",
             fmt::format("#!/bin/sh\necho 'postgres (PostgreSQL) {} (Some 1)'\n", version), 0755);
  return directory;
}

TEST(ServerVersionTest, IsTakenFromTheProgramsOutput) {
  EXPECT_EQ(ParseServerVersion("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), "15.20");
  EXPECT_EQ(ParseServerVersion("postgres (PostgreSQL) 17beta1\n"), "17beta1");
  EXPECT_EQ(ParseServerVersion("postgres (PostgreSQL) \n"), std::nullopt);
  EXPECT_EQ(ParseServerVersion("command not found"), std::nullopt);
}

TEST(ServerVersionTest, IsComparedAsNumbers) {
  EXPECT_LT(CompareServerVersions("9.6.24", "10.1"), 0);
  EXPECT_LT(CompareServerVersions("15.9", "15.20"), 0);
  EXPECT_LT(CompareServerVersions("16.4", "17beta1"), 0);
  EXPECT_LT(CompareServerVersions("17beta2", "17rc1"), 0);
  EXPECT_LT(CompareServerVersions("17rc1", "17.0"), 0);
  EXPECT_LT(CompareServerVersions("18devel", "18beta1"), 0);
  EXPECT_EQ(CompareServerVersions("17", "17.0"), 0);
  EXPECT_GT(CompareServerVersions("17.0", "17rc1"), 0);
}

TEST(FindPostgresBinariesTest, TakesTheNewestWhereverItIs) {
  TestDirectory test;
  Install(test, "versions/9/bin", "9.6.24");
  const std::string newest = Install(test, "versions/16/bin", "16.10");
  BinarySearch search;
  search.path = Install(test, "on-path", "16.9");
  search.directory_patterns = {test.path() + "/versions/*/bin"};
  const auto found = FindPostgresBinaries(search);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->directory, newest);
  EXPECT_EQ(found->version, "16.10");
  EXPECT_EQ(found->major_version, 16);
  EXPECT_EQ(found->initdb(), newest + "/initdb");
}

TEST(FindPostgresBinariesTest, AmongEqualsTheOneOnPathIsTaken) {
  TestDirectory test;
  Install(test, "versions/16/bin", "16.9");
  BinarySearch search;
  search.path = Install(test, "on-path", "16.9");
  search.directory_patterns = {test.path() + "/versions/*/bin"};
  const auto found = FindPostgresBinaries(search);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->directory, search.path);
}

TEST(FindPostgresBinariesTest, AsksPgConfig) {
  TestDirectory test;
  const std::string hidden = Install(test, "hidden", "14.3");
  BinarySearch search;
  search.path = test.MakeDirectory("tools");
  test.Write("tools/pg_config",
             fmt::format("#!/bin/sh\n[ \"$1\" = --bindir ] && echo {}\n", hidden), 0755);
  const auto found = FindPostgresBinaries(search);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->directory, hidden);
}

TEST(FindPostgresBinariesTest, SaysWhereItLookedAndWhatToInstall) {
  TestDirectory test;
  BinarySearch search;
  search.path = test.MakeDirectory("empty");
  search.directory_patterns = {test.path() + "/versions/*/bin"};
  const auto found = FindPostgresBinaries(search);
  EXPECT_EQ(found.status().code(), absl::StatusCode::kNotFound);
  const std::string message(found.status().message());
  EXPECT_THAT(message, HasSubstr(search.path));
  EXPECT_THAT(message, HasSubstr(search.directory_patterns[0]));
  EXPECT_THAT(message, HasSubstr("apt-get install postgresql-15"));
}

TEST(FindPostgresBinariesTest, SaysWhyAnInstallationIsOfNoUse) {
  TestDirectory test;
  BinarySearch search;
  search.path = Install(test, "old", "9.6.1");
  search.directory_patterns = {test.MakeDirectory("broken")};
  test.Write("broken/initdb", "#!/bin/sh\n", 0755);
  test.Write("broken/postgres", "#!/bin/sh\nexit 1\n", 0755);
  const auto found = FindPostgresBinaries(search);
  ASSERT_FALSE(found.ok());
  const std::string message(found.status().message());
  EXPECT_THAT(message, HasSubstr("is version 9.6.1, older than 10"));
  EXPECT_THAT(message, HasSubstr("broken/postgres does not tell its version"));
}

TEST(FindPostgresBinariesTest, FilesThatCannotBeExecutedDoNotCount) {
  TestDirectory test;
  BinarySearch search;
  search.path = Install(test, "plain", "16.1");
  test.Write("plain/postgres", "text", 0644);
  EXPECT_EQ(FindPostgresBinaries(search).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace pgring
