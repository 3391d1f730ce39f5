#include "pgring/uring/kernel_backend.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/types/span.h"
#include "pgring/base/clock.h"
#include "support/reactor_world.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Makes the system call `number` fail with `error_number` in this process for ever.
void ForbidSystemCall(uint32_t number, uint32_t error_number) {
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error_number),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {std::size(instructions), instructions};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    _exit(1);
  }
}

// What `action` returns in a child process.
std::string InChild(const std::function<std::string()>& action) {
  int ends[2];
  if (pipe(ends) != 0) return "pipe failed";
  const pid_t child = fork();
  if (child == 0) {
    const std::string answer = action();
    const bool written =
        write(ends[1], answer.data(), answer.size()) == static_cast<ssize_t>(answer.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string answer;
  std::array<char, 1024> bytes;
  for (ssize_t count; (count = read(ends[0], bytes.data(), bytes.size())) > 0;) {
    answer.append(bytes.data(), static_cast<size_t>(count));
  }
  close(ends[0]);
  int exit_status = -1;
  waitpid(child, &exit_status, 0);
  EXPECT_EQ(exit_status, 0);
  return answer;
}

std::string SetupRefusedWith(uint32_t error_number) {
  return InChild([error_number]() -> std::string {
    ForbidSystemCall(SYS_io_uring_setup, error_number);
    return CreateKernelBackend({}).status().ToString();
  });
}

TEST(KernelBackendRefusalTest, SeccompIsNamedWithItsRemedy) {
  std::string disabled = "0";
  std::ifstream("/proc/sys/kernel/io_uring_disabled") >> disabled;
  const std::string message = SetupRefusedWith(EPERM);
  EXPECT_THAT(message, StartsWith("PERMISSION_DENIED: setting up io_uring: "));
  EXPECT_THAT(message, HasSubstr("sync and threads"));
  if (disabled == "0") {
    EXPECT_THAT(message, AllOf(HasSubstr("seccomp"), HasSubstr("io_uring_setup"),
                               HasSubstr("io_uring_enter"), HasSubstr("io_uring_register")));
  } else {
    EXPECT_THAT(message, HasSubstr("sysctl kernel.io_uring_disabled=0"));
  }
  EXPECT_EQ(SetupRefusedWith(EACCES), message);
}

TEST(KernelBackendRefusalTest, KernelWithoutIoUringIsNamedWithItsRemedy) {
  EXPECT_THAT(SetupRefusedWith(ENOSYS),
              AllOf(StartsWith("UNAVAILABLE: setting up io_uring: "), HasSubstr("ENOSYS"),
                    HasSubstr("Linux 5.11"), HasSubstr("sync and threads")));
}

TEST(KernelBackendRefusalTest, LockedMemoryIsNamedWithItsRemedy) {
  EXPECT_THAT(SetupRefusedWith(ENOMEM),
              AllOf(StartsWith("RESOURCE_EXHAUSTED: setting up io_uring: "),
                    HasSubstr("locked memory"), HasSubstr("ulimit -l")));
}

TEST(KernelBackendRefusalTest, OtherErrorsKeepTheirText) {
  EXPECT_THAT(SetupRefusedWith(EMFILE),
              AllOf(HasSubstr("setting up io_uring: "), HasSubstr("Too many open files")));
  // Refused on every step of the ladder.
  EXPECT_THAT(SetupRefusedWith(EINVAL),
              AllOf(HasSubstr("setting up io_uring: "), HasSubstr("Invalid argument")));
}

TEST(KernelBackendRefusalTest, MessagesAreOneLine) {
  for (const uint32_t error_number : {EPERM, ENOSYS, ENOMEM, EMFILE, EINVAL}) {
    EXPECT_THAT(SetupRefusedWith(error_number), Not(HasSubstr("\n"))) << error_number;
  }
}

class KernelBackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<Backend>> backend = CreateKernelBackend({});
    if (!backend.ok()) GTEST_SKIP() << backend.status();
    backend_ = *std::move(backend);
  }

  void Open(const KernelBackendOptions& options) {
    absl::StatusOr<std::unique_ptr<Backend>> backend = CreateKernelBackend(options);
    ASSERT_TRUE(backend.ok()) << backend.status();
    backend_ = *std::move(backend);
  }

  Backend* backend() { return backend_.get(); }

 private:
  std::unique_ptr<Backend> backend_;
};

TEST_F(KernelBackendTest, TellsTheStepOfTheLadder) {
  EXPECT_THAT(backend()->setup(), Not(IsEmpty()));
  EXPECT_THAT(backend()->setup(), AnyOf(HasSubstr("SUBMIT_ALL"), std::string("plain")));
  RecordProperty("setup", backend()->setup());
}

TEST_F(KernelBackendTest, EveryStepCountsInItsStatistics) {
  KernelWorld world({});
  const int descriptor = world.NewDescriptor();
  world.MakeReadable(descriptor);
  backend()->QueuePoll(7, descriptor, POLLIN);
  backend()->QueuePoll(8, descriptor, POLLIN);
  EXPECT_EQ(backend()->stats().submissions, 2);
  EXPECT_EQ(backend()->stats().enters, 0);
  ASSERT_TRUE(backend()->SubmitAndWait(kNoDeadlineNs).ok());
  EXPECT_EQ(backend()->stats().enters, 1);
  std::array<Completion, 1> one;
  // No more than there is room for; the rest stays.
  ASSERT_EQ(backend()->TakeCompletions(absl::MakeSpan(one)), 1u);
  EXPECT_EQ(one[0].user_data, 7u);
  EXPECT_EQ(one[0].result, POLLIN);
  ASSERT_EQ(backend()->TakeCompletions(absl::MakeSpan(one)), 1u);
  EXPECT_EQ(one[0].user_data, 8u);
  EXPECT_EQ(backend()->TakeCompletions(absl::MakeSpan(one)), 0u);
  EXPECT_EQ(backend()->stats().completions, 2);
  EXPECT_EQ(backend()->stats().overflows, 0);
}

