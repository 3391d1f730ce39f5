// Sends cancel requests from a thread of its own, because libpq 15's PQcancel connects, sends and
// receives blockingly. Used only when an interrupted run does not end by itself.
//
// Requests are carried out in order; the destructor drops those not begun and waits for the one in
// progress, but no longer than kEndLimitNs: a server or a network that no longer answers, which may
// be why the run was interrupted, holds PQcancel for ever. The thread is then left behind.
// Thread-safe.
#ifndef PGRING_POSTGRES_CANCELLER_H_
#define PGRING_POSTGRES_CANCELLER_H_

#include <libpq-fe.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace pgring {

struct FreeCancel {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};
using CancelHandle = std::unique_ptr<PGcancel, FreeCancel>;

class Canceller {
 public:
  static constexpr int64_t kEndLimitNs = 1'000'000'000;

  Canceller();
  ~Canceller();
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  // Takes ownership. Starts the thread with the first request.
  void Send(CancelHandle cancel);

 private:
  // Shared with the thread, which may outlive the canceller.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<CancelHandle> requests;
    bool stopping = false;
    bool running = false;
  };

  static void Run(const std::shared_ptr<Shared>& shared);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CANCELLER_H_
