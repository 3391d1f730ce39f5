// What a reactor test needs to know about the two worlds that it runs in, so that one test body
// holds in both: the kernel (real ring, socket pairs, the steady clock) and the simulator (scripted
// descriptors, a clock that jumps). What holds in one only is a bug in the simulation.
//
// A world owns its descriptors and must outlive the reactor on its backend. A failing system call
// ends the test program. Not thread-safe.
#ifndef PGRING_TESTS_SUPPORT_REACTOR_WORLD_H_
#define PGRING_TESTS_SUPPORT_REACTOR_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>

#include "absl/status/statusor.h"
#include "pgring/uring/backend.h"
#include "pgring/uring/simulated_backend.h"

namespace pgring {

// Each world takes what concerns it.
struct ReactorWorldOptions {
  uint32_t submission_entries = 64;
  uint32_t completion_entries = 0;
  SimulatedBackendOptions simulated;
};

class ReactorWorld {
 public:
  virtual ~ReactorWorld() = default;

  // Once. Fails where the kernel has no io_uring for us.
  virtual absl::StatusOr<std::unique_ptr<Backend>> CreateBackend() = 0;

  // A new descriptor that is ready for nothing.
  virtual int NewDescriptor() = 0;
  virtual void MakeReadable(int descriptor) = 0;
  virtual void MakeUnreadable(int descriptor) = 0;
  virtual void MakeWritable(int descriptor) = 0;
  // From now on it shows POLLHUP, POLLRDHUP, POLLIN and POLLOUT.
  virtual void HangUp(int descriptor) = 0;

  virtual void Close(int descriptor) = 0;
  // After Close(): whether nothing in flight holds the file any more. Needs a living backend.
  virtual bool IsReleased(int descriptor) = 0;

  // Returns when the backend's clock shows at least `time_ns`.
  virtual void PassTimeUntil(int64_t time_ns) = 0;
};

class KernelWorld final : public ReactorWorld {
 public:
  static constexpr bool kSimulated = false;

  explicit KernelWorld(const ReactorWorldOptions& options) : options_(options) {}
  ~KernelWorld() override;

  absl::StatusOr<std::unique_ptr<Backend>> CreateBackend() override;
  int NewDescriptor() override;
  void MakeReadable(int descriptor) override;
  void MakeUnreadable(int descriptor) override;
  void MakeWritable(int descriptor) override;
  void HangUp(int descriptor) override;
  void Close(int descriptor) override;
  bool IsReleased(int descriptor) override;
  void PassTimeUntil(int64_t time_ns) override;

 private:
  const ReactorWorldOptions options_;
  std::map<int, int> far_ends_;  // of each near end that was ever given out; -1 after HangUp
  std::map<int, int> closed_;    // the same, of those that were closed
};

class SimulatedWorld final : public ReactorWorld {
 public:
  static constexpr bool kSimulated = true;

  explicit SimulatedWorld(const ReactorWorldOptions& options) : options_(options) {}

  absl::StatusOr<std::unique_ptr<Backend>> CreateBackend() override;
  int NewDescriptor() override { return backend_->NewDescriptor(); }
  void MakeReadable(int descriptor) override;
  void MakeUnreadable(int descriptor) override;
  void MakeWritable(int descriptor) override;
  void HangUp(int descriptor) override;
  void Close(int) override {}
  bool IsReleased(int) override { return backend_->polls_in_flight() == 0; }
  void PassTimeUntil(int64_t time_ns) override { backend_->fake_clock().AdvanceTo(time_ns); }

  SimulatedBackend* backend() { return backend_; }

 private:
  void SetEvents(int descriptor, uint32_t events);

  const ReactorWorldOptions options_;
  SimulatedBackend* backend_ = nullptr;
  std::map<int, uint32_t> events_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_REACTOR_WORLD_H_
