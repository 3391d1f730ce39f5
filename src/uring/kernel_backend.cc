#include "pgring/uring/kernel_backend.h"

#include <errno.h>
#include <liburing.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"
#include "pgring/base/system_calls.h"
#include "uring/blocking_receive.h"
#include "uring/receive_buffers.h"

namespace pgring {
namespace {

struct SetupStep {
  uint32_t flags;
  const char* name;
};

// A send of no more than this into a socket whose peer has read everything before ends at once, and
// its completion alone is no reason to come back from a wait: the wait is for one more. Should it
// not end at once after all (the kernel is short of memory), the wait goes on after this time, for
// the sake of other connections' answers.
constexpr size_t kPromptSendBytes = 4 * 1024;
constexpr int64_t kPromptSendLimitNs = 10 * kNanosecondsPerMillisecond;

constexpr uint32_t kSizeFlags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;

// Best first. SINGLE_ISSUER|DEFER_TASKRUN is kernel 6.1, COOP_TASKRUN 5.19, SUBMIT_ALL 5.18.
constexpr std::array<SetupStep, 5> kSetupLadder = {{
    {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
         IORING_SETUP_SUBMIT_ALL | kSizeFlags,
     "SINGLE_ISSUER|DEFER_TASKRUN|TASKRUN_FLAG|SUBMIT_ALL"},
    {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
         IORING_SETUP_SUBMIT_ALL | kSizeFlags,
     "SINGLE_ISSUER|COOP_TASKRUN|TASKRUN_FLAG|SUBMIT_ALL"},
    {IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | kSizeFlags,
     "COOP_TASKRUN|TASKRUN_FLAG|SUBMIT_ALL"},
    {IORING_SETUP_SUBMIT_ALL | kSizeFlags, "SUBMIT_ALL"},
    {kSizeFlags, "plain"},
}};

std::string DisabledSetting() {
  std::ifstream file("/proc/sys/kernel/io_uring_disabled");
  std::string value;
  file >> value;
  return value;
}

absl::Status SetupError(int error_number) {
  constexpr char kAttempt[] = "setting up io_uring";
  switch (error_number) {
    case ENOSYS:
      return absl::UnavailableError(
          absl::StrCat(kAttempt,
                       ": this kernel has no io_uring (ENOSYS), or a sandbox hides it; use Linux "
                       "5.11 or newer, or run only the scenarios sync and threads"));
    case EPERM:
    case EACCES: {
      const std::string disabled = DisabledSetting();
      if (disabled == "1" || disabled == "2") {
        return absl::PermissionDeniedError(absl::StrCat(
            kAttempt, ": forbidden by kernel.io_uring_disabled=", disabled,
            "; as root run 'sysctl kernel.io_uring_disabled=0', or run only the scenarios sync and "
            "threads"));
      }
      return absl::PermissionDeniedError(absl::StrCat(
          kAttempt,
          ": not permitted (EPERM), most likely by a container's seccomp profile; allow the system "
          "calls io_uring_setup, io_uring_enter and io_uring_register in the profile, or run only "
          "the scenarios sync and threads"));
    }
    case ENOMEM:
      return absl::ResourceExhaustedError(
          absl::StrCat(kAttempt, ": not enough locked memory (ENOMEM); raise 'ulimit -l'"));
    default:
      return ErrnoStatus(error_number, kAttempt);
  }
}

class KernelBackend final : public Backend {
 public:
  KernelBackend() = default;

  ~KernelBackend() override {
    if (is_open_) io_uring_queue_exit(&ring_);
  }

  KernelBackend(const KernelBackend&) = delete;
  KernelBackend& operator=(const KernelBackend&) = delete;

