#include "cluster/remove_tree.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "test_directory.h"

namespace pgring {
namespace {

TEST(RemoveTreeTest, RemovesFilesAndDirectoriesAtEveryLevel) {
  TestDirectory test;
  const std::string root = test.MakeDirectory("root");
  // More entries than one buffer of the listing holds.
  for (int i = 0; i < 500; ++i) test.Write("root/some-file-" + std::to_string(i), "x");
  test.MakeDirectory("root/a/b/c/empty");
  test.Write("root/a/b/file", "x");
  EXPECT_EQ(RemoveTree(root.c_str(), nullptr), 0);
  EXPECT_FALSE(std::filesystem::exists(root));
}

TEST(RemoveTreeTest, DoesNotFollowSymbolicLinks) {
  TestDirectory test;
  const std::string root = test.MakeDirectory("root");
  test.MakeDirectory("elsewhere");
  const std::string kept = test.Write("elsewhere/kept", "x");
  std::filesystem::create_symlink(test.path() + "/elsewhere", root + "/link");
  std::filesystem::create_symlink(root, test.path() + "/link-to-root");
  EXPECT_EQ(RemoveTree((test.path() + "/link-to-root").c_str(), nullptr), ENOTDIR);
  EXPECT_TRUE(std::filesystem::exists(root));
  EXPECT_EQ(RemoveTree(root.c_str(), nullptr), 0);
  EXPECT_FALSE(std::filesystem::exists(root));
  EXPECT_TRUE(std::filesystem::exists(kept));
}

TEST(RemoveTreeTest, WhatIsMissingIsRemovedAlready) {
  EXPECT_EQ(RemoveTree("/nonexistent/directory", nullptr), 0);
}

// The mark goes last: a removal that fails half-way must leave a directory known as ours.
TEST(RemoveTreeTest, AFailureLeavesTheLastEntry) {
  TestDirectory test;
  const std::string root = test.MakeDirectory("root");
  test.Write("root/owner", "x");
  test.Write("root/other", "x");
  std::string deep = "root";
  for (int i = 0; i <= kRemoveTreeDepthLimit + 1; ++i) deep += "/d";
  test.MakeDirectory(deep);
  EXPECT_EQ(RemoveTree(root.c_str(), "owner"), ELOOP);
  EXPECT_TRUE(std::filesystem::exists(root + "/owner"));
  EXPECT_FALSE(std::filesystem::exists(root + "/other"));
}

TEST(RemoveTreeTest, TheLastEntryGoesInTheEnd) {
  TestDirectory test;
  const std::string root = test.MakeDirectory("root");
  test.Write("root/owner", "x");
  test.Write("root/other", "x");
  EXPECT_EQ(RemoveTree(root.c_str(), "owner"), 0);
  EXPECT_FALSE(std::filesystem::exists(root));
}

}  // namespace
}  // namespace pgring
