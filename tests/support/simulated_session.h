// A PostgreSQL server and its sessions, simulated on a reactor's clock: the pool, the limiters and
// the runners are tested on it, exactly and without sleeping. Every time and every failure is
// scripted; nothing happens by itself.
//
// A session that has been connected must be closed before it is destroyed, executes only while it
// is usable and one statement at a time, as the real one; all of this is checked. The server is the
// factory of its sessions and must outlive them. Not thread-safe.
#ifndef PGRING_TESTS_SUPPORT_SIMULATED_SESSION_H_
#define PGRING_TESTS_SUPPORT_SIMULATED_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/stop.h"
#include "pgring/postgres/pooled_connection.h"
#include "pgring/postgres/session.h"
#include "pgring/uring/reactor.h"

namespace pgring {

using SimulatedRows = std::vector<std::vector<std::string>>;

// A result of these rows, all of the same width. No operator new: what libpq allocates is malloc's.
Result MakeRows(const SimulatedRows& rows);
// A result without rows and with this command tag.
Result MakeCommandResult(std::string_view command_tag);

// What a server says: an error of a statement or, for 57P01 and its like, the session's end.
absl::Status ServerError(std::string_view sqlstate);
absl::Status ConnectionLost();
// Refusals of a connect, which a pool tries again.
absl::Status TooManyClients();  // 53300
absl::Status NobodyListens();   // connection_refused
absl::Status WrongPassword();   // not a refusal: fails for good

// How one execution ends.
struct SimulatedAnswer {
  int64_t service_ns = 0;  // from the execution's start to its answer
  bool never = false;      // no answer, also not to a cancel request
  absl::Status status;     // ConnectionLost, 57P01 and their like break the session
  // Of a success; borrowed. No rows: a command with this tag.
  const SimulatedRows* rows = nullptr;
  std::string_view command_tag = "SIMULATED";
};

class SimulatedSession;

class SimulatedServer final : public PooledConnectionFactory {
 public:
  using Script = std::function<SimulatedAnswer(const Statement&, Parameters)>;

  explicit SimulatedServer(Reactor* reactor) : reactor_(reactor) {}
  ~SimulatedServer() override;

  // Every statement is answered at once until this is called.
  void Answer(Script script) { script_ = std::move(script); }
  // Without a script: how long every statement takes.
  void set_service_ns(int64_t service_ns) { service_ns_ = service_ns; }
  void set_connect_ns(int64_t connect_ns) { connect_ns_ = connect_ns; }
  // What a session holds of the heap while it lives, as libpq holds its buffers.
  void set_session_bytes(size_t session_bytes) { session_bytes_ = session_bytes; }
  // Further connects are refused with 53300 while this many are open.
  void set_max_connections(int max_connections) { max_connections_ = max_connections; }
  // Each of the next connects ends with one of these; OK means as usual.
  void ScriptConnects(const std::vector<absl::Status>& outcomes);
  // Every connect ends with this, until it is OK again.
  void set_connect_outcome(const absl::Status& outcome) { connect_outcome_ = outcome; }

  std::unique_ptr<PooledConnection> Create() override;

  // What happened so far.
  int open() const { return open_; }
  int peak_open() const { return peak_open_; }
  int connecting() const { return connecting_; }
  int peak_connecting() const { return peak_connecting_; }
  const std::vector<int64_t>& connect_times_ns() const { return connect_times_ns_; }  // starts
  int64_t executions() const { return executions_; }
  // What has been answered is not executing any more, whether or not its session knows yet.
  int executing() const;
  int peak_executing() const { return peak_executing_; }
  int64_t cancel_requests() const { return cancel_requests_; }
  int64_t aborts() const { return aborts_; }
  // Times of cancel requests to sessions that were executing.
  int64_t last_cancel_ns() const { return last_cancel_ns_; }
  int64_t last_abort_ns() const { return last_abort_ns_; }

 private:
  friend class SimulatedSession;

  absl::Status TakeConnectOutcome();
  // An execution that ends at `end_ns` unless it is interrupted before.
  void BeginExecution(int64_t end_ns);
  void EndExecution(int64_t end_ns);

  Reactor* const reactor_;
  Script script_;
  int64_t service_ns_ = 0;
  int64_t connect_ns_ = 0;
  size_t session_bytes_ = 0;
  int max_connections_ = std::numeric_limits<int>::max();
  absl::Status connect_outcome_;
  std::deque<absl::Status> scripted_outcomes_;

  int sessions_ = 0;
  int open_ = 0;
  int peak_open_ = 0;
  int connecting_ = 0;
  int peak_connecting_ = 0;
  std::vector<int64_t> connect_times_ns_;
  int64_t executions_ = 0;
  std::vector<int64_t> ends_ns_;  // in order
  int peak_executing_ = 0;
  int64_t cancel_requests_ = 0;
  int64_t aborts_ = 0;
  int64_t last_cancel_ns_ = 0;
  int64_t last_abort_ns_ = 0;
};

class SimulatedSession final : public PooledConnection, public Session {
 public:
  SimulatedSession(SimulatedServer* server, Reactor* reactor);
  ~SimulatedSession() override;

  Task<absl::Status> Connect() override;
  Session* session() override { return this; }
  bool at_rest() const override { return Session::at_rest(); }
  Task<absl::Status> PrepareNow(const Statement* statement) override;
  absl::Status EnterPipeline() override { return NoPipeline(); }
  absl::Status QueueExecute(const Statement&, Parameters) override { return NoPipeline(); }
  absl::Status QueueSync() override { return NoPipeline(); }
  Task<absl::Status> SyncPipeline() override;
  absl::Status ExitPipeline() override { return NoPipeline(); }
  bool in_pipeline() const override { return false; }
  bool in_transaction() const override { return in_transaction_; }
  bool is_busy() const override { return is_executing_; }
  Task<void> Close() override;
  void RequestCancel() override;
  void Abort() override;
  bool usable() const override { return state_ == State::kUsable; }

  // The server ends the session while it is idle; what used it last need not notice.
  void Break() { state_ = State::kBroken; }

 private:
  enum class State : uint8_t { kNew, kUsable, kBroken, kClosed };

  Begun BeginSend(const Statement& statement, Parameters parameters, AnswerNeeded needed) override;
  void SuspendExchange(std::coroutine_handle<> waiter) override;
  void EndExchange() override;

  static absl::Status NoPipeline() {
    return absl::UnimplementedError("the simulated server has no pipelines");
  }

  SimulatedServer* const server_;
  Reactor* const reactor_;
  State state_ = State::kNew;
  bool is_open_ = false;  // the server counts it
  bool is_executing_ = false;
  bool in_transaction_ = false;  // after BEGIN, until COMMIT or ROLLBACK has been answered
  bool never_answers_ = false;
  bool aborted_ = false;
  std::vector<char> buffers_;
  // Ends the wait in progress; a new one for each.
  std::optional<StopSource> wake_;
  // Of the execution in progress.
  const Statement* statement_ = nullptr;
  SimulatedAnswer answer_;
  int64_t end_ns_ = 0;
  std::optional<SleepUntil> service_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_SIMULATED_SESSION_H_
