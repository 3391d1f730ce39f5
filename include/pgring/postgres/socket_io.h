// How one connection's bytes move: the place where the I/O modes differ. libpq's steps say "want
// read", "want write" or "done"; a SocketIo makes the coroutine wait until that can be had.
//
// readiness: the ring tells when the socket is ready (one one-shot POLL_ADD at a time), libpq calls
// recv and send itself. Works from kernel 5.11; connecting always goes this way.
//
// completion: the bytes themselves go through the ring, and libpq's recv and send are served from
// memory (see socket_bytes.h): a round trip enters the kernel once, and many connections' at once.
//
// Owned by its connection. Before the socket is closed, End() must have been called and awaited:
// the kernel keeps a file open while an operation on it is in flight. Not thread-safe.
#ifndef PGRING_POSTGRES_SOCKET_IO_H_
#define PGRING_POSTGRES_SOCKET_IO_H_

#include <coroutine>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "pgring/base/clock.h"
#include "pgring/postgres/libpq_connection.h"
#include "pgring/uring/reactor.h"

namespace pgring {

enum class WaitOutcome : uint8_t {
  kReady,     // go on with the next step: what was wanted can be had, or libpq will find an error
  kDeadline,  // the deadline came first
  kAborted,   // Abort() was called, or the ring has failed
};

class SocketIo {
 public:
  virtual ~SocketIo() = default;

  // Waits for `want` on `socket`. One wait at a time. Usage:
  //   const WaitOutcome outcome = co_await SocketIo::Wait(io, socket, want, deadline_ns);
  class Wait {
   public:
    Wait(SocketIo* io, int socket, Want want, int64_t deadline_ns)
        : io_(io), socket_(socket), want_(want), deadline_ns_(deadline_ns) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    bool await_ready() { return !io_->Start(socket_, want_); }
    void await_suspend(std::coroutine_handle<> waiter) {
      io_->Suspend(waiter, deadline_ns_, nullptr);
    }
    WaitOutcome await_resume() { return io_->Finish(); }

   private:
    SocketIo* io_;
    int socket_;
    Want want_;
    int64_t deadline_ns_;
  };

  // Ends every operation in flight and waits for its final completion:
  //   co_await SocketIo::End(io);
  class End {
   public:
    explicit End(SocketIo* io) : io_(io) {}
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    bool await_ready() { return !io_->StartEnd(); }
    void await_suspend(std::coroutine_handle<> waiter) { io_->SuspendEnd(waiter); }
    void await_resume() const {}

   private:
    SocketIo* io_;
  };

  // Makes the wait in progress, and every later one, end with kAborted.
  virtual void Abort() = 0;

  // To be asked about once a second: whether the wait in progress is for bytes that are there and
  // that the ring should have told of. It is begun again then. Looks twice before it says so.
  virtual bool Rescue() { return false; }

  // To be told after every call of libpq's, which may have closed the socket or changed it, and
  // whether no wait will follow: libpq has what it was to read.
  virtual void NoteStep(int /*socket*/, bool /*is_last*/) {}

  // While a wait is in progress libpq has written more, which leaves without a new wait. Not all of
  // it could be written where `is_unsent`: then the wait ends when more can be, too.
  virtual void NoteOutput(bool is_unsent) = 0;

  // A wait in three steps, as Wait makes it. Start begins one; false when there is nothing to wait
  // for. What it is suspended with is resumed at its end, or asked by `step` whether it is one.
  // Finish follows both.
  virtual bool Start(int socket, Want want) = 0;
  virtual void Suspend(std::coroutine_handle<> waiter, int64_t deadline_ns, WakeStep* step) = 0;
  virtual WaitOutcome Finish() = 0;

 private:
  virtual bool StartEnd() = 0;
  virtual void SuspendEnd(std::coroutine_handle<> waiter) = 0;
};

std::unique_ptr<SocketIo> MakeReadinessIo(Reactor* reactor);

// For a connection that is established on `socket`; on the reactor's thread.
std::unique_ptr<SocketIo> MakeCompletionIo(Reactor* reactor, int socket);

// Whether completion works in this program and on this kernel: whether libpq's recv and send are
// taken, and bytes go through a ring and back. Unavailable: which of them does not.
absl::Status CheckCompletionIo();

}  // namespace pgring

#endif  // PGRING_POSTGRES_SOCKET_IO_H_
