// What statements are executed on. Operations speak to it through a Transaction (transaction.h):
// an operation is written once, as a coroutine, and the session decides when a statement leaves.
//
// Kinds: a connection over the reactor (connection.h), a share in several connections
// (shared_session.h), blocking (blocking_session.h), which completes every await inline, and
// simulated (tests). Not thread-safe.
#ifndef PGRING_POSTGRES_SESSION_H_
#define PGRING_POSTGRES_SESSION_H_

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "pgring/coro/task.h"
#include "pgring/postgres/result.h"
#include "pgring/postgres/statement.h"

namespace pgring {

// When what a statement gives is needed: before the await ends, or with whatever is next.
enum class AnswerNeeded : uint8_t { kNow, kLater };

class Session {
 public:
  virtual ~Session() = default;

  // Whether a statement may be a text with values in it, in the simple protocol. Where it should
  // not, it could not leave together with others.
  virtual bool takes_text() const { return true; }

  // A pipeline of the script's own: what is queued between EnterPipeline and the next SyncPipeline
  // leaves together, one exchange for all of it. SyncPipeline gives the first error, if there is
  // one; what the server had not begun by then, it skipped. The results are in results().
  // Statements of kPreparedOnUse must have been given to PrepareNow before; those of kSimple are
  // refused.
  virtual Task<absl::Status> PrepareNow(const Statement* statement) = 0;
  virtual absl::Status EnterPipeline() = 0;
  virtual absl::Status QueueExecute(const Statement& statement, Parameters parameters) = 0;
  // Marks a point up to which errors reach; does not wait.
  virtual absl::Status QueueSync() = 0;
  virtual Task<absl::Status> SyncPipeline() = 0;
  // After SyncPipeline.
  virtual absl::Status ExitPipeline() = 0;
  virtual bool in_pipeline() const = 0;
  const std::vector<Result>& results() const { return results_; }

  // Between BEGIN and the end of the transaction, also one that has failed.
  virtual bool in_transaction() const = 0;
  // An exchange has been begun and not ended.
  virtual bool is_busy() const = 0;
  // Every statement has been answered: none waits to leave with others.
  bool is_answered() const { return !has_unsent_; }
  // Another operation may have it: it is usable, and nothing that one has begun is open: no
  // exchange, unanswered statement, pipeline or transaction. See BringToRest.
  virtual bool at_rest() const {
    return usable() && !is_busy() && is_answered() && !in_pipeline() && !in_transaction();
  }
  // False before there is a connection and once it is lost.
  virtual bool usable() const = 0;

  // Exchanges with the server so far, prepares included.
  int64_t round_trips() const { return round_trips_; }

 protected:
  friend class SendAwaiter;
  friend class Sending;
  friend class Execution;
  friend class TransactionEnd;
  friend class Settling;
  friend class Transaction;

  enum class Begun : uint8_t {
    kTaken,    // it leaves with what follows, or with BeginSettle
    kSteps,    // something has to be done before it: nothing was begun, and SendInSteps does it all
    kWaiting,  // SuspendExchange follows, and the end of the wait; then EndExchange
    kEnded,    // EndExchange follows
  };

  // Takes a statement and, unless it may leave later, begins an exchange for all that has been
  // taken. One exchange at a time. `parameters` are copied where it leaves later.
  virtual Begun BeginSend(const Statement& statement, Parameters parameters,
                          AnswerNeeded needed) = 0;
  // Begins an exchange for what has been taken, which is something: kWaiting or kEnded.
  virtual Begun BeginSettle();
  virtual void SuspendExchange(std::coroutine_handle<> waiter);
  // Adds to results_ what has been answered, and has the first error in status_.
  virtual void EndExchange() = 0;
  virtual Task<void> SendInSteps(const Statement* statement, Parameters parameters);

  // Whether a statement may leave with others: an error of theirs must undo it, or keep it from
  // being begun.
  bool MayWait(const Statement& statement) const;

  // The results that follow are of something new.
  void StartAnew() {
    results_.clear();
    is_settled_ = true;
  }

  // Of what has been sent since the last Settle.
  std::vector<Result> results_;
  absl::Status status_;      // the first error; what comes after it is not sent
  bool has_unsent_ = false;  // statements that have been taken
  bool has_left_ = true;     // the last statement, to the server, as far as is known
  int64_t round_trips_ = 0;

 private:
  // Gives the place of its result.
  size_t BeginStatement() {
    if (std::exchange(is_settled_, false)) {
      results_.clear();
      statements_ = 0;
    }
    return statements_++;
  }
  size_t EndStatement() {
    statements_ = results_.size();
    return statements_ - 1;
  }
  absl::Status TakeStatus() {
    is_settled_ = true;
    return std::exchange(status_, absl::OkStatus());
  }
  Result TakeLast() {
    Result last = std::move(results_.back());
    results_.pop_back();
    return last;
  }
  absl::Status CheckCommitted(size_t place) const;

  bool is_settled_ = false;
  size_t statements_ = 0;  // since the last Settle
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_SESSION_H_
