// perf's control channel: `perf record --delay=-1 --control fifo:CTL,ACK` begins without counting,
// and counts while it has been told to. So a profile holds the measured phase of each run, and
// neither connecting nor the preparation and verification of tables.
//
// perf's protocol (perf-record(1), --control): the lines "enable" and "disable" into one pipe, and
// "ack" out of the other for each that was done.
//
// Owns both ends. Not thread-safe, but one thread may take it over from another.
#ifndef PGRING_EXPERIMENT_PERF_CONTROL_H_
#define PGRING_EXPERIMENT_PERF_CONTROL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiment/probes.h"

namespace pgring {

class PerfControl {
 public:
  // `channel` is "fifo:CTL" or "fifo:CTL,ACK": named pipes that exist, of which perf reads the
  // first one. FailedPrecondition if nothing reads it; else the error of opening them, or of the
  // notation.
  static absl::StatusOr<std::unique_ptr<PerfControl>> Open(const std::string& channel);
  ~PerfControl();
  PerfControl(const PerfControl&) = delete;
  PerfControl& operator=(const PerfControl&) = delete;

  // A system call that does not wait.
  void Enable() { Send("enable\n"); }
  void Disable() { Send("disable\n"); }
  // Waits, for a second at most, until perf has acknowledged all that was sent; at once without an
  // ACK. What failed since the last time.
  absl::Status Await();

 private:
  PerfControl(int control_fd, int ack_fd) : control_fd_(control_fd), ack_fd_(ack_fd) {}
  void Send(const char* command);

  const int control_fd_;
  const int ack_fd_;  // -1: none
  int unacknowledged_ = 0;
  absl::Status failure_;
};

// Has perf count while a run is measured. `control` is borrowed.
std::unique_ptr<Probe> MakePerfProbe(PerfControl* control);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_PERF_CONTROL_H_