  absl::Status Open(const KernelBackendOptions& options) {
    for (const SetupStep& step : kSetupLadder) {
      io_uring_params params = {};
      params.flags = step.flags;
      params.cq_entries = options.completion_entries != 0 ? options.completion_entries
                                                          : options.submission_entries * 4;
      const int error = -io_uring_queue_init_params(options.submission_entries, &ring_, &params);
      if (error == EINVAL) continue;
      if (error != 0) return SetupError(error);
      is_open_ = true;
      // Spares each entry the look-up of the ring itself; where there is no such thing (before
      // kernel 5.18), nothing is lost.
      io_uring_register_ring_fd(&ring_);
      setup_ = step.name;
      may_leave_ring_ = options.may_leave_ring;
      if ((params.features & IORING_FEAT_EXT_ARG) == 0) {
        return absl::UnavailableError(
            "setting up io_uring: the kernel cannot wait with a timeout (IORING_FEAT_EXT_ARG is "
            "missing); use Linux 5.11 or newer, or run only the scenarios sync and threads");
      }
      PGRING_RETURN_IF_ERROR(TryEntering());
      return MakeReceiveBuffers(options.receive_buffers);
    }
    return SetupError(EINVAL);
  }

  void QueuePoll(uint64_t user_data, int descriptor, uint32_t events) override {
    PreparePoll(NextEntry(), user_data, descriptor, events);
  }

  void QueueBackgroundPoll(uint64_t user_data, int descriptor, uint32_t events) override {
    // A receive that is held stays alone.
    PreparePoll(TakeEntry(), user_data, descriptor, events);
    background_polls_.push_back(user_data);
  }

  void QueueReceive(uint64_t user_data, BackendFile file) override {
    PGRING_CHECK(buffers_.is_registered(), "a receive on a backend without buffers");
    const bool is_alone = in_flight_ == background_polls_.size() && !blocking_receive_.is_held();
    if (file.may_leave_ring && is_alone && !buffers_.is_large_taken()) {
      blocking_receive_.Hold(user_data, file);
    } else {
      PrepareReceive(NextEntry(), user_data, file);
    }
  }

  const char* BufferBytes(int buffer) const override { return buffers_.Bytes(buffer); }

  void ReturnBuffer(int buffer) override { buffers_.Return(buffer); }

  void QueueSend(uint64_t user_data, BackendFile file, absl::Span<const char> bytes) override {
    io_uring_sqe* entry = NextEntry();
    io_uring_prep_send(entry, file.descriptor, bytes.data(), bytes.size(),
                       MSG_NOSIGNAL | MSG_WAITALL);
    io_uring_sqe_set_data64(entry, user_data);
    if (bytes.size() <= kPromptSendBytes) ++prompt_sends_;
  }

