// Where threads wait, once they are ready, until all of them start together.
//
// Thread-safe. Must outlive the threads that wait at it.
#ifndef PGRING_RUN_START_GATE_H_
#define PGRING_RUN_START_GATE_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace pgring {

class StartGate {
 public:
  // This thread is ready; returns when the gate has been opened.
  void ArriveAndWait();
  // Returns when so many threads have arrived.
  void AwaitArrivals(size_t count);
  void Open();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t arrived_ = 0;
  bool is_open_ = false;
};

}  // namespace pgring

#endif  // PGRING_RUN_START_GATE_H_
