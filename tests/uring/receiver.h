// A pair of sockets, and what a test's receives on a backend bring from it.
#ifndef PGRING_TESTS_URING_RECEIVER_H_
#define PGRING_TESTS_URING_RECEIVER_H_

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "pgring/base/check.h"
#include "pgring/uring/backend.h"

namespace pgring {

// Two connected sockets; what is written to `server` is received on `client`.
struct Sockets {
  Sockets() {
    int ends[2];
    PGRING_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0,
                 "no pair of sockets");
    client = ends[0];
    server = ends[1];
  }
  ~Sockets() {
    close(client);
    CloseServer();
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;
  void Say(const std::string& text) const {
    EXPECT_EQ(write(server, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void CloseServer() {
    if (server >= 0) close(server);
    server = -1;
  }

  int client;
  int server;
};

// What the receives of a test have brought so far, by their numbers.
class Receiver {
 public:
  static constexpr uint64_t kCancel = 1'000;

  // No turn waits longer; kNoDeadlineNs for as long as the backend likes.
  explicit Receiver(Backend* backend, int64_t turn_ns = 10 * kNanosecondsPerMillisecond)
      : backend_(backend), turn_ns_(turn_ns) {}

  void Start(uint64_t number, BackendFile file) {
    backend_->QueueReceive(number, file);
    in_flight_[number] = true;
  }
  void StartBackgroundPoll(uint64_t number, int descriptor) {
    backend_->QueueBackgroundPoll(number, descriptor, POLLIN);
    without_bytes_.insert(number);
    in_flight_[number] = true;
  }
  void StartPoll(uint64_t number, int descriptor) {
    backend_->QueuePoll(number, descriptor, POLLIN);
    without_bytes_.insert(number);
    in_flight_[number] = true;
  }
  // Until the next completions.
  void Turn() {
    const int64_t deadline_ns =
        turn_ns_ == kNoDeadlineNs ? kNoDeadlineNs : backend_->clock().NowNs() + turn_ns_;
    PGRING_CHECK(backend_->SubmitAndWait(deadline_ns).ok(), "a wait failed");
    std::array<Completion, 32> completions;
    const size_t count = backend_->TakeCompletions(absl::MakeSpan(completions));
    for (size_t i = 0; i < count; ++i) Note(completions[i]);
  }
  // Starts what has ended again until `number` has brought that much.
  std::string TurnUntil(uint64_t number, BackendFile file, size_t size) {
    while (bytes_[number].size() < size) {
      if (!in_flight_[number]) Start(number, file);
      Turn();
    }
    return bytes_[number];
  }
  void TurnUntilEnded(uint64_t number) {
    while (in_flight_[number]) Turn();
  }
  void Cancel(uint64_t number) { backend_->QueueCancel(kCancel, number); }
  void StartSend(uint64_t number, BackendFile file, absl::Span<const char> bytes) {
    backend_->QueueSend(number, file, bytes);
    without_bytes_.insert(number);
    in_flight_[number] = true;
  }

  bool in_flight(uint64_t number) { return in_flight_[number]; }
  int32_t last_result(uint64_t number) { return last_result_[number]; }
  std::string bytes(uint64_t number) { return bytes_[number]; }
  bool cancel_ended() const { return cancels_ended_ > 0; }
  int cancels_ended() const { return cancels_ended_; }
  void HoldBuffers() { holds_ = true; }
  void ReturnHeld() {
    holds_ = false;
    for (const int buffer : held_) backend_->ReturnBuffer(buffer);
    held_.clear();
  }

 private:
  void Note(const Completion& completion) {
    if (completion.user_data == kCancel) {
      ++cancels_ended_;
      return;
    }
    EXPECT_TRUE(in_flight_[completion.user_data]) << "a completion after the last one";
    if (without_bytes_.count(completion.user_data) == 0) {
      EXPECT_EQ(completion.buffer != kNoBuffer, completion.result > 0);
    }
    if (completion.buffer != kNoBuffer) {
      bytes_[completion.user_data].append(backend_->BufferBytes(completion.buffer),
                                          static_cast<size_t>(completion.result));
      if (holds_) {
        held_.push_back(completion.buffer);
      } else {
        backend_->ReturnBuffer(completion.buffer);
      }
    }
    last_result_[completion.user_data] = completion.result;
    in_flight_[completion.user_data] = completion.goes_on;
  }

  Backend* const backend_;
  const int64_t turn_ns_;
  std::map<uint64_t, std::string> bytes_;
  std::map<uint64_t, bool> in_flight_;
  std::set<uint64_t> without_bytes_;  // polls and sends
  std::map<uint64_t, int32_t> last_result_;
  std::vector<int> held_;
  bool holds_ = false;
  int cancels_ended_ = 0;
};

inline std::string LongText(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + " ";
  return text;
}

}  // namespace pgring

#endif  // PGRING_TESTS_URING_RECEIVER_H_