  size_t SendNow(BackendFile file, absl::Span<const char> bytes) override {
    if (!file.may_leave_ring) return 0;
    CountSystemCalls(1);
    const ssize_t count = syscall(SYS_sendto, file.descriptor, bytes.data(), bytes.size(),
                                  MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
    return count < 0 ? 0 : static_cast<size_t>(count);
  }

  BackendFile PrepareSocket(int descriptor) override {
    BackendFile file(descriptor);
    file.may_leave_ring = may_leave_ring_ && BlockingReceive::Prepare(descriptor);
    return file;
  }

  void QueueCancel(uint64_t user_data, uint64_t target) override {
    if (blocking_receive_.IsHeld(target)) {
      blocking_receive_.Release();
      ended_.push_back({target, -ECANCELED});
      ended_.push_back({user_data, 0});
      return;
    }
    if (io_uring_sqe* queued = FindQueued(target); queued != nullptr) {
      // Its place becomes the cancel's, which has nothing to do any more.
      ForgetBackgroundPoll(target);
      io_uring_prep_nop(queued);
      io_uring_sqe_set_data64(queued, user_data);
      ended_.push_back({target, -ECANCELED});
      return;
    }
    io_uring_sqe* entry = NextEntry();
    io_uring_prep_cancel64(entry, target, 0);
    io_uring_sqe_set_data64(entry, user_data);
  }

  absl::Status SubmitAndWait(int64_t deadline_ns) override {
    if (submit_error_ != 0) return ErrnoStatus(submit_error_, "submitting in io_uring_enter");
    if (!ended_.empty()) deadline_ns = 0;
    if (blocking_receive_.is_held()) {
      WaitForBlockingReceive(deadline_ns);
      if (!HasRingWork()) return absl::OkStatus();
      deadline_ns = 0;
    }
    __kernel_timespec* timeout_pointer = nullptr;
    __kernel_timespec timeout = {};
    unsigned expected = 1 + std::exchange(prompt_sends_, 0);
    if (deadline_ns == 0) {
      expected = 1;
    } else if (expected > 1) {
      deadline_ns = std::min(deadline_ns, clock().NowNs() + kPromptSendLimitNs);
    }
    if (deadline_ns != kNoDeadlineNs) {
      // A deadline of 0 is always past: it only looks, and needs no clock.
      const int64_t wait_ns =
          deadline_ns == 0 ? 0 : std::max<int64_t>(0, deadline_ns - clock().NowNs());
      timeout.tv_sec = wait_ns / kNanosecondsPerSecond;
      timeout.tv_nsec = wait_ns % kNanosecondsPerSecond;
      timeout_pointer = &timeout;
    }
    io_uring_cqe* unused = nullptr;
    CountEnter();
    const int result =
        io_uring_submit_and_wait_timeout(&ring_, &unused, expected, timeout_pointer, nullptr);
    NoteOverflow();
    // Whether anything completed is told by the queue, not by this result (liburing 2.3 returns the
    // number submitted even on a timeout).
    if (result >= 0) return absl::OkStatus();
    switch (-result) {
      case ETIME:
      case EINTR:
      case EAGAIN:
      case EBUSY:
        return absl::OkStatus();
      default:
        return ErrnoStatus(-result, "waiting in io_uring_enter");
    }
  }

  void SleepUntil(int64_t deadline_ns) override {
    const timespec time = {deadline_ns / kNanosecondsPerSecond,
                           deadline_ns % kNanosecondsPerSecond};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
  }

  size_t TakeCompletions(absl::Span<Completion> completions) override {
    size_t taken = TakeEnded(completions);
    const size_t ended = taken;
    unsigned head;
    io_uring_cqe* entry;
    io_uring_for_each_cqe(&ring_, head, entry) {
      if (taken == completions.size()) break;
      completions[taken++] = {entry->user_data, entry->res, (entry->flags & IORING_CQE_F_MORE) != 0,
                              ReceiveBuffers::BufferOf(*entry)};
      if (!completions[taken - 1].goes_on) NoteEnd(entry->user_data);
    }
    io_uring_cq_advance(&ring_, static_cast<unsigned>(taken - ended));
    stats_.completions += static_cast<int64_t>(taken - ended);
    return taken;
  }

  const Clock& clock() const override { return *SteadyClock::Get(); }
  BackendStats stats() const override { return stats_; }
  const std::string& setup() const override { return setup_; }

 private:
  // A seccomp profile may allow the setup and forbid this; better seen now than in a run.
  absl::Status TryEntering() {
    io_uring_prep_nop(io_uring_get_sqe(&ring_));
    int result;
    do {
      result = io_uring_submit_and_wait(&ring_, 1);
    } while (result == -EINTR);
    if (result < 0) return SetupError(-result);
    io_uring_cqe* completion = nullptr;
    if (io_uring_peek_cqe(&ring_, &completion) == 0) io_uring_cqe_seen(&ring_, completion);
    return absl::OkStatus();
  }

  absl::Status MakeReceiveBuffers(uint32_t count) {
    if (count == 0) return absl::OkStatus();
    absl::StrAppend(&setup_, ", ", count, " receive buffers");
    return buffers_.Register(&ring_, count);
  }

  static void PreparePoll(io_uring_sqe* entry, uint64_t user_data, int descriptor,
                          uint32_t events) {
    io_uring_prep_poll_add(entry, descriptor, events);
    io_uring_sqe_set_data64(entry, user_data);
  }

  static void PrepareReceive(io_uring_sqe* entry, uint64_t user_data, BackendFile file) {
    io_uring_prep_recv_multishot(entry, file.descriptor, nullptr, 0, 0);
    ReceiveBuffers::UseIn(entry);
    // Not with IORING_RECVSEND_POLL_FIRST: where bytes and the end of the stream are both there
    // already, the kernel would then tell of the bytes only (seen with 6.18).
    io_uring_sqe_set_data64(entry, user_data);
  }

  // Background polls that have not been submitted or have become ready.
  bool HasRingWork() const {
    constexpr unsigned kWork = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
    return io_uring_sq_ready(&ring_) > 0 || (*ring_.sq.kflags & kWork) != 0;
  }

  void NoteEnd(uint64_t user_data) {
    --in_flight_;
    ForgetBackgroundPoll(user_data);
  }

  void ForgetBackgroundPoll(uint64_t user_data) {
    const auto poll = std::find(background_polls_.begin(), background_polls_.end(), user_data);
    if (poll != background_polls_.end()) background_polls_.erase(poll);
  }

  // The entry of an operation that the kernel has not taken yet; nullptr when it has.
  io_uring_sqe* FindQueued(uint64_t user_data) {
    for (unsigned back = 1; back <= io_uring_sq_ready(&ring_); ++back) {
      io_uring_sqe* entry = &ring_.sq.sqes[(ring_.sq.sqe_tail - back) & ring_.sq.ring_mask];
      if (entry->user_data == user_data) return entry;
    }
    return nullptr;
  }

  void WaitForBlockingReceive(int64_t deadline_ns) {
    std::optional<Completion> completion =
        blocking_receive_.Wait(deadline_ns, clock(), buffers_.large());
    if (!completion.has_value()) return;
    ++stats_.blocking_receives;
    if (completion->result > 0) {
      completion->buffer = buffers_.large_buffer();
      buffers_.TakeLarge();
    }
    ended_.push_back(*completion);
  }

  size_t TakeEnded(absl::Span<Completion> completions) {
    const size_t count = std::min(ended_.size(), completions.size());
    const auto rest = ended_.begin() + static_cast<ptrdiff_t>(count);
    std::copy(ended_.begin(), rest, completions.begin());
    ended_.erase(ended_.begin(), rest);
    return count;
  }

  // An entry that was taken is submitted whether prepared or not, so every caller prepares it.
  io_uring_sqe* NextEntry() {
    if (blocking_receive_.is_held()) {
      const BlockingReceive::Held held = blocking_receive_.Release();
      PrepareReceive(TakeEntry(), held.user_data, held.file);
    }
    return TakeEntry();
  }

  io_uring_sqe* TakeEntry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) {
      CountEnter();
      const int submitted = io_uring_submit(&ring_);
      prompt_sends_ = 0;
      entry = io_uring_get_sqe(&ring_);
      if (entry == nullptr) {
        // It goes nowhere; the next wait says so, and ends the ring's use.
        submit_error_ = submitted < 0 ? -submitted : EBUSY;
        entry = &lost_entry_;
      }
    }
    ++stats_.submissions;
    ++in_flight_;
    return entry;
  }

