// A connection that looks at the server's other sessions and counters: outside of the pool, with an
// application name of its own, so that it never counts itself.
//
// One thread at a time. Whatever fails is an error to tell, never one of the run.
#ifndef PGRING_EXPERIMENT_SAMPLING_SESSION_H_
#define PGRING_EXPERIMENT_SAMPLING_SESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "diagnosis/server_samples.h"
#include "pgring/base/interrupt.h"
#include "pgring/postgres/blocking_session.h"
#include "pgring/postgres/connection_parameters.h"

namespace pgring {

// Of the sampler's own connection.
inline constexpr const char* kSamplerApplicationName = "pgring sampler";

// What one look saw.
struct ServerLook {
  SampledSessions ours;
  int64_t hidden = 0;        // sessions of ours whose state the role may not see
  int64_t other_active = 0;  // of other programs, active or hidden
  double server_s = 0;       // what it took the server
  bool waits_for_lock = false;
};

class SamplingSession {
 public:
  // `application_name` is that of the sessions to look at, as the server has it. `interrupt` is
  // borrowed.
  SamplingSession(const ConnectionParameters& direct, std::string application_name,
                  const Interrupt* interrupt);

  // Connects, again after a loss.
  absl::Status Connect();
  bool usable() const { return session_ != nullptr && session_->usable(); }
  void Close();

  absl::StatusOr<ServerLook> Look();
  // Adds to `locks` what others wait for and hold.
  absl::Status CountLocks(std::map<std::pair<std::string, std::string>, int64_t>* locks);
  // As they are now, those of this session among them as far as the server lets them be asked for.
  absl::StatusOr<ServerCounters> Counters();
  absl::StatusOr<std::map<std::string, TableActivity>> Tables();
  absl::StatusOr<std::vector<ForeignKeyFinding>> ForeignKeys();
  // Waits until the sessions that are looked at, other than that of `control_pid`, have ended and
  // so have reported all that they did; at most for a second.
  absl::Status AwaitEnd(int64_t control_pid);

  // 12, 13, …
  int major() const { return major_; }
  BlockingSession* session() { return session_.get(); }

 private:
  ConnectionParameters parameters_;
  const std::string application_name_;
  const Interrupt* const interrupt_;
  std::unique_ptr<BlockingSession> session_;
  int major_ = 0;
};

// Has a session report what it did so far to the server's counters, which it does on its own only
// once a second and, while it is idle, not at all up to PostgreSQL 14. `major` is the server's
// version.
absl::Status FlushCounters(BlockingSession* session, int major);

// 15 of "15.20", 18 of "18beta1"; 0 when it cannot be read.
int MajorVersion(std::string_view server_version);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_SAMPLING_SESSION_H_
