// What an operation talks to where connections are shared: a session without a connection of its
// own. Its statements leave as units; see multiplexer.h.
//
// A session has one unit in flight at a time, which is answered before the caller goes on. Not
// thread-safe.
#ifndef PGRING_POSTGRES_SHARED_SESSION_H_
#define PGRING_POSTGRES_SHARED_SESSION_H_

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pgring/postgres/multiplexer.h"
#include "pgring/postgres/session.h"

namespace pgring {

class SharedSession final : public Session, private Unit {
 public:
  explicit SharedSession(Multiplexer* multiplexer);
  ~SharedSession() override;

  // Another operation has the session: what a connection that was lost meant for the one before is
  // over.
  void Renew();
  // The operation has ended. If a transaction of it is still open, its connection is given up.
  void EndUse();
  // For how long the statements since the last call waited behind those of others.
  int64_t TakeQueuedNs() { return std::exchange(total_queued_ns_, 0); }
  // Whether anything has been sent since Renew.
  bool has_sent() const { return has_sent_; }

  bool takes_text() const override { return false; }
  // Prepared with its first execution.
  Task<absl::Status> PrepareNow(const Statement* /*statement*/) override {
    co_return absl::OkStatus();
  }
  absl::Status EnterPipeline() override;
  absl::Status QueueExecute(const Statement& statement, Parameters parameters) override;
  absl::Status QueueSync() override;
  Task<absl::Status> SyncPipeline() override;
  absl::Status ExitPipeline() override;
  bool in_pipeline() const override { return in_pipeline_; }
  bool in_transaction() const override { return in_transaction_; }
  bool is_busy() const override { return state_ != State::kIdle; }
  // False once the connection that it had statements on is lost, until Renew.
  bool usable() const override { return !is_lost_; }

 private:
  friend class Multiplexer;

  enum class State : uint8_t { kIdle, kQueued, kSent };

  // Awaits the answer of a unit that has been submitted.
  class Answer {
   public:
    explicit Answer(SharedSession* session) : session_(session) {}
    bool await_ready() const { return !session_->is_busy(); }
    void await_suspend(std::coroutine_handle<> waiter) { session_->SuspendExchange(waiter); }
    void await_resume() const {}

   private:
    SharedSession* const session_;
  };

  Begun BeginSend(const Statement& statement, Parameters parameters, AnswerNeeded needed) override;
  Begun BeginSettle() override;
  void SuspendExchange(std::coroutine_handle<> waiter) override;
  void EndExchange() override;

  // Copies the parameters.
  void Gather(const Statement& statement, Parameters parameters);
  // The gathered statements become the unit's.
  void BeginUnit();
  Begun Submit();
  // By the multiplexer: the unit has been answered, or cannot be sent.
  void EndUnit(bool is_lost);

  Multiplexer* const multiplexer_;
  State state_ = State::kIdle;
  bool is_lost_ = false;
  bool has_sent_ = false;
  bool in_pipeline_ = false;         // of the script
  bool in_transaction_ = false;      // after what has been answered
  bool leaves_transaction_ = false;  // open, after the unit that is being sent
  bool is_exclusive_ = false;        // the unit must be alone until it is answered
  // Held; the multiplexer's.
  Multiplexer::Line* line_ = nullptr;
  int64_t total_queued_ns_ = 0;
  bool is_awaited_ = false;
  ReadyNode node_;

  // What has been gathered: statements, and in one block each their values and the texts of these.
  struct Gathered {
    const Statement* statement = nullptr;
    int parameter_count = 0;
    bool after_sync = false;
  };
  std::vector<Gathered> gathered_;
  bool sync_is_next_ = false;
  std::vector<size_t> offsets_;  // into texts_, of each value
  std::string texts_;
  std::vector<const char*> values_;
  Statement text_statement_;  // the last that came as text, sent with the extended protocol
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_SHARED_SESSION_H_
