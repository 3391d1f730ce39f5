#include "cluster/stale_directories.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "cluster/directory_layout.h"
#include "test_directory.h"

namespace pgring {
namespace {

class StaleDirectoriesTest : public ::testing::Test {
 protected:
  // A directory as a dead keeper leaves it. Returns its path.
  std::string Leave(const std::string& name) {
    const std::string path = test_.MakeDirectory(name);
    test_.MakeDirectory(name + "/data/base");
    test_.Write(name + "/data/base/file", "x");
    test_.Write(name + "/owner", kOwnerFileText);
    return path;
  }

  StaleOutcome Remove(const std::string& directory) {
    return RemoveStaleDirectory(directory, std::nullopt);
  }

  TestDirectory test_;
};

TEST_F(StaleDirectoriesTest, RemovesWhatADeadKeeperLeft) {
  const std::string first = Leave("pgring-aBc123");
  const std::string second = Leave("pgring-xyzXYZ");
  const std::vector<std::string> removed = RemoveStaleDirectories(test_.path(), std::nullopt);
  EXPECT_EQ(removed.size(), 2u);
  EXPECT_FALSE(std::filesystem::exists(first));
  EXPECT_FALSE(std::filesystem::exists(second));
}

TEST_F(StaleDirectoriesTest, LeavesALiveOne) {
  const std::string directory = Leave("pgring-aBc123");
  const int owner = open((directory + "/owner").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(flock(owner, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(Remove(directory), StaleOutcome::kLive);
  EXPECT_TRUE(std::filesystem::exists(directory + "/data/base/file"));
  close(owner);
  EXPECT_EQ(Remove(directory), StaleOutcome::kRemoved);
}

TEST_F(StaleDirectoriesTest, LeavesWhatIsNotOurs) {
  const std::string other_name = Leave("pgring-backup");
  const std::string longer_name = Leave("pgring-aBc1234");
  const std::string unmarked = Leave("pgring-aaaaaa");
  std::filesystem::remove(unmarked + "/owner");
  const std::string other_mark = Leave("pgring-bbbbbb");
  test_.Write("pgring-bbbbbb/owner", "notes of my own\n");
  const std::string linked_mark = Leave("pgring-cccccc");
  std::filesystem::rename(linked_mark + "/owner", test_.path() + "/mark");
  std::filesystem::create_symlink(test_.path() + "/mark", linked_mark + "/owner");
  std::filesystem::create_directory_symlink(Leave("elsewhere"), test_.path() + "/pgring-dddddd");
  test_.Write("pgring-eeeeee", kOwnerFileText);
  // "backup" has six letters: only the mark tells it apart from ours.
  std::filesystem::remove(other_name + "/owner");

  EXPECT_TRUE(RemoveStaleDirectories(test_.path(), std::nullopt).empty());
  for (const std::string& directory :
       {other_name, longer_name, unmarked, other_mark, linked_mark, test_.path() + "/elsewhere"}) {
    EXPECT_TRUE(std::filesystem::exists(directory + "/data/base/file")) << directory;
  }
}

TEST_F(StaleDirectoriesTest, RootLeavesDirectoriesOfOtherUsers) {
  if (geteuid() != 0) GTEST_SKIP() << "only root meets directories that it could remove";
  constexpr uid_t kSomeUser = 54321;
  constexpr uid_t kServerUser = 54322;
  const std::string directory = Leave("pgring-aBc123");
  ASSERT_EQ(chown(directory.c_str(), kSomeUser, kSomeUser), 0);
  EXPECT_EQ(RemoveStaleDirectory(directory, kServerUser), StaleOutcome::kNotOurs);
  ASSERT_EQ(chown(directory.c_str(), kServerUser, kServerUser), 0);
  // Nor is a mark believed that the directory's user wrote himself.
  const std::string owner = directory + "/owner";
  ASSERT_EQ(chown(owner.c_str(), kServerUser, kServerUser), 0);
  EXPECT_EQ(RemoveStaleDirectory(directory, kServerUser), StaleOutcome::kNotOurs);
  ASSERT_EQ(chown(owner.c_str(), 0, 0), 0);
  EXPECT_EQ(RemoveStaleDirectory(directory, kServerUser), StaleOutcome::kRemoved);
}

// A server that outlived its keeper: here a program named postgres that works in the directory.
TEST_F(StaleDirectoriesTest, EndsTheServerThatSurvives) {
  const std::string directory = Leave("pgring-aBc123");
  const std::string program = test_.path() + "/postgres";
  std::filesystem::copy_file("/bin/sleep", program);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t server = fork();
  if (server == 0) {
    // Ignored where a shell has started the tests in the background, and a server would take it.
    signal(SIGQUIT, SIG_DFL);
    if (chdir((directory + "/data").c_str()) == 0) {
      execl(program.c_str(), "postgres", "1000", static_cast<char*>(nullptr));
    }
    _exit(1);
  }
  close(ends[1]);
  char byte;
  ASSERT_EQ(read(ends[0], &byte, 1), 0) << "end-of-file tells that the program runs";
  close(ends[0]);
  test_.Write("pgring-aBc123/data/postmaster.pid", fmt::format("{}\n/some/directory\n", server));
  EXPECT_EQ(Remove(directory), StaleOutcome::kRemoved);
  int wait_status = 0;
  EXPECT_EQ(waitpid(server, &wait_status, WNOHANG), server) << "the server still runs";
  EXPECT_EQ(WTERMSIG(wait_status), SIGQUIT);
}

// Anyone may write any number into a file below /tmp: only a postgres that works in that very
// directory is ended.
TEST_F(StaleDirectoriesTest, DoesNotEndAProcessThatIsNotTheDirectorysServer) {
  const std::string directory = Leave("pgring-aBc123");
  const pid_t bystander = fork();
  if (bystander == 0) {
    for (;;) pause();
  }
  test_.Write("pgring-aBc123/data/postmaster.pid", fmt::format("{}\n", bystander));
  EXPECT_EQ(Remove(directory), StaleOutcome::kRemoved);
  EXPECT_EQ(waitpid(bystander, nullptr, WNOHANG), 0) << "the bystander was ended";
  kill(bystander, SIGKILL);
  waitpid(bystander, nullptr, 0);
}

}  // namespace
}  // namespace pgring
