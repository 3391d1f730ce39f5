// The wish to stop, as one object that every thread can look at and wait for: set by the signal
// thread, polled by the reactor, the blocking sessions and the throwaway server's start.
//
// Thread-safe. Raise() is async-signal-safe. Lives as long as the program.
#ifndef PGRING_BASE_INTERRUPT_H_
#define PGRING_BASE_INTERRUPT_H_

#include <atomic>
#include <cstdint>

namespace pgring {

class Interrupt {
 public:
  // How long what is in flight may take to end by itself after the interrupt, before the server is
  // asked to cancel it; and then, before its connection is dropped.
  static constexpr int64_t kDrainNs = 3'000'000'000;
  static constexpr int64_t kCancelNs = 2'000'000'000;

  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void Raise(int signal_number);
  bool raised() const { return raised_at_ns_.load(std::memory_order_acquire) != 0; }
  // SteadyClock nanoseconds of the first Raise; 0 before.
  int64_t raised_at_ns() const { return raised_at_ns_.load(std::memory_order_acquire); }
  int signal_number() const { return signal_number_.load(std::memory_order_acquire); }
  // Readable for ever once raised.
  int descriptor() const { return descriptor_; }

 private:
  std::atomic<int64_t> raised_at_ns_{0};
  std::atomic<int> signal_number_{0};
  int descriptor_;
};

}  // namespace pgring

#endif  // PGRING_BASE_INTERRUPT_H_
