// perf's control channel, with a test in the place of perf.
#include "experiment/perf_control.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

namespace pgring {
namespace {

using ::testing::HasSubstr;

class PerfControlTest : public ::testing::Test {
 protected:
  PerfControlTest() {
    char path[] = "/tmp/pgring-perf-XXXXXX";
    EXPECT_NE(mkdtemp(path), nullptr);
    directory_ = path;
    for (const std::string& pipe : {control(), ack()}) EXPECT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  }
  ~PerfControlTest() override {
    for (const int fd : {control_fd_, ack_fd_}) {
      if (fd >= 0) close(fd);
    }
    std::filesystem::remove_all(directory_);
  }

  std::string control() const { return directory_ + "/ctl"; }
  std::string ack() const { return directory_ + "/ack"; }
  std::string channel() const { return "fifo:" + control() + "," + ack(); }

  void StartPerf() {
    control_fd_ = open(control().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ack_fd_ = open(ack().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  std::string ReadByPerf() const {
    std::array<char, 100> text;
    const ssize_t size = read(control_fd_, text.data(), text.size());
    return std::string(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  }
  // As perf writes it, with the zero.
  void Acknowledge() const { EXPECT_EQ(write(ack_fd_, "ack\n", 5), 5); }

  std::string directory_;
  int control_fd_ = -1;
  int ack_fd_ = -1;
};

// Its first bytes were written over by commands to perf.
TEST_F(PerfControlTest, AFileIsNotWrittenOver) {
  const std::string file = directory_ + "/file";
  std::ofstream(file) << "keep me";
  for (const std::string& channel : {"fifo:" + file, "fifo:" + control() + "," + file}) {
    StartPerf();
    const auto perf = PerfControl::Open(channel);
    ASSERT_FALSE(perf.ok());
    EXPECT_THAT(std::string(perf.status().message()),
                HasSubstr(file + " is not a named pipe; make one with mkfifo"));
    close(control_fd_);
    close(ack_fd_);
  }
  control_fd_ = ack_fd_ = -1;
  std::string text;
  std::getline(std::ifstream(file), text);
  EXPECT_EQ(text, "keep me");
}

TEST_F(PerfControlTest, CountsBetweenStartAndStop) {
  StartPerf();
  const auto perf = PerfControl::Open(channel());
  ASSERT_TRUE(perf.ok()) << perf.status();
  const auto probe = MakePerfProbe(perf->get());
  EXPECT_EQ(ReadByPerf(), "");
  probe->Start();
  EXPECT_EQ(ReadByPerf(), "enable\n");
  Acknowledge();
  Acknowledge();  // of what comes next: perf is quicker than the test
  probe->Stop();
  EXPECT_EQ(ReadByPerf(), "disable\n");
  pgring::Run run;
  probe->Collect(&run);
  EXPECT_TRUE(run.remarks.empty());
}

TEST_F(PerfControlTest, WithoutAcknowledgementTheRunSaysSo) {
  StartPerf();
  const auto perf = PerfControl::Open(channel());
  ASSERT_TRUE(perf.ok()) << perf.status();
  const auto probe = MakePerfProbe(perf->get());
  probe->Start();
  Acknowledge();
  probe->Stop();
  pgring::Run run;
  probe->Collect(&run);
  ASSERT_EQ(run.remarks.size(), 1U);
  EXPECT_THAT(run.remarks[0], HasSubstr("perf did not acknowledge"));
}

TEST_F(PerfControlTest, OnePipeIsEnough) {
  StartPerf();
  const auto perf = PerfControl::Open("fifo:" + control());
  ASSERT_TRUE(perf.ok()) << perf.status();
  (*perf)->Enable();
  EXPECT_TRUE((*perf)->Await().ok());
  EXPECT_EQ(ReadByPerf(), "enable\n");
}

// A run that never began to measure has told perf nothing.
TEST_F(PerfControlTest, StopWithoutStart) {
  StartPerf();
  const auto perf = PerfControl::Open(channel());
  ASSERT_TRUE(perf.ok()) << perf.status();
  MakePerfProbe(perf->get())->Stop();
  EXPECT_EQ(ReadByPerf(), "");
}

TEST_F(PerfControlTest, SaysWhatIsMissing) {
  EXPECT_THAT(std::string(PerfControl::Open(channel()).status().message()),
              HasSubstr("nothing reads " + control() + "; start 'perf record"));
  EXPECT_THAT(std::string(PerfControl::Open("fifo:/nowhere/ctl").status().message()),
              HasSubstr("cannot open /nowhere/ctl; make it with mkfifo"));
  for (const char* text : {"", "fifo:", "fifo:a,", "fifo:a,b,c", "fd:3"}) {
    EXPECT_THAT(std::string(PerfControl::Open(text).status().message()),
                HasSubstr("give the named pipes of perf's --control, as fifo:CTL or fifo:CTL,ACK"));
  }
}

}  // namespace
}  // namespace pgring
