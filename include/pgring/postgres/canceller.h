// Sends cancel requests from a thread of its own, because libpq 15's PQcancel connects, sends and
// receives blockingly. Used only when an interrupted run does not end by itself.
//
// Requests are carried out in order; the destructor waits for the one in progress and drops the
// rest. Thread-safe.
#ifndef PGRING_POSTGRES_CANCELLER_H_
#define PGRING_POSTGRES_CANCELLER_H_

#include <libpq-fe.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace pgring {

struct FreeCancel {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};
using CancelHandle = std::unique_ptr<PGcancel, FreeCancel>;

class Canceller {
 public:
  Canceller() = default;
  ~Canceller();
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;

  // Takes ownership. Starts the thread with the first request.
  void Send(CancelHandle cancel);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<CancelHandle> requests_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CANCELLER_H_