  void CountEnter() {
    ++stats_.enters;
    CountSystemCalls(1);
  }

  void NoteOverflow() {
    const unsigned overflowed = *ring_.cq.koverflow;
    if ((*ring_.sq.kflags & IORING_SQ_CQ_OVERFLOW) != 0) ++pending_overflows_;
    stats_.overflows = static_cast<int64_t>(overflowed) + pending_overflows_;
  }

  io_uring ring_ = {};
  bool is_open_ = false;
  int submit_error_ = 0;  // an errno: what was queued could not be submitted
  io_uring_sqe lost_entry_ = {};
  std::string setup_;
  BackendStats stats_;
  int64_t pending_overflows_ = 0;
  unsigned prompt_sends_ = 0;  // queued and not yet waited for
  size_t in_flight_ = 0;       // queued and not ended, on the ring

  // A few at most.
  std::vector<uint64_t> background_polls_;
  // While it is held, nothing else is in flight on the ring.
  BlockingReceive blocking_receive_;
  bool may_leave_ring_ = false;
  std::vector<Completion> ended_;  // without the ring

  ReceiveBuffers buffers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> CreateKernelBackend(const KernelBackendOptions& options) {
  PGRING_CHECK(
      options.submission_entries > 0 && options.submission_entries <= kMaxSubmissionEntries,
      "submission_entries is out of range");
  PGRING_CHECK(options.receive_buffers <= kMaxReceiveBuffers &&
                   (options.receive_buffers & (options.receive_buffers - 1)) == 0,
               "receive_buffers is out of range");
  auto backend = std::make_unique<KernelBackend>();
  PGRING_RETURN_IF_ERROR(backend->Open(options));
  return absl::StatusOr<std::unique_ptr<Backend>>(std::move(backend));
}

}  // namespace pgring
