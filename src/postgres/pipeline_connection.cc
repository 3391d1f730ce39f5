#include "pgring/postgres/pipeline_connection.h"

#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"

namespace pgring {

PipelineConnection::PipelineConnection(Reactor* reactor, const ConnectionParameters* parameters,
                                       const std::vector<Statement>* statements,
                                       Canceller* canceller, IoMode io_mode)
    : reactor_(reactor),
      canceller_(canceller),
      connection_(reactor, parameters, statements, canceller, io_mode),
      sender_(this) {
  sender_node_.step = &sender_;
}

Task<absl::Status> PipelineConnection::Connect() {
  absl::Status status = co_await connection_.Connect();
  if (status.ok()) status = connection_.EnterPipeline();
  is_open_ = status.ok();
  co_return status;
}

void PipelineConnection::Write(const UnitStatement& statement) {
  if (!write_status_.ok()) return;
  LibpqConnection* libpq = connection_.libpq();
  if (statement.prepares) write_status_ = libpq->QueuePrepare(*statement.statement);
  if (!write_status_.ok()) return;
  write_status_ = libpq->QueueExecute(*statement.statement, statement.parameters);
}

void PipelineConnection::WriteSync() {
  if (write_status_.ok()) write_status_ = connection_.libpq()->QueueSync();
}

void PipelineConnection::EndWriting() {
  connection_.io()->NoteStep(connection_.libpq()->socket(), /*is_last=*/false);
  if (!sender_node_.linked()) reactor_->ready()->Post(&sender_node_);
}

void PipelineConnection::NotePrepared(const Statement& statement) {
  if (statement.protocol == StatementProtocol::kPreparedOnUse) prepared_.Add(statement);
}

bool PipelineConnection::Sender::OnWake() {
  connection_->SendWritten();
  return false;
}

bool PipelineConnection::OnWake() {
  Read(connection_.io()->Finish());
  return false;
}

void PipelineConnection::SendWritten() {
  if (!usable()) return;
  absl::StatusOr<bool> flushed = write_status_.ok() ? connection_.libpq()->FlushPipeline()
                                                    : absl::StatusOr<bool>(write_status_);
  connection_.io()->NoteStep(connection_.libpq()->socket(), /*is_last=*/false);
  if (!flushed.ok()) {
    // The wait for answers, if there is one, ends with the connection.
    if (is_reading_) {
      write_status_ = flushed.status();
      connection_.Abort();
    } else {
      Lose(flushed.status());
    }
    return;
  }
  is_unsent_ = !*flushed;
  if (is_reading_) {
    connection_.io()->NoteOutput(is_unsent_);
  } else if (!Wait()) {
    Read(connection_.io()->Finish());
  }
}

bool PipelineConnection::Wait() {
  const Want want = is_unsent_ ? Want::kReadOrWrite : Want::kRead;
  is_reading_ = connection_.io()->Start(connection_.libpq()->socket(), want);
  if (is_reading_) connection_.io()->Suspend(nullptr, kNoDeadlineNs, this);
  return is_reading_;
}

void PipelineConnection::Read(WaitOutcome outcome) {
  is_reading_ = false;
  LibpqConnection* libpq = connection_.libpq();
  for (;;) {
    if (outcome == WaitOutcome::kAborted) {
      return Lose(write_status_.ok() ? connection_.AbortedStatus() : write_status_);
    }
    const bool is_read = libpq->ReadPipeline();
    TakeAnswers();
    if (!is_open_) return;  // given up
    if (!is_read || !libpq->is_open()) return Lose(libpq->LossStatus());
    // What was written meanwhile leaves with this wait, and what could not be sent is tried again.
    const absl::StatusOr<bool> flushed =
        write_status_.ok() ? libpq->FlushPipeline() : absl::StatusOr<bool>(write_status_);
    if (!flushed.ok()) return Lose(flushed.status());
    const bool had_no_room = std::exchange(is_unsent_, !*flushed);
    const bool is_done = !is_busy();
    connection_.io()->NoteStep(libpq->socket(), is_done);
    if (had_no_room && !is_unsent_) owner()->OnRoom();
    if (is_done || Wait()) return;
    outcome = connection_.io()->Finish();
  }
}

void PipelineConnection::TakeAnswers() {
  const int64_t now_ns = reactor_->clock().NowNs();
  for (;;) {
    Result result;
    absl::Status status;
    switch (connection_.libpq()->TakeAnswer(&result, &status)) {
      case LibpqConnection::Answer::kNone:
        return;
      case LibpqConnection::Answer::kResult:
        TakeResult(std::move(result), std::move(status));
        break;
      case LibpqConnection::Answer::kSync:
        TakeSync(now_ns);
        if (!is_open_) return;
        if (is_cancelling_) CancelFirst();
        break;
    }
  }
}

void PipelineConnection::Lose(const absl::Status& status) {
  is_open_ = false;
  const absl::Status lost = connection_.Break(status);
  LoseUnits(lost, reactor_->clock().NowNs());
}

void PipelineConnection::RequestCancel() {
  is_cancelling_ = true;
  // While it is opened it prepares statements, which may have to wait for a lock.
  if (!is_open_) return connection_.RequestCancel();
  CancelFirst();
}

void PipelineConnection::CancelFirst() {
  if (usable() && is_busy()) canceller_->Send(CancelHandle(connection_.libpq()->MakeCancel()));
}

}  // namespace pgring
