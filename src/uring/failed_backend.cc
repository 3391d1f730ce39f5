#include "uring/failed_backend.h"

#include <errno.h>

#include <algorithm>
#include <string>
#include <utility>

namespace pgring {
namespace {

class FailedBackend final : public Backend {
 public:
  FailedBackend(std::unique_ptr<Backend> failed, const std::vector<uint64_t>& in_flight)
      : failed_(std::move(failed)) {
    for (const uint64_t user_data : in_flight) End(user_data);
  }

  void QueuePoll(uint64_t user_data, int, uint32_t) override { End(user_data); }
  void QueueReceive(uint64_t user_data, BackendFile) override { End(user_data); }
  void QueueSend(uint64_t user_data, BackendFile, absl::Span<const char>) override {
    End(user_data);
  }
  // Its target has ended or is about to.
  void QueueCancel(uint64_t user_data, uint64_t) override {
    ended_.push_back({user_data, -ENOENT});
  }

  const char* BufferBytes(int buffer) const override { return failed_->BufferBytes(buffer); }
  void ReturnBuffer(int buffer) override { failed_->ReturnBuffer(buffer); }

  absl::Status SubmitAndWait(int64_t deadline_ns) override {
    if (ended_.empty() && deadline_ns != kNoDeadlineNs) failed_->SleepUntil(deadline_ns);
    return absl::OkStatus();
  }
  void SleepUntil(int64_t deadline_ns) override { failed_->SleepUntil(deadline_ns); }

  size_t TakeCompletions(absl::Span<Completion> completions) override {
    const size_t count = std::min(ended_.size(), completions.size());
    const auto rest = ended_.begin() + static_cast<ptrdiff_t>(count);
    std::copy(ended_.begin(), rest, completions.begin());
    ended_.erase(ended_.begin(), rest);
    return count;
  }

  const Clock& clock() const override { return failed_->clock(); }
  BackendStats stats() const override { return failed_->stats(); }
  const std::string& setup() const override { return failed_->setup(); }

 private:
  void End(uint64_t user_data) { ended_.push_back({user_data, -EIO}); }

  const std::unique_ptr<Backend> failed_;
  std::vector<Completion> ended_;
};

}  // namespace

std::unique_ptr<Backend> MakeFailedBackend(std::unique_ptr<Backend> failed,
                                           const std::vector<uint64_t>& in_flight) {
  return std::make_unique<FailedBackend>(std::move(failed), in_flight);
}

}  // namespace pgring
