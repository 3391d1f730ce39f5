// What an operation speaks to: it sends statements, says when it needs what they give, and leaves
// to the session when they go to the server: at once and one by one, with the next, or with those
// of others.
//
//   Transaction transaction(session);
//   co_await transaction.Send(begin, none);
//   auto parents = co_await transaction.Execute(insert_a, values);     // its result is needed now
//   Pending<Result> children = co_await transaction.Send(insert_b, ids);         // only at the end
//   absl::Status committed = co_await transaction.Commit(commit);
//   if (committed.ok()) Use(children.Take());
//
// A statement that is sent may have been answered when Send returns, or may not even have left;
// only Settle, Execute, Commit and Rollback wait until all of them have been answered. They tell
// the first error, once; what was sent after a statement that failed has no effect, as if the
// operation had looked at every result before it went on. So a statement waits for others only
// inside of a transaction, and never one that ends it.
//
// Of an operation, on its session, which it borrows. Waits without a coroutine frame of its own
// wherever one exchange does it. Not thread-safe.
#ifndef PGRING_POSTGRES_TRANSACTION_H_
#define PGRING_POSTGRES_TRANSACTION_H_

#include <coroutine>
#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/coro/task.h"
#include "pgring/postgres/pending.h"
#include "pgring/postgres/result.h"
#include "pgring/postgres/session.h"
#include "pgring/postgres/statement.h"

namespace pgring {

// What each of the functions below gives: to be awaited once, in the expression that made it.
class SendAwaiter {
 public:
  SendAwaiter(Session* session, const Statement* statement, Parameters parameters,
              AnswerNeeded needed)
      : session_(session), statement_(statement), parameters_(parameters), needed_(needed) {}
  SendAwaiter(const SendAwaiter&) = delete;
  SendAwaiter& operator=(const SendAwaiter&) = delete;

  bool await_ready() {
    place_ = session_->BeginStatement();
    // What comes after an error has no effect.
    session_->has_left_ = session_->status_.ok();
    if (!session_->has_left_) return true;
    begun_ = session_->BeginSend(*statement_, parameters_, needed_);
    return begun_ == Session::Begun::kTaken || begun_ == Session::Begun::kEnded;
  }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    if (begun_ == Session::Begun::kWaiting) {
      session_->SuspendExchange(waiter);
      return true;
    }
    steps_.emplace(session_->SendInSteps(statement_, parameters_));
    return (*steps_).operator co_await().await_suspend(waiter);
  }

 protected:
  // What has been answered is in the session's results.
  void EndSend() {
    if (begun_ == Session::Begun::kTaken) return;
    if (!steps_.has_value()) session_->EndExchange();
    // A text of several statements has several.
    if (session_->status_.ok()) place_ = session_->EndStatement();
  }

  Session* const session_;
  size_t place_ = 0;

 private:
  const Statement* const statement_;
  const Parameters parameters_;
  const AnswerNeeded needed_;
  Session::Begun begun_ = Session::Begun::kTaken;
  std::optional<Task<void>> steps_;
};

class [[nodiscard]] Sending : public SendAwaiter {
 public:
  using SendAwaiter::SendAwaiter;
  Pending<Result> await_resume() {
    EndSend();
    return Pending<Result>(&session_->results_, place_);
  }
};

class [[nodiscard]] Execution : public SendAwaiter {
 public:
  using SendAwaiter::SendAwaiter;
  absl::StatusOr<Result> await_resume() {
    EndSend();
    if (!session_->status_.ok()) return session_->TakeStatus();
    session_->is_settled_ = true;
    return session_->TakeLast();
  }
};

class [[nodiscard]] TransactionEnd : public SendAwaiter {
 public:
  TransactionEnd(Session* session, const Statement* statement, bool commits)
      : SendAwaiter(session, statement, Parameters(), AnswerNeeded::kNow), commits_(commits) {}
  absl::Status await_resume() {
    EndSend();
    if (!session_->status_.ok()) return session_->TakeStatus();
    session_->is_settled_ = true;
    return commits_ ? session_->CheckCommitted(place_) : absl::OkStatus();
  }

 private:
  const bool commits_;
};

class [[nodiscard]] Settling {
 public:
  explicit Settling(Session* session) : session_(session) {}
  Settling(const Settling&) = delete;
  Settling& operator=(const Settling&) = delete;

  bool await_ready() {
    if (session_->is_answered()) return true;
    is_exchange_ = true;
    return session_->BeginSettle() == Session::Begun::kEnded;
  }
  void await_suspend(std::coroutine_handle<> waiter) { session_->SuspendExchange(waiter); }
  absl::Status await_resume() {
    if (is_exchange_) session_->EndExchange();
    return session_->TakeStatus();
  }

 private:
  Session* const session_;
  bool is_exchange_ = false;
};

class Transaction {
 public:
  explicit Transaction(Session* session) : session_(session) {}

  // Of all of these: `statement` must stay until it has been answered. The memory of `parameters`
  // must stay until the await is over. An error of a statement leaves the session usable; a lost
  // connection does not.

  // The result is there once everything has been answered, and until the next statement after that
  // is sent.
  Sending Send(const Statement* statement, Parameters parameters,
               AnswerNeeded needed = AnswerNeeded::kLater) {
    return Sending(session_, statement, parameters, needed);
  }
  // Send and Settle; gives the statement's own result.
  Execution Execute(const Statement* statement, Parameters parameters) {
    return Execution(session_, statement, parameters, AnswerNeeded::kNow);
  }
  // Everything that was sent has been answered: the first error, or OK.
  Settling Settle() { return Settling(session_); }
  // The end of the transaction, with the statement that says so, and of everything before it. The
  // server's answer to the COMMIT of a failed transaction is an error here.
  TransactionEnd Commit(const Statement* commit) { return TransactionEnd(session_, commit, true); }
  TransactionEnd Rollback(const Statement* rollback) {
    return TransactionEnd(session_, rollback, false);
  }

  // Whether everything that was sent has been answered. Then Settle would not wait, and TakeStatus
  // does the same without an await.
  bool is_answered() const { return session_->is_answered(); }
  absl::Status TakeStatus() { return session_->TakeStatus(); }
  // What has been answered since the last Settle or Execute; after an error what was before it.
  std::vector<Result>* results() { return &session_->results_; }

  // Of a COMMIT that failed: it had left, and the server has not told what became of it, because
  // the connection was lost or shut down under it. After any other error the transaction was
  // rolled back.
  bool MayBeCommitted(const absl::Status& failure) const;

  Session* session() const { return session_; }

 private:
  Session* const session_;
};

// Answers what was sent, ends a pipeline and rolls a transaction back, each where there is one.
// Whether that has worked shows in Session::at_rest(): errors on the way are dropped, because they
// follow from the one that the operation has failed with.
Task<void> BringToRest(Session* session);

}  // namespace pgring

#endif  // PGRING_POSTGRES_TRANSACTION_H_
