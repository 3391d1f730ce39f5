#include "run/start_gate.h"

namespace pgring {

void StartGate::ArriveAndWait() {
  std::unique_lock<std::mutex> lock(mutex_);
  ++arrived_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return is_open_; });
}

void StartGate::AwaitArrivals(size_t count) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this, count] { return arrived_ >= count; });
}

void StartGate::Open() {
  std::lock_guard<std::mutex> lock(mutex_);
  is_open_ = true;
  changed_.notify_all();
}

}  // namespace pgring