TEST_F(KernelBackendTest, WaitEndsAtItsDeadline) {
  KernelWorld world({});
  backend()->QueuePoll(7, world.NewDescriptor(), POLLIN);
  const int64_t deadline_ns = backend()->clock().NowNs() + kNanosecondsPerMillisecond;
  std::array<Completion, 1> one;
  while (backend()->clock().NowNs() < deadline_ns) {
    ASSERT_TRUE(backend()->SubmitAndWait(deadline_ns).ok());
    ASSERT_EQ(backend()->TakeCompletions(absl::MakeSpan(one)), 0u);
  }
}

TEST_F(KernelBackendTest, PastDeadlineOnlyLooks) {
  KernelWorld world({});
  backend()->QueuePoll(7, world.NewDescriptor(), POLLIN);
  // Waiting would be for ever.
  for (const int64_t deadline_ns : {int64_t{0}, int64_t{1}, backend()->clock().NowNs() - 1}) {
    ASSERT_TRUE(backend()->SubmitAndWait(deadline_ns).ok());
  }
}

// With more completions than the completion queue holds the kernel keeps the rest for later; the
// times of such a run are suspect, so it must be told.
TEST_F(KernelBackendTest, OverflowIsCountedAndLosesNothing) {
  Open({.submission_entries = 1, .completion_entries = 1});
  KernelWorld world({});
  const int descriptor = world.NewDescriptor();
  world.MakeReadable(descriptor);
  constexpr uint64_t kCount = 50;
  for (uint64_t user_data = 1; user_data <= kCount; ++user_data) {
    backend()->QueuePoll(user_data, descriptor, POLLIN);
  }
  std::set<uint64_t> seen;
  std::array<Completion, 64> completions;
  while (seen.size() < kCount) {
    ASSERT_TRUE(backend()->SubmitAndWait(kNoDeadlineNs).ok());
    const size_t count = backend()->TakeCompletions(absl::MakeSpan(completions));
    for (size_t i = 0; i < count; ++i) seen.insert(completions[i].user_data);
  }
  EXPECT_GT(backend()->stats().overflows, 0);
  EXPECT_EQ(backend()->stats().completions, static_cast<int64_t>(kCount));
}

volatile sig_atomic_t alarm_count = 0;
void CountAlarm(int) { alarm_count = alarm_count + 1; }

TEST_F(KernelBackendTest, SignalEndsAWaitWithoutAnError) {
  struct sigaction action = {};
  action.sa_handler = CountAlarm;
  struct sigaction old_action = {};
  ASSERT_EQ(sigaction(SIGALRM, &action, &old_action), 0);
  // Again and again, so that one comes while the wait is on.
  const itimerval every_millisecond = {{0, 1'000}, {0, 1'000}};
  const itimerval never = {};
  KernelWorld world({});
  backend()->QueuePoll(7, world.NewDescriptor(), POLLIN);
  alarm_count = 0;
  ASSERT_EQ(setitimer(ITIMER_REAL, &every_millisecond, nullptr), 0);
  const absl::Status first = backend()->SubmitAndWait(kNoDeadlineNs);
  const absl::Status second = backend()->SubmitAndWait(kNoDeadlineNs);
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &old_action, nullptr);
  EXPECT_TRUE(first.ok()) << first;
  EXPECT_TRUE(second.ok()) << second;
  EXPECT_GT(alarm_count, 0);
  std::array<Completion, 1> one;
  EXPECT_EQ(backend()->TakeCompletions(absl::MakeSpan(one)), 0u);
}

TEST_F(KernelBackendTest, ForbiddenEnterIsAnError) {
  const std::string message = InChild([]() -> std::string {
    absl::StatusOr<std::unique_ptr<Backend>> backend = CreateKernelBackend({});
    if (!backend.ok()) return backend.status().ToString();
    ForbidSystemCall(SYS_io_uring_enter, EPERM);
    return (*backend)->SubmitAndWait(0).ToString();
  });
  EXPECT_THAT(message, AllOf(StartsWith("PERMISSION_DENIED: waiting in io_uring_enter: "),
                             HasSubstr("Operation not permitted")));
}

TEST(KernelBackendDeathTest, RingSizeHasLimits) {
  EXPECT_DEATH((void)CreateKernelBackend({.submission_entries = 0}), "out of range");
  EXPECT_DEATH((void)CreateKernelBackend({.submission_entries = kMaxSubmissionEntries + 1}),
               "out of range");
}

TEST(KernelBackendDeathTest, ReceiveBuffersHaveLimits) {
  EXPECT_DEATH((void)CreateKernelBackend({.receive_buffers = 3}),
               "receive_buffers is out of range");
  EXPECT_DEATH((void)CreateKernelBackend({.receive_buffers = 2 * kMaxReceiveBuffers}),
               "receive_buffers is out of range");
}

}  // namespace
}  // namespace pgring
