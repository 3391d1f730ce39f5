// Waiting for the end of a process that is not a child of the caller.
#ifndef PGRING_TESTS_SUPPORT_PROCESS_WATCH_H_
#define PGRING_TESTS_SUPPORT_PROCESS_WATCH_H_

#include <poll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace pgring {

// A process, held by a descriptor, so that reuse of its process id does no harm.
class ProcessWatch {
 public:
  explicit ProcessWatch(pid_t pid) : fd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}
  ~ProcessWatch() {
    if (fd_ >= 0) close(fd_);
  }
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  // A process that was gone already when the watch began counts as ended.
  bool HasEnded() const { return Wait(0); }
  // False: it has not ended after a minute, which no correct program takes.
  bool WaitForEnd() const { return Wait(60'000); }

 private:
  bool Wait(int limit_ms) const {
    if (fd_ < 0) return true;
    pollfd entry{fd_, POLLIN, 0};
    return poll(&entry, 1, limit_ms) > 0;
  }

  int fd_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_PROCESS_WATCH_H_
