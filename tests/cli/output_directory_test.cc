#include "cli/output_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "pgring/base/check.h"
#include "support/program.h"

namespace pgring {
namespace {

using testing::HasSubstr;

class OutputDirectoryTest : public testing::Test {
 protected:
  OutputDirectoryTest() {
    char name[] = "/tmp/pgring-out-XXXXXX";
    PGRING_CHECK(mkdtemp(name) != nullptr, "a test needs a directory below /tmp");
    root_ = name;
  }
  ~OutputDirectoryTest() override { std::filesystem::remove_all(root_); }

  bool IsEmpty(const std::string& path) const { return std::filesystem::is_empty(path); }

  std::string root_;
};

TEST_F(OutputDirectoryTest, MakesWhatIsMissingAndWritesThere) {
  const std::string path = root_ + "/a/b/c";
  {
    auto directory = OutputDirectory::Create(path);
    ASSERT_TRUE(directory.ok()) << directory.status();
    EXPECT_EQ(directory->path(), path);
    EXPECT_TRUE(IsEmpty(path)) << "the probe was left behind";
    EXPECT_TRUE(directory->WriteFile("x", "content").ok());
  }
  EXPECT_EQ(ReadFile(path + "/x"), "content");
}

TEST_F(OutputDirectoryTest, GoesAgainWhenNothingWasWritten) {
  {
    ASSERT_TRUE(OutputDirectory::Create(root_ + "/a/b").ok());
  }
  EXPECT_TRUE(IsEmpty(root_));
}

TEST_F(OutputDirectoryTest, LeavesAloneWhatWasThereBefore) {
  std::filesystem::create_directory(root_ + "/a");
  std::ofstream(root_ + "/a/mine") << "mine";
  {
    ASSERT_TRUE(OutputDirectory::Create(root_ + "/a/b").ok());
  }
  {
    ASSERT_TRUE(OutputDirectory::Create(root_ + "/a").ok());
  }
  EXPECT_EQ(ReadFile(root_ + "/a/mine"), "mine");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/a/b"));
}

TEST_F(OutputDirectoryTest, ReplacesAnOlderFileWhole) {
  auto directory = OutputDirectory::Create(root_);
  ASSERT_TRUE(directory.ok());
  ASSERT_TRUE(directory->WriteFile("x", "something longer").ok());
  ASSERT_TRUE(directory->WriteFile("x", "short").ok());
  EXPECT_EQ(ReadFile(root_ + "/x"), "short");
  EXPECT_FALSE(std::filesystem::exists(root_ + "/x.partial"));
}

TEST_F(OutputDirectoryTest, AFailedWriteLeavesTheOlderFile) {
  auto directory = OutputDirectory::Create(root_);
  ASSERT_TRUE(directory.ok());
  ASSERT_TRUE(directory->WriteFile("x", "old").ok());
  // Where the partial file would go, something is in the way.
  std::filesystem::create_directory(root_ + "/x.partial");
  const absl::Status status = directory->WriteFile("x", "new");
  EXPECT_THAT(std::string(status.message()),
              testing::AllOf(HasSubstr("x.partial"), HasSubstr("--out")));
  EXPECT_EQ(ReadFile(root_ + "/x"), "old");
}

TEST_F(OutputDirectoryTest, SaysAtOnceThatTheDirectoryCannotBeMade) {
  std::ofstream(root_ + "/file") << "";
  for (const std::string& path : {root_ + "/file", root_ + "/file/below"}) {
    const auto directory = OutputDirectory::Create(path);
    ASSERT_FALSE(directory.ok()) << path;
    EXPECT_THAT(std::string(directory.status().message()),
                testing::AllOf(HasSubstr(path), HasSubstr("choose another directory with --out")));
  }
}

TEST_F(OutputDirectoryTest, TakesBackWhatItMadeWhenItFailsHalfWay) {
  // A name that is too long for the file system, below one that is not.
  const auto directory = OutputDirectory::Create(root_ + "/a/" + std::string(300, 'x'));
  EXPECT_FALSE(directory.ok());
  EXPECT_TRUE(IsEmpty(root_));
}

TEST_F(OutputDirectoryTest, WritesToADeviceInPlaceOfReplacingIt) {
  EXPECT_TRUE(WriteWholeFile("/dev/null", "content").ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const absl::Status full = WriteWholeFile("/dev/full", "content");
  EXPECT_THAT(std::string(full.message()),
              testing::AllOf(HasSubstr("writing /dev/full"), HasSubstr("No space left")));
}

// /dev/stdout is a link, and where standard output is a file, it leads to a regular file: renaming
// over it once replaced /dev/stdout itself.
TEST_F(OutputDirectoryTest, WritesThroughALinkInPlaceOfReplacingIt) {
  const std::string link = root_ + "/link";
  std::filesystem::create_symlink(root_ + "/target", link);
  for (const char* content : {"into a new file", "short"}) {
    EXPECT_TRUE(CheckWritable(link).ok());
    ASSERT_TRUE(WriteWholeFile(link, content).ok());
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(ReadFile(root_ + "/target"), content);
  }
}

TEST_F(OutputDirectoryTest, TellsBeforehandWhetherAFileMayBeWritten) {
  EXPECT_TRUE(CheckWritable(root_ + "/new").ok());
  EXPECT_TRUE(CheckWritable("/dev/full").ok()) << "only writing shows that";
  EXPECT_THAT(std::string(CheckWritable(root_).message()), HasSubstr("Is a directory"));
  EXPECT_THAT(std::string(CheckWritable(root_ + "/no/file").message()),
              HasSubstr("No such file or directory"));
  EXPECT_TRUE(IsEmpty(root_));
}

TEST(FileNamePartTest, HoldsNothingThatAFileSystemOrAnArchiveRefuses) {
  EXPECT_EQ(FileNamePart("sync"), "sync");
  EXPECT_EQ(FileNamePart("window:20"), "window-20");
  EXPECT_EQ(FileNamePart("window:20:pool=10:timeout=0.5#2"), "window-20-pool=10-timeout=0.5#2");
  EXPECT_EQ(FileNamePart("window: 20/<>|*?\"\\"), "window--20--------");
}

}  // namespace
}  // namespace pgring
