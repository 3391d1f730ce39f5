#include "experiment/perf_control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr const char* kOption = "--perf-control";
constexpr int64_t kLongestAckNs = kNanosecondsPerSecond;

// Opens a named pipe and nothing else: a file would be written over.
int OpenPipe(const std::string& path, int access) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return -1;
  if (!S_ISFIFO(found.st_mode)) {
    errno = EINVAL;
    return -1;
  }
  return open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC);
}

absl::Status CannotOpen(const std::string& path) {
  if (errno == EINVAL) {
    return absl::InvalidArgumentError(
        absl::StrCat(kOption, ": ", path, " is not a named pipe; make one with mkfifo"));
  }
  if (errno == ENXIO) {
    return absl::FailedPreconditionError(
        absl::StrCat(kOption, ": nothing reads ", path,
                     "; start 'perf record --delay=-1 --control fifo:", path, "' first"));
  }
  return absl::ErrnoToStatus(
      errno, absl::StrCat(kOption, ": cannot open ", path, "; make it with mkfifo"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PerfControl>> PerfControl::Open(const std::string& channel) {
  absl::string_view paths = channel;
  const bool is_fifo = absl::ConsumePrefix(&paths, "fifo:");
  const std::vector<std::string> parts = absl::StrSplit(paths, ',');
  if (!is_fifo || parts.size() > 2 || parts.front().empty() || parts.back().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(kOption, " \"", channel,
                     "\": give the named pipes of perf's --control, as fifo:CTL or fifo:CTL,ACK"));
  }
  const int control_fd = OpenPipe(parts[0], O_WRONLY);
  if (control_fd < 0) return CannotOpen(parts[0]);
  int ack_fd = -1;
  if (parts.size() == 2) {
    ack_fd = OpenPipe(parts[1], O_RDONLY);
    if (ack_fd < 0) {
      absl::Status failure = CannotOpen(parts[1]);
      close(control_fd);
      return failure;
    }
  }
  return std::unique_ptr<PerfControl>(new PerfControl(control_fd, ack_fd));
}

PerfControl::~PerfControl() {
  close(control_fd_);
  if (ack_fd_ >= 0) close(ack_fd_);
}

void PerfControl::Send(const char* command) {
  const size_t size = strlen(command);
  // Whole or not at all, and SIGPIPE is ignored (see cli/signals.cc).
  if (write(control_fd_, command, size) == static_cast<ssize_t>(size)) {
    ++unacknowledged_;
  } else if (failure_.ok()) {
    failure_ = absl::ErrnoToStatus(errno, absl::StrCat(kOption, ": perf cannot be told"));
  }
}

absl::Status PerfControl::Await() {
  if (ack_fd_ < 0) unacknowledged_ = 0;
  const int64_t give_up_ns = SteadyClock::Get()->NowNs() + kLongestAckNs;
  while (unacknowledged_ > 0) {
    const int64_t left_ns = give_up_ns - SteadyClock::Get()->NowNs();
    pollfd waits = {ack_fd_, POLLIN, 0};
    if (left_ns <= 0 ||
        poll(&waits, 1, static_cast<int>(left_ns / kNanosecondsPerMillisecond) + 1) <= 0) {
      unacknowledged_ = 0;
      if (failure_.ok()) {
        failure_ = absl::DeadlineExceededError(
            absl::StrCat(kOption,
                         ": perf did not acknowledge, so its profile may hold more or "
                         "less than the measured phase"));
      }
      break;
    }
    std::array<char, 256> answer;
    const ssize_t size = read(ack_fd_, answer.data(), answer.size());
    // Each acknowledgement is a line, whatever else perf puts around it.
    const auto lines =
        std::count(answer.begin(), answer.begin() + std::max<ssize_t>(size, 0), '\n');
    unacknowledged_ -= static_cast<int>(lines);
    if (size <= 0) unacknowledged_ = 0;  // perf has ended
  }
  return std::exchange(failure_, absl::OkStatus());
}

namespace {

class PerfProbe final : public Probe {
 public:
  explicit PerfProbe(PerfControl* control) : control_(control) {}
  void Start() override {
    control_->Enable();
    started_ = true;
  }
  void Stop() override {
    if (!started_) return;
    control_->Disable();
    failure_ = control_->Await();
  }
  void Collect(Run* run) const override {
    if (!failure_.ok()) run->remarks.emplace_back(std::string(failure_.message()));
  }

 private:
  PerfControl* const control_;
  bool started_ = false;
  absl::Status failure_;
};

}  // namespace

std::unique_ptr<Probe> MakePerfProbe(PerfControl* control) {
  return std::make_unique<PerfProbe>(control);
}

}  // namespace pgring
