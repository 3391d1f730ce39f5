// What the process that prepares, verifies and reports says to its workers, and they to it:
// messages over a pair of sockets, one for each worker.
//
//   to a worker      kRun        a run of which it has a share: RunRequest
//                    kStart      when its clock starts, by the steady clock: int64
//                    kAbort      there is no start: the reason
//   from a worker    kReady      its connections are open
//                    kRefused    a connection was refused: the status
//                    kError      an attempt failed: ErrorNotice
//                    kServerSays a notice of the server's
//                    kDone       it has ended: RunOutcome
//
// A channel that has ended tells that the other process has.
#ifndef PGRING_EXPERIMENT_WORKER_CHANNEL_H_
#define PGRING_EXPERIMENT_WORKER_CHANNEL_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/io_mode.h"
#include "run/error_log.h"
#include "run/run_archive.h"

namespace pgring {

enum class WorkerMessageKind : uint8_t {
  kRun,
  kStart,
  kAbort,
  kReady,
  kRefused,
  kError,
  kServerSays,
  kDone,
};

struct WorkerMessage {
  WorkerMessageKind kind = WorkerMessageKind::kRun;
  std::string bytes;
};

// A run of which each worker has a share.
struct RunRequest {
  ScenarioPlan scenario;  // the whole of it
  LoadPlan load;
  int64_t operations = 0;  // of all workers
  ConnectionParameters parameters;
  IoMode io = IoMode::kReadiness;
  bool behind_pooler = false;
  std::string findings;  // Workload::Findings
  std::string log_name;  // of its transaction log, where there is one
  bool wants_details = false;
  bool tells_every_error = false;
};
void Archived(Archive* archive, RunRequest* request);

struct RunOutcome {
  absl::Status driven;  // an error: nothing ran, and there is no run
  absl::Status logged;  // whether its transaction log was written
  Run run;
};
void Archived(Archive* archive, RunOutcome* outcome);

struct ErrorNotice {
  ErrorOutcome outcome = ErrorOutcome::kOperationFailed;
  int client = 0;
  int tries = 1;
  absl::Status status;
};
void Archived(Archive* archive, ErrorNotice* notice);

// Owns its descriptor. Send may be called by several threads at once, Receive by one.
class WorkerChannel {
 public:
  explicit WorkerChannel(int descriptor) : descriptor_(descriptor) {}
  ~WorkerChannel() { Close(); }
  WorkerChannel(const WorkerChannel&) = delete;
  WorkerChannel& operator=(const WorkerChannel&) = delete;

  int descriptor() const { return descriptor_; }
  void Close();

  // Waits while the other side is slow to read. Unavailable: it has ended.
  absl::Status Send(WorkerMessageKind kind, std::string_view bytes);
  // What has come, without waiting; nothing: no message is complete yet. Unavailable: the other
  // side has ended.
  absl::StatusOr<std::optional<WorkerMessage>> Receive();

 private:
  std::optional<WorkerMessage> TakeMessage();

  int descriptor_;
  std::mutex mutex_;
  std::string received_;
  bool has_ended_ = false;
};

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_WORKER_CHANNEL_H_
