// The backend for tests: descriptors are scripted, time is a fake clock that jumps to the next
// event, and completions come in an order drawn from a seed. Hours pass in milliseconds, every
// deadline is exact, and a failing run is repeated by its seed.
//
// It can do what the kernel may do and rarely does: reorder completions, delay them, let a cancel
// lose its race, deliver the cancel's completion before or after the target's, return from a wait
// early, fail a poll, end a receive. Completions of one receive stay in order. Not thread-safe.
//
// A descriptor that the simulator did not make, such as an Interrupt's eventfd, is a real one: the
// simulator asks poll(2) for its state each time it looks, and time goes by the fake clock all the
// same. Bytes are received and sent on real ones only.
#ifndef PGRING_URING_SIMULATED_BACKEND_H_
#define PGRING_URING_SIMULATED_BACKEND_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pgring/base/random.h"
#include "pgring/uring/backend.h"

namespace pgring {

struct SimulatedBackendOptions {
  uint64_t seed = 1;
  bool shuffle_completions = true;
  // Each completion is held back by a uniform time in [0, max_delay_ns].
  int64_t max_delay_ns = 0;
  // Probabilities, 0..1.
  double cancel_loses_race = 0;  // the target completes normally although the cancel came in time
  double early_return = 0;       // SubmitAndWait comes back with nothing, as after a signal
  double poll_failure = 0;       // a poll completes with poll_failure_result
  int32_t poll_failure_result = -5;  // -EIO
  double short_transfer = 0;         // a receive or send moves one byte, although more could go
  double receive_ends = 0;           // a receive ends with its bytes, although more could come
  int receive_buffers = 16;
};

class SimulatedBackend final : public Backend {
 public:
  explicit SimulatedBackend(const SimulatedBackendOptions& options);

  // A new descriptor, not ready for anything. Never a number that is open in this process's sense:
  // the simulator only.
  int NewDescriptor();
  // From `time_ns` on, `descriptor` shows exactly `events` (0: nothing).
  void SetEventsAt(int descriptor, int64_t time_ns, uint32_t events);
  void SetEvents(int descriptor, uint32_t events) {
    SetEventsAt(descriptor, clock_.NowNs(), events);
  }

  // The next receive waits for ever, whatever comes, and ends with a cancel only.
  void LoseNextReceive() { loses_next_receive_ = true; }

  // The next receive to come to the end of its stream does not tell.
  void LoseNextEnd() { loses_next_end_ = true; }

  FakeClock& fake_clock() { return clock_; }
  size_t polls_in_flight() const { return polls_.size(); }

  void QueuePoll(uint64_t user_data, int descriptor, uint32_t events) override;
  void QueueReceive(uint64_t user_data, BackendFile file) override;
  const char* BufferBytes(int buffer) const override;
  void ReturnBuffer(int buffer) override;
  void QueueSend(uint64_t user_data, BackendFile file, absl::Span<const char> bytes) override;
  void QueueCancel(uint64_t user_data, uint64_t target) override;
  absl::Status SubmitAndWait(int64_t deadline_ns) override;
  void SleepUntil(int64_t deadline_ns) override { clock_.AdvanceTo(deadline_ns); }
  size_t TakeCompletions(absl::Span<Completion> completions) override;
  const Clock& clock() const override { return clock_; }
  BackendStats stats() const override { return stats_; }
  const std::string& setup() const override { return setup_; }

 private:
  // A receive or a send is a poll that ends with the transfer.
  struct Poll {
    uint64_t user_data;
    int descriptor;
    uint32_t events;
    absl::Span<const char> to_send = {};
    bool is_receive = false;
    bool is_lost = false;
  };
  static constexpr size_t kBufferBytes = 8 * 1024;
  struct Submission {
    bool is_cancel;
    Poll poll;
    uint64_t target;
  };

  void CarryOut(Submission* submission);
  void CarryOutCancel(uint64_t user_data, uint64_t target);
  // The events that end this poll now; 0 if none.
  uint32_t Shown(const Poll& poll_operation) const;
  void CheckPolls();
  // Completes it; false when it goes on.
  bool End(Poll* poll_operation, uint32_t shown);
  bool EndReceive(Poll* poll_operation);
  size_t TransferSize(size_t size) { return random_.Chance(options_.short_transfer) ? 1 : size; }
  void ApplyDueEvents();
  void Shuffle(std::vector<Completion>* completions);
  void Complete(uint64_t user_data, int32_t result);
  void Complete(const Completion& completion);
  int64_t NextEventNs() const;
  bool HasDueCompletion() const;

  const SimulatedBackendOptions options_;
  Random random_;
  FakeClock clock_;
  std::string setup_ = "simulated";
  BackendStats stats_;
  bool loses_next_receive_ = false;
  bool loses_next_end_ = false;
  int next_descriptor_ = 1'000'000;
  std::map<int, uint32_t> events_;
  std::multimap<int64_t, std::pair<int, uint32_t>> scheduled_events_;
  std::vector<Submission> queue_;
  std::vector<Poll> polls_;
  std::multimap<int64_t, Completion> completions_;  // by the time at which they may be taken
  // Of the last completion of each receive in flight.
  std::map<uint64_t, int64_t> receive_times_ns_;
  std::vector<std::string> buffers_;
  std::vector<int> free_buffers_;
};

}  // namespace pgring

#endif  // PGRING_URING_SIMULATED_BACKEND_H_
