// libpq as sans-I/O steps: every call does what can be done without waiting and says what to wait
// for. The same steps drive the reactor's session (which waits in io_uring) and the blocking one
// (which waits in poll(2)), so the wire behaviour is written once.
//
// Rules kept here: only nonblocking libpq calls; the socket is asked for after every call, because
// libpq may have replaced it; a flush waits for read or write; results are read until libpq has no
// more, also after an error. PQconnectStart may block on DNS unless the parameters were resolved.
//
// Owns the PGconn. Not thread-safe.
#ifndef PGRING_POSTGRES_LIBPQ_CONNECTION_H_
#define PGRING_POSTGRES_LIBPQ_CONNECTION_H_

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/result.h"
#include "pgring/postgres/statement.h"

namespace pgring {

// What a step needs before it can go on.
enum class Want : uint8_t { kRead, kWrite, kReadOrWrite, kDone };

// POLLIN and POLLOUT for it. kDone wants nothing and must not be asked.
short PollEvents(Want want);

// Of the libpq that this program runs with: "15.20".
std::string LibpqVersion();

class LibpqConnection {
 public:
  LibpqConnection() = default;
  LibpqConnection(const LibpqConnection&) = delete;
  LibpqConnection& operator=(const LibpqConnection&) = delete;

  // Connecting: StartConnect, then wait for what it says and ContinueConnect, until kDone. While
  // connecting, exactly one wait may be outstanding and ContinueConnect may be called only after
  // it. Failures carry the server's SQLSTATE where it sent one, else kCauseConnectionRefused
  // (no listener, or no more connections are accepted) or kCauseConnectionLost.
  absl::StatusOr<Want> StartConnect(const ConnectionParameters& parameters);
  absl::StatusOr<Want> ContinueConnect();

  // The host that libpq is trying, or is connected to, and something that differs between the
  // entries of its list, even where these are equal.
  ConnectionHost host() const;
  const void* host_identity() const { return PQhost(connection_.get()); }

  // One exchange: send, then wait for what Continue says, until kDone; then TakeResult. One
  // exchange at a time. An error from Send or Continue means that the connection is broken; an
  // error of the statement itself is in TakeResult.
  absl::Status SendPrepare(const Statement& statement);
  absl::Status SendExecute(const Statement& statement, Parameters parameters);
  absl::Status SendSql(const char* sql);
  absl::StatusOr<Want> Continue();
  // The result of the exchange that is done: the last one, or the first error.
  absl::StatusOr<Result> TakeResult();

  // The same of an exchange that may have several results: adds them to `results`, after an error
  // those before it, and gives the error.
  absl::Status TakeResults(std::vector<Result>* results);

  // COPY … FROM STDIN is one exchange too: SendCopyIn, then Continue until kDone. If
  // is_copying_in() holds then, the server waits for data: PutCopyData and after each piece
  // FlushCopyData until kDone (libpq would keep everything that is not flushed); at the end
  // EndCopyIn, Continue until kDone, TakeResult. If it does not hold, the statement failed or was
  // another one. An error that the server finds in the data is in TakeResult, after all data has
  // been sent.
  absl::Status SendCopyIn(const char* sql);
  bool is_copying_in() const { return exchange_state_ == ExchangeState::kCopyingIn; }
  // False: libpq has no room for `data` and took none of it; flush and try again.
  absl::StatusOr<bool> PutCopyData(std::string_view data);
  absl::StatusOr<Want> FlushCopyData();
  // With a `refusal` (else nullptr) the server undoes the COPY, and the result is an error that
  // quotes it. False as above.
  absl::StatusOr<bool> EndCopyIn(const char* refusal);

  // A pipeline: EnterPipeline, any number of QueueExecute and QueueSync, then SendSync and Continue
  // until kDone; then TakeResults, and ExitPipeline or more.
  absl::Status EnterPipeline();
  absl::Status QueueExecute(const Statement& statement, Parameters parameters);
  absl::Status QueueSync();
  absl::Status SendSync();
  absl::Status ExitPipeline();

  // A pipeline that goes on, with others' statements behind: EnterPipeline once, then QueuePrepare,
  // QueueExecute and QueueSync at any time, FlushPipeline after them, and whenever there is
  // something to read ReadPipeline, then TakeAnswer until it gives nothing. Nothing is to be asked
  // for beyond the Syncs that were queued.
  absl::Status QueuePrepare(const Statement& statement);
  // Whether all of it has left; if not, wait for read or write and call it again.
  absl::StatusOr<bool> FlushPipeline();
  // False: the connection is lost; what has arrived before can still be taken.
  bool ReadPipeline() { return !is_in_foreign_copy_ && PQconsumeInput(connection_.get()) != 0; }
  enum class Answer : uint8_t { kNone, kResult, kSync };
  // kResult: a statement's or a Parse's, in order, in *result; its error in *status.
  Answer TakeAnswer(Result* result, absl::Status* status);
  // Why the connection was lost, once.
  absl::Status LossStatus();
  bool in_pipeline() const { return PQpipelineStatus(connection_.get()) != PQ_PIPELINE_OFF; }

  // -1 when there is none. May change with every call above.
  int socket() const { return PQsocket(connection_.get()); }
  bool is_open() const {
    return connection_ != nullptr && PQstatus(connection_.get()) == CONNECTION_OK;
  }
  // An exchange has been sent and is not done.
  bool is_busy() const { return exchange_state_ != ExchangeState::kIdle; }

  bool in_transaction() const {
    const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
  }

  int backend_pid() const { return PQbackendPID(connection_.get()); }
  int server_version_number() const { return PQserverVersion(connection_.get()); }
  std::string ServerParameter(const char* name) const;

  // What PQcancel needs, to be used from another thread; nullptr when not connected. The caller
  // owns it.
  PGcancel* MakeCancel() const { return PQgetCancel(connection_.get()); }

  // Says goodbye and closes the socket. No wait may be outstanding on it.
  void Close() { connection_.reset(); }

 private:
  enum class ExchangeState : uint8_t { kIdle, kFlushing, kReading, kCopyingIn };

  absl::Status AfterSend(int accepted);
  Want EndExchange();
  int Send(const Statement& statement, Parameters parameters);
  bool TakeSync(PGresult* result);
  absl::StatusOr<Want> ReadResults();
  absl::StatusOr<bool> AfterCopyStep(int accepted);
  absl::Status BrokenStatus();
  void KeepResult(PGresult* result);

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
  ServerMessages* messages_ = nullptr;
  ExchangeState exchange_state_ = ExchangeState::kIdle;
  bool read_while_flushing_ = false;
  bool copy_in_wanted_ = false;  // by SendCopyIn, until the server agrees
  Result result_;
  std::vector<Result> earlier_results_;
  absl::Status result_status_;
  int syncs_expected_ = 0;  // in a pipeline
  // A statement of a pipeline that goes on has started a COPY: nothing can be had any more.
  bool is_in_foreign_copy_ = false;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_LIBPQ_CONNECTION_H_
