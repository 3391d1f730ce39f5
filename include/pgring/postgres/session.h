// What an operation talks to. Three kinds: over the reactor (connection.h), blocking
// (blocking_session.h), simulated (tests). An operation is written once, as a coroutine over this
// interface; the blocking session completes every await inline.
#ifndef PGRING_POSTGRES_SESSION_H_
#define PGRING_POSTGRES_SESSION_H_

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/base/intrusive_list.h"
#include "pgring/coro/task.h"
#include "pgring/postgres/result.h"
#include "pgring/postgres/statement.h"

namespace pgring {

class Session;

// A statement's execution, to be awaited once, in the expression that made it; gives
// StatusOr<Result>. Where one exchange does it, no coroutine stands between the caller's and the
// ring: this is what every operation waits in.
class [[nodiscard]] Execution {
 public:
  Execution(Session* session, const Statement* statement, Parameters parameters)
      : session_(session), statement_(statement), parameters_(parameters) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  bool await_ready();
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter);
  absl::StatusOr<Result> await_resume();

 private:
  Session* const session_;
  const Statement* const statement_;
  const Parameters parameters_;
  bool is_one_exchange_ = false;
  std::optional<Task<absl::StatusOr<Result>>> steps_;
};

class Session {
 public:
  virtual ~Session() = default;

  // Opens the connection and prepares its statements; called once. Failures carry the server's
  // SQLSTATE or a cause (status.h); kResourceExhausted means refused for now: try again later.
  virtual Task<absl::Status> Connect() = 0;

  // Executes a statement in its protocol: `auto result = co_await session->Execute(&statement,
  // parameters);`. `statement` and the memory of `parameters` must stay until the result is there.
  // An error of the statement leaves the session usable; a lost connection does not.
  Execution Execute(const Statement* statement, Parameters parameters);

  // Of the execution before, when it was several statements: what came before the last result.
  virtual const std::vector<Result>& earlier_results() const = 0;

  // Deferring: a statement whose result is not needed yet is sent with the next Execute or Flush,
  // in one round trip. An error is reported there, once, and undoes what was deferred, because all
  // of it is inside a transaction: defer only a BEGIN, and after it (sent or deferred) whatever is
  // not the transaction's end. earlier_results() then has the results of what was deferred, in
  // order; after an error those before it.
  //
  // Whether this session defers at all, and this statement now: not one that is yet to be prepared.
  virtual bool MayDefer(const Statement& /*statement*/) const { return false; }
  // Does not wait. The memory of `parameters` need not stay.
  virtual absl::Status Defer(const Statement& /*statement*/, Parameters /*parameters*/) {
    return absl::UnimplementedError("this session defers nothing");
  }
  virtual Task<absl::Status> Flush() { co_return absl::OkStatus(); }
  bool has_deferred() const { return has_deferred_; }

  // A pipeline: what is executed between EnterPipeline and the next SyncPipeline leaves together,
  // one exchange for all of it. SyncPipeline gives the first error, if there is one; what the
  // server had not begun by then, it skipped. The results are in earlier_results(). Statements of
  // kPreparedOnUse must have been given to PrepareNow before; those of kSimple are refused.
  virtual Task<absl::Status> PrepareNow(const Statement* statement) = 0;
  virtual absl::Status EnterPipeline() = 0;
  virtual absl::Status QueueExecute(const Statement& statement, Parameters parameters) = 0;
  // Marks a point up to which errors reach; does not wait.
  virtual absl::Status QueueSync() = 0;
  virtual Task<absl::Status> SyncPipeline() = 0;
  // After SyncPipeline.
  virtual absl::Status ExitPipeline() = 0;
  virtual bool in_pipeline() const = 0;

  // Between BEGIN and the end of the transaction, also one that has failed.
  virtual bool in_transaction() const = 0;
  // An exchange has been begun and not ended.
  virtual bool is_busy() const = 0;
  // Another operation may have it: it is usable, and nothing that one has begun is open: no
  // exchange, deferred statement, pipeline or transaction. See BringToRest.
  virtual bool at_rest() const {
    return usable() && !is_busy() && !has_deferred() && !in_pipeline() && !in_transaction();
  }

  // Waits; false when the run was interrupted and the operation is to end.
  virtual Task<bool> Sleep(int64_t duration_ns) = 0;
  // Waits until `descriptor`, which is not the session's, can be read; false as above.
  virtual Task<bool> WaitReadable(int descriptor) = 0;

  // Ends every operation in flight, waits until the kernel has let go of the socket and closes it.
  virtual Task<void> Close() = 0;

  // Asks the server to cancel the statement that is running, if one is; does not wait.
  virtual void RequestCancel() = 0;
  // Makes the wait that is in progress fail; the session is broken afterwards.
  virtual void Abort() = 0;

  // To be called about once a second: whether a wait whose completion was lost has been re-armed
  // (see SocketIo::Rescue).
  virtual bool RescueWait() { return false; }

  // False before Connect and once the connection is lost.
  virtual bool usable() const = 0;

  // Exchanges with the server so far, prepares included.
  int64_t round_trips() const { return round_trips_; }

 protected:
  friend class Execution;

  enum class Begun : uint8_t { kNot, kWaiting, kEnded };

  // Begins to execute in one exchange. kNot: nothing was begun, because something has to be done
  // before it, and ExecuteInSteps does it all. kWaiting: SuspendExchange follows, and the end of
  // the wait; then, as after kEnded, TakeExecuted.
  virtual Begun BeginExecute(const Statement& statement, Parameters parameters) = 0;
  virtual void SuspendExchange(std::coroutine_handle<> waiter);
  virtual absl::StatusOr<Result> TakeExecuted() = 0;
  virtual Task<absl::StatusOr<Result>> ExecuteInSteps(const Statement* statement,
                                                      Parameters parameters);

  int64_t round_trips_ = 0;
  bool has_deferred_ = false;
};

inline Execution Session::Execute(const Statement* statement, Parameters parameters) {
  return Execution(this, statement, parameters);
}

inline bool Execution::await_ready() {
  const Session::Begun begun = session_->BeginExecute(*statement_, parameters_);
  is_one_exchange_ = begun != Session::Begun::kNot;
  return begun == Session::Begun::kEnded;
}

template <typename Promise>
bool Execution::await_suspend(std::coroutine_handle<Promise> waiter) {
  if (is_one_exchange_) {
    session_->SuspendExchange(waiter);
    return true;
  }
  steps_.emplace(session_->ExecuteInSteps(statement_, parameters_));
  return (*steps_).operator co_await().await_suspend(waiter);
}

inline absl::StatusOr<Result> Execution::await_resume() {
  return is_one_exchange_ ? session_->TakeExecuted() : steps_->handle().promise().TakeValue();
}

// Makes the sessions of a pool. Must outlive them.
class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  virtual std::unique_ptr<Session> Create() = 0;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_SESSION_H_
