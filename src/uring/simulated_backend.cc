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
    : options_(options),
      random_(options.seed),
      buffers_(static_cast<size_t>(options.receive_buffers), std::string(kBufferBytes, '\0')) {
  for (int buffer = 0; buffer < options.receive_buffers; ++buffer) free_buffers_.push_back(buffer);
}

int SimulatedBackend::NewDescriptor() {
  events_[next_descriptor_] = 0;
  return next_descriptor_++;
}

void SimulatedBackend::SetEventsAt(int descriptor, int64_t time_ns, uint32_t events) {
  scheduled_events_.emplace(time_ns, std::make_pair(descriptor, events));
}

void SimulatedBackend::QueuePoll(uint64_t user_data, int descriptor, uint32_t events) {
  queue_.push_back({false, {user_data, descriptor, events}, 0});
}

void SimulatedBackend::QueueReceive(uint64_t user_data, BackendFile file) {
  const bool is_lost = std::exchange(loses_next_receive_, false);
  receive_times_ns_[user_data] = clock_.NowNs();
  queue_.push_back({false, {user_data, file.descriptor, POLLIN, {}, true, is_lost}, 0});
}

const char* SimulatedBackend::BufferBytes(int buffer) const {
  return buffers_[static_cast<size_t>(buffer)].data();
}

void SimulatedBackend::ReturnBuffer(int buffer) { free_buffers_.push_back(buffer); }

void SimulatedBackend::QueueSend(uint64_t user_data, BackendFile file,
                                 absl::Span<const char> bytes) {
  queue_.push_back({false, {user_data, file.descriptor, POLLOUT, bytes}, 0});
}

void SimulatedBackend::QueueCancel(uint64_t user_data, uint64_t target) {
  const auto queued = std::find_if(queue_.begin(), queue_.end(), [target](const Submission& s) {
    return !s.is_cancel && s.poll.user_data == target;
  });
  if (queued != queue_.end()) {
    queue_.erase(queued);
    stats_.submissions += 2;  // both complete
    Complete(target, -ECANCELED);
    Complete(user_data, 0);
    return;
  }
  queue_.push_back({true, {user_data, -1, 0}, target});
}

absl::Status SimulatedBackend::SubmitAndWait(int64_t deadline_ns) {
  ++stats_.enters;
  stats_.submissions += static_cast<int64_t>(queue_.size());
  ApplyDueEvents();
  for (Submission& submission : queue_) CarryOut(&submission);
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
  if (options_.shuffle_completions) Shuffle(&due);
  std::copy(due.begin(), due.end(), completions.begin());
  stats_.completions += static_cast<int64_t>(due.size());
  return due.size();
}

void SimulatedBackend::CarryOut(Submission* submission) {
  if (submission->is_cancel) {
    CarryOutCancel(submission->poll.user_data, submission->target);
    return;
  }
  if (random_.Chance(options_.poll_failure)) {
    Complete(submission->poll.user_data, options_.poll_failure_result);
    return;
  }
  // Looked at now, as the kernel does: a cancel that was submitted behind it comes too late.
  const uint32_t shown = Shown(submission->poll);
  if ((shown & POLLNVAL) != 0) {
    Complete(submission->poll.user_data, -EBADF);
  } else if (shown == 0 || !End(&submission->poll, shown)) {
    polls_.push_back(submission->poll);
  }
}

void SimulatedBackend::CarryOutCancel(uint64_t user_data, uint64_t target) {
  auto poll = std::find_if(polls_.begin(), polls_.end(),
                           [target](const Poll& p) { return p.user_data == target; });
  if (poll == polls_.end()) {
    Complete(user_data, -ENOENT);
    return;
  }
  const bool is_transfer = poll->is_receive || !poll->to_send.empty();
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

bool SimulatedBackend::End(Poll* poll_operation, uint32_t shown) {
  if (poll_operation->is_receive) return EndReceive(poll_operation);
  int32_t result = static_cast<int32_t>(shown);
  if (!poll_operation->to_send.empty()) {
    const ssize_t moved =
        send(poll_operation->descriptor, poll_operation->to_send.data(),
             TransferSize(poll_operation->to_send.size()), MSG_DONTWAIT | MSG_NOSIGNAL);
    result = moved < 0 ? -errno : static_cast<int32_t>(moved);
  }
  Complete(poll_operation->user_data, result);
  return true;
}

bool SimulatedBackend::EndReceive(Poll* poll_operation) {
  Completion completion = {poll_operation->user_data, -ENOBUFS};
  if (!free_buffers_.empty()) {
    const int buffer = free_buffers_.back();
    const ssize_t moved =
        recv(poll_operation->descriptor, buffers_[static_cast<size_t>(buffer)].data(),
             TransferSize(kBufferBytes), MSG_DONTWAIT);
    if (moved == 0 && std::exchange(loses_next_end_, false)) {
      poll_operation->is_lost = true;
      return false;
    }
    completion.result = moved < 0 ? -errno : static_cast<int32_t>(moved);
    if (moved > 0) {
      free_buffers_.pop_back();
      completion.buffer = buffer;
      completion.goes_on = !random_.Chance(options_.receive_ends);
    }
  }
  Complete(completion);
  return !completion.goes_on;
}

void SimulatedBackend::CheckPolls() {
  for (size_t i = 0; i < polls_.size();) {
    const uint32_t shown = Shown(polls_[i]);
    if (shown == 0) {
      ++i;
      continue;
    }
    if (End(&polls_[i], shown)) {
      polls_.erase(polls_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
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
  Complete(Completion{user_data, result});
}

void SimulatedBackend::Complete(const Completion& completion) {
  const int64_t delay_ns =
      options_.max_delay_ns == 0 ? 0 : random_.Between(0, options_.max_delay_ns);
  int64_t time_ns = clock_.NowNs() + delay_ns;
  const auto receive = receive_times_ns_.find(completion.user_data);
  if (receive != receive_times_ns_.end()) {
    time_ns = receive->second = std::max(receive->second, time_ns);
    if (!completion.goes_on) receive_times_ns_.erase(receive);
  }
  completions_.emplace(time_ns, completion);
}

// Those of one operation keep their order among themselves.
void SimulatedBackend::Shuffle(std::vector<Completion>* completions) {
  const std::vector<Completion> ordered = *completions;
  random_.Shuffle(completions);
  std::map<uint64_t, size_t> next;
  for (Completion& place : *completions) {
    size_t& from = next[place.user_data];
    while (ordered[from].user_data != place.user_data) ++from;
    place = ordered[from++];
  }
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
