#include "report/log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/allocation_count.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    char name[] = "/tmp/pgring-log-XXXXXX";
    if (mkdtemp(name) != nullptr) directory_ = name;
  }
  ~LogFileTest() override { std::filesystem::remove_all(directory_); }

  std::string Path() const { return directory_ + "/log"; }
  std::string Content() const {
    std::ifstream file(Path());
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  std::string directory_;
};

std::unique_ptr<LogFile> Create(const std::string& path) {
  auto file = LogFile::Create(path);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *std::move(file) : nullptr;
}

TEST_F(LogFileTest, KeepsEverythingInOrder) {
  std::ofstream(Path()) << "what was there before";
  auto file = Create(Path());
  ASSERT_NE(file, nullptr);
  std::string expected;
  for (int i = 0; i < 40'000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    expected += line;
    ASSERT_TRUE(file->Append(line).ok());
  }
  EXPECT_GT(expected.size(), 4 * LogFile::kBufferBytes);
  // One that is longer than the buffer goes past it, after what came before.
  const std::string long_line(LogFile::kBufferBytes + 1, 'x');
  ASSERT_TRUE(file->Append(long_line).ok());
  ASSERT_TRUE(file->Append("end\n").ok());
  ASSERT_TRUE(file->Close().ok());
  EXPECT_EQ(Content(), expected + long_line + "end\n");
}

TEST_F(LogFileTest, FlushAndDestructionWrite) {
  {
    auto file = Create(Path());
    ASSERT_NE(file, nullptr);
    ASSERT_TRUE(file->Append("a\n").ok());
    EXPECT_EQ(Content(), "");
    ASSERT_TRUE(file->Flush().ok());
    EXPECT_EQ(Content(), "a\n");
    ASSERT_TRUE(file->Append("b\n").ok());
  }
  EXPECT_EQ(Content(), "a\nb\n");
}

TEST_F(LogFileTest, SaysWhyItCannotBeCreated) {
  EXPECT_THAT(LogFile::Create(directory_ + "/no/log").status().message(),
              AllOf(HasSubstr("creating the log " + directory_), HasSubstr("No such file")));
  EXPECT_THAT(LogFile::Create(directory_).status().message(), HasSubstr("Is a directory"));
}

TEST(LogFileFailureTest, AFullDiskIsToldFromThenOn) {
  auto file = Create("/dev/full");
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(file->Append("kept for now\n").ok());
  const absl::Status full = file->Flush();
  EXPECT_THAT(full.message(), AllOf(HasSubstr("writing the log /dev/full"), HasSubstr("No space")));
  EXPECT_EQ(file->Append("more\n"), full);
  EXPECT_EQ(file->Close(), full);
}

TEST(LogFileFailureTest, AFullDiskShowsWhenTheBufferIsFull) {
  auto file = Create("/dev/full");
  ASSERT_NE(file, nullptr);
  const std::string line(1'000, 'x');
  int accepted = 0;
  while (file->Append(line).ok()) ++accepted;
  EXPECT_EQ(accepted, static_cast<int>(LogFile::kBufferBytes / line.size()));
}

TEST(LogFileFailureTest, AllocatesNothingForALine) {
  auto file = Create("/dev/null");
  ASSERT_NE(file, nullptr);
  const std::string line(100, 'x');
  const int64_t before = AllocationCount();
  for (int i = 0; i < 10'000; ++i) {
    if (!file->Append(line).ok()) break;
  }
  EXPECT_EQ(AllocationCount(), before);
}

TEST(LogFileDeathTest, AClosedLogTakesNothing) {
  auto file = Create("/dev/null");
  ASSERT_NE(file, nullptr);
  ASSERT_TRUE(file->Close().ok());
  EXPECT_DEATH((void)file->Append("x"), "has been closed");
}

}  // namespace
}  // namespace pgring
