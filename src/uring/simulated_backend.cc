#include "pgring/uring/simulated_backend.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "pgring/base/check.h"

namespace pgring {
namespace {

// What the kernel tells though it was not asked (IO_POLL_UNMASK in its io_uring/poll.c).
constexpr uint32_t kAlwaysShown = POLLERR | POLLHUP | POLLNVAL | POLLRDHUP;

}  // namespace

SimulatedBackend::SimulatedBackend(const SimulatedBackendOptions& options)
    : options_(options), random_(options.seed) {}

int SimulatedBackend::NewDescriptor() {
  events_[next_descriptor_] = 0;
  return next_descriptor_++;
}

void SimulatedBackend::SetEventsAt(int descriptor, int64_t time_ns, uint32_t events) {
  scheduled_events_.emplace(time_ns, std::make_pair(descriptor, events));
}

void SimulatedBackend::QueuePoll(uint64_t user_data, int descriptor, uint32_t events) {
  queue_.push_back({false, {user_data, descriptor, events, {}, {}}, 0});
}

void SimulatedBackend::QueueReceive(uint64_t user_data, BackendFile file, absl::Span<char> buffer) {
  const bool is_lost = std::exchange(loses_next_receive_, false);
  queue_.push_back({false, {user_data, file.descriptor, POLLIN, buffer, {}, is_lost}, 0});
}

void SimulatedBackend::QueueSend(uint64_t user_data, BackendFile file,
                                 absl::Span<const char> bytes) {
  queue_.push_back({false, {user_data, file.descriptor, POLLOUT, {}, bytes}, 0});
}

void SimulatedBackend::QueueCancel(uint64_t user_data, uint64_t target) {
  queue_.push_back({true, {user_data, -1, 0, {}, {}}, target});
}

absl::Status SimulatedBackend::SubmitAndWait(int64_t deadline_ns) {
  ++stats_.enters;
  stats_.submissions += static_cast<int64_t>(queue_.size());
  ApplyDueEvents();
  for (const Submission& submission : queue_) CarryOut(submission);
  queue_.clear();
  CheckPolls();
  if (random_.Chance(options_.early_return)) return absl::OkStatus();
  while (!HasDueCompletion()) {
    const int64_t next_ns = std::min(NextEventNs(), deadline_ns);
    if (next_ns == kNoDeadlineNs) {
      return absl::FailedPreconditionError(
          "simulated wait: nothing is scheduled that could ever complete it");
    }
    clock_.AdvanceTo(next_ns);
    ApplyDueEvents();
    CheckPolls();
    if (next_ns == deadline_ns) break;
  }
  return absl::OkStatus();
}

size_t SimulatedBackend::TakeCompletions(absl::Span<Completion> completions) {
  std::vector<Completion> due;
  while (HasDueCompletion() && due.size() < completions.size()) {
    due.push_back(completions_.begin()->second);
    completions_.erase(completions_.begin());
  }
  if (options_.shuffle_completions) random_.Shuffle(&due);
  std::copy(due.begin(), due.end(), completions.begin());
  stats_.completions += static_cast<int64_t>(due.size());
  return due.size();
}

void SimulatedBackend::CarryOut(const Submission& submission) {
  if (submission.is_cancel) {
    CarryOutCancel(submission.poll.user_data, submission.target);
    return;
  }
  if (random_.Chance(options_.poll_failure)) {
    Complete(submission.poll.user_data, options_.poll_failure_result);
    return;
  }
  // Looked at now, as the kernel does: a cancel that was submitted behind it comes too late.
  const uint32_t shown = Shown(submission.poll);
  if ((shown & POLLNVAL) != 0) {
    Complete(submission.poll.user_data, -EBADF);
  } else if (shown != 0) {
    Complete(submission.poll.user_data, ResultOf(submission.poll, shown));
  } else {
    polls_.push_back(submission.poll);
  }
}

void SimulatedBackend::CarryOutCancel(uint64_t user_data, uint64_t target) {
  auto poll = std::find_if(polls_.begin(), polls_.end(),
                           [target](const Poll& p) { return p.user_data == target; });
  if (poll == polls_.end()) {
    Complete(user_data, -ENOENT);
    return;
  }
  const bool is_transfer = !poll->to_receive.empty() || !poll->to_send.empty();
  if (!is_transfer && random_.Chance(options_.cancel_loses_race)) {
    Complete(user_data, -EALREADY);
    Complete(target, static_cast<int32_t>(poll->events & POLLIN ? POLLIN : poll->events));
  } else {
    Complete(user_data, 0);
    Complete(target, -ECANCELED);
  }
  polls_.erase(poll);
}

uint32_t SimulatedBackend::Shown(const Poll& poll_operation) const {
  if (poll_operation.is_lost) return 0;
  const auto ours = events_.find(poll_operation.descriptor);
  if (ours != events_.end()) {
    return ours->second & (poll_operation.events | kAlwaysShown);
  }
  pollfd entry = {poll_operation.descriptor, static_cast<short>(poll_operation.events), 0};
  // poll(2) skips a negative number instead of refusing it.
  if (entry.fd < 0 || poll(&entry, 1, 0) < 0) return POLLNVAL;
  return static_cast<uint32_t>(entry.revents);
}

int32_t SimulatedBackend::ResultOf(const Poll& poll_operation, uint32_t shown) {
  const auto bytes = [this](size_t size) {
    return random_.Chance(options_.short_transfer) ? 1 : size;
  };
  ssize_t moved;
  if (!poll_operation.to_receive.empty()) {
    moved = recv(poll_operation.descriptor, poll_operation.to_receive.data(),
                 bytes(poll_operation.to_receive.size()), MSG_DONTWAIT);
  } else if (!poll_operation.to_send.empty()) {
    moved = send(poll_operation.descriptor, poll_operation.to_send.data(),
                 bytes(poll_operation.to_send.size()), MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    return static_cast<int32_t>(shown);
  }
  return moved < 0 ? -errno : static_cast<int32_t>(moved);
}

void SimulatedBackend::CheckPolls() {
  for (size_t i = 0; i < polls_.size();) {
    const uint32_t shown = Shown(polls_[i]);
    if (shown == 0) {
      ++i;
      continue;
    }
    Complete(polls_[i].user_data, ResultOf(polls_[i], shown));
    polls_.erase(polls_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void SimulatedBackend::ApplyDueEvents() {
  while (!scheduled_events_.empty() && scheduled_events_.begin()->first <= clock_.NowNs()) {
    const auto& [descriptor, events] = scheduled_events_.begin()->second;
    events_[descriptor] = events;
    scheduled_events_.erase(scheduled_events_.begin());
    CheckPolls();
  }
}

void SimulatedBackend::Complete(uint64_t user_data, int32_t result) {
  const int64_t delay_ns =
      options_.max_delay_ns == 0 ? 0 : random_.Between(0, options_.max_delay_ns);
  completions_.emplace(clock_.NowNs() + delay_ns, Completion{user_data, result, 0});
}

int64_t SimulatedBackend::NextEventNs() const {
  int64_t next_ns = kNoDeadlineNs;
  if (!scheduled_events_.empty()) next_ns = scheduled_events_.begin()->first;
  if (!completions_.empty()) next_ns = std::min(next_ns, completions_.begin()->first);
  return next_ns;
}

bool SimulatedBackend::HasDueCompletion() const {
  return !completions_.empty() && completions_.begin()->first <= clock_.NowNs();
}

}  // namespace pgring
