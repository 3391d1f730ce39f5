#include "experiment/worker_team.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "experiment/drive.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "run/run_sum.h"

namespace pgring {

struct WorkerTeam::Member {
  int rank = 0;
  pid_t pid = 0;
  std::unique_ptr<WorkerChannel> channel;
  RunProgress* progress = nullptr;
  bool is_gone = false;
};

namespace {

// How long after the last worker is ready the clocks start: for the message to reach all of them.
constexpr int64_t kStartDelayNs = 2 * kNanosecondsPerMillisecond;
constexpr int64_t kLookNs = 50 * kNanosecondsPerMillisecond;
// What an interrupted run may take beyond what its drivers allow themselves.
constexpr int64_t kWindDownNs = 10 * kNanosecondsPerSecond;

// How the process ended, which it has or is about to.
std::string EndOf(pid_t pid) {
  int status = 0;
  pid_t waited = 0;
  do waited = waitpid(pid, &status, 0);
  while (waited < 0 && errno == EINTR);
  if (waited == pid && WIFSIGNALED(status)) {
    return absl::StrCat("was killed by signal ", WTERMSIG(status), " (",
                        strsignal(WTERMSIG(status)), ")");
  }
  if (waited == pid && WIFEXITED(status)) {
    return absl::StrCat("ended with exit code ", WEXITSTATUS(status));
  }
  return "ended";
}

}  // namespace

// One run, from the requests to the last outcome.
class WorkerTeam::RunInProgress {
 public:
  RunInProgress(const RunContext& whole, const RunRequest& request, double patience_s,
                std::vector<Member*> members)
      : whole_(whole),
        request_(request),
        patience_ns_(SecondsInNs(patience_s)),
        members_(std::move(members)),
        states_(members_.size()) {}

  absl::Status Drive(Run* run) {
    for (const Member* member : members_) {
      if (member->is_gone) {
        return absl::UnavailableError(absl::StrCat(NameOf(*member), " ended in a run before"));
      }
    }
    Send();
    while (std::any_of(states_.begin(), states_.end(),
                       [](const State& state) { return !state.has_ended; })) {
      Look();
    }
    UpdateProgress();
    if (!not_started_.ok()) return not_started_;
    StartMeasuringIfDue(kNoDeadlineNs);
    whole_.progress->ended_ns.store(Now(), std::memory_order_relaxed);
    Finish(run);
    return absl::OkStatus();
  }
  const absl::Status& logged() const { return logged_; }

 private:
  struct State {
    bool is_ready = false;
    bool has_ended = false;
    // When it was last seen to get on, and how far.
    int64_t seen_ns = 0;
    int64_t seen_ended = 0;
    std::string lost;
  };

  static int64_t Now() { return SteadyClock::Get()->NowNs(); }

  std::string NameOf(const Member& member) const {
    return absl::StrFormat("worker %d of %d (process %d)", member.rank, members_.size(),
                           member.pid);
  }

  void Send() {
    const std::string bytes = ToBytes(request_);
    const int64_t now_ns = Now();
    for (size_t place = 0; place < members_.size(); ++place) {
      new (members_[place]->progress) RunProgress();
      members_[place]->progress->is_detailed = request_.wants_details;
      states_[place].seen_ns = now_ns;
      const absl::Status sent = members_[place]->channel->Send(WorkerMessageKind::kRun, bytes);
      if (!sent.ok()) OnGone(place);
    }
  }

  // Whatever has come, or nothing for a while.
  void Look() {
    std::vector<pollfd> waits;
    for (size_t place = 0; place < members_.size(); ++place) {
      const bool ended = states_[place].has_ended;
      waits.push_back({ended ? -1 : members_[place]->channel->descriptor(), POLLIN, 0});
    }
    if (!told_interrupt_) waits.push_back({whole_.interrupt->descriptor(), POLLIN, 0});
    int64_t wait_ns = kLookNs;
    if (start_ns_ != 0 && !measuring_) {
      wait_ns = std::clamp<int64_t>(MeasuringFromNs() - Now(), 0, kLookNs);
    }
    poll(waits.data(), waits.size(), static_cast<int>(wait_ns / kNanosecondsPerMillisecond));
    StartMeasuringIfDue(Now());
    for (size_t place = 0; place < members_.size(); ++place) {
      if (waits[place].revents != 0) Read(place);
    }
    TellInterrupt();
    StartIfReady();
    UpdateProgress();
    GiveUpOnIdle();
  }

  void Read(size_t place) {
    while (!states_[place].has_ended) {
      absl::StatusOr<std::optional<WorkerMessage>> message = members_[place]->channel->Receive();
      if (!message.ok()) return OnGone(place);
      if (!message->has_value()) return;
      OnMessage(place, **message);
    }
  }

  void OnMessage(size_t place, const WorkerMessage& message) {
    State& state = states_[place];
    state.seen_ns = Now();
    absl::Status status;
    ErrorNotice notice;
    switch (message.kind) {
      case WorkerMessageKind::kReady:
        state.is_ready = true;
        return;
      case WorkerMessageKind::kRefused:
        if (told_refusal_ || !FromBytes(message.bytes, &status).ok()) return;
        told_refusal_ = true;
        if (whole_.events != nullptr) whole_.events->OnConnectionRefused(status);
        return;
      case WorkerMessageKind::kError:
        if (whole_.errors == nullptr || !FromBytes(message.bytes, &notice).ok()) return;
        whole_.errors->OnError({notice.outcome, notice.client, notice.tries, notice.status});
        return;
      case WorkerMessageKind::kServerSays:
        if (whole_.errors != nullptr) whole_.errors->OnServerMessage(message.bytes);
        return;
      case WorkerMessageKind::kDone:
        return OnDone(place, message.bytes);
      case WorkerMessageKind::kRun:
      case WorkerMessageKind::kStart:
      case WorkerMessageKind::kAbort:
        return;
    }
  }

  void OnDone(size_t place, std::string_view bytes) {
    State& state = states_[place];
    state.has_ended = true;
    RunOutcome outcome;
    const absl::Status read = FromBytes(bytes, &outcome);
    if (!read.ok()) {
      state.lost = absl::StrCat("gave a result that cannot be read: ", std::string(read.message()));
      return;
    }
    logged_.Update(outcome.logged);
    if (!outcome.driven.ok()) {
      if (not_started_.ok()) not_started_ = outcome.driven;
      return;
    }
    sum_.Add(std::move(outcome.run));
  }

  void OnGone(size_t place) {
    Member& member = *members_[place];
    State& state = states_[place];
    member.is_gone = true;
    state.has_ended = true;
    if (state.lost.empty()) state.lost = EndOf(member.pid);
    if (start_ns_ == 0 && not_started_.ok()) {
      not_started_ = absl::UnavailableError(
          absl::StrCat(NameOf(member), " ", state.lost, " before the start"));
    }
  }

  // All together, or none: who waits when another one is gone is told not to.
  void StartIfReady() {
    if (start_ns_ != 0) return;
    for (const State& state : states_) {
      if (!state.is_ready && !state.has_ended) return;
    }
    start_ns_ = Now() + kStartDelayNs;
    const bool starts = not_started_.ok();
    if (starts) {
      whole_.progress->measuring_from_ns.store(MeasuringFromNs(), std::memory_order_relaxed);
      // The probes may take a moment.
      if (request_.load.warmup_s == 0) StartMeasuringIfDue(kNoDeadlineNs);
      start_ns_ = std::max(start_ns_, Now() + kStartDelayNs);
    }
    const std::string bytes = ToBytes(start_ns_);
    const std::string reason(not_started_.message());
    for (size_t place = 0; place < members_.size(); ++place) {
      if (states_[place].has_ended) continue;
      (void)members_[place]->channel->Send(
          starts ? WorkerMessageKind::kStart : WorkerMessageKind::kAbort, starts ? bytes : reason);
    }
  }

  int64_t MeasuringFromNs() const { return start_ns_ + SecondsInNs(request_.load.warmup_s); }

  void StartMeasuringIfDue(int64_t now_ns) {
    if (measuring_ || start_ns_ == 0 || now_ns < MeasuringFromNs()) return;
    measuring_ = true;
    if (whole_.events != nullptr) whole_.events->OnMeasuringStarts();
  }

  void TellInterrupt() {
    if (told_interrupt_ || !whole_.interrupt->raised()) return;
    told_interrupt_ = true;
    for (size_t place = 0; place < members_.size(); ++place) {
      if (!states_[place].has_ended) kill(members_[place]->pid, SIGTERM);
    }
  }

  void UpdateProgress() {
    std::vector<const RunProgress*> parts;
    for (const Member* member : members_) parts.push_back(member->progress);
    whole_.progress->SetSum(parts);
  }

  // A worker that the others have waited for, and that has done nothing for as long.
  void GiveUpOnIdle() {
    const int64_t now_ns = Now();
    int64_t patience_ns = patience_ns_;
    if (told_interrupt_) {
      patience_ns = Interrupt::kDrainNs + Interrupt::kCancelNs + kWindDownNs;
    }
    const bool others_wait =
        std::any_of(states_.begin(), states_.end(), [this](const State& state) {
          return state.has_ended || (start_ns_ == 0 && state.is_ready);
        });
    for (size_t place = 0; place < members_.size(); ++place) {
      State& state = states_[place];
      const int64_t ended = members_[place]->progress->ended.load(std::memory_order_relaxed);
      const bool waits_too = start_ns_ == 0 && state.is_ready;
      if (!others_wait || waits_too || ended != state.seen_ended) state.seen_ns = now_ns;
      state.seen_ended = ended;
      if (state.has_ended || now_ns - state.seen_ns < patience_ns) continue;
      state.lost = absl::StrFormat(
          "was stopped: the others were waiting for it, and it did nothing for %.0f s",
          NsInSeconds(patience_ns));
      kill(members_[place]->pid, SIGKILL);
      (void)EndOf(members_[place]->pid);
      OnGone(place);
    }
  }

  void Finish(Run* run) {
    for (size_t place = 0; place < members_.size(); ++place) {
      if (!states_[place].lost.empty()) sum_.Add(Lost(place));
    }
    Run sum = sum_.Take();
    sum.scenario = run->scenario;
    sum.load = run->load;
    sum.remarks = std::move(run->remarks);
    *run = std::move(sum);
  }

  Run Lost(size_t place) const {
    const Member& member = *members_[place];
    const WorkerShare share = ShareOf(request_.scenario, request_.load, member.rank);
    const int64_t planned = share.CountOf(request_.operations);
    const int64_t known = planned == kUnlimitedOperations ? states_[place].seen_ended : planned;
    Run lost = LostRun(whole_, share, known, MeasuringFromNs());
    lost.workers.front().lost = states_[place].lost;
    return lost;
  }

  const RunContext& whole_;
  const RunRequest& request_;
  const int64_t patience_ns_;
  const std::vector<Member*> members_;
  std::vector<State> states_;
  RunSum sum_;
  absl::Status not_started_;
  absl::Status logged_;
  int64_t start_ns_ = 0;
  bool measuring_ = false;
  bool told_refusal_ = false;
  bool told_interrupt_ = false;
};

WorkerTeam::WorkerTeam() = default;

absl::StatusOr<std::unique_ptr<WorkerTeam>> WorkerTeam::Fork(
    int count, const std::function<void(const Link&)>& work) {
  // Not make_unique: the constructor is private.
  std::unique_ptr<WorkerTeam> team(new WorkerTeam());
  const size_t bytes = sizeof(RunProgress) * static_cast<size_t>(count);
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ErrnoStatus(errno, "sharing memory with the workers (-j)");
  team->progress_ = static_cast<RunProgress*>(memory);
  const pid_t parent = getpid();
  for (int rank = 0; rank < count; ++rank) {
    int pair[2] = {};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      return ErrnoStatus(errno, "connecting with a worker (-j)");
    }
    auto member = std::make_unique<Member>();
    member->rank = rank;
    member->progress = new (team->progress_ + rank) RunProgress();
    member->channel = std::make_unique<WorkerChannel>(pair[0]);
    member->pid = fork();
    if (member->pid < 0) {
      close(pair[1]);
      return ErrnoStatus(errno, absl::StrFormat("starting worker %d of %d (-j)", rank, count));
    }
    if (member->pid == 0) {
      // Ends with the parent, however that ends; it may have ended just now.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(0);
      // The parent's ends of the channels of the workers before.
      for (const std::unique_ptr<Member>& other : team->members_) other->channel->Close();
      member->channel->Close();
      WorkerChannel channel(pair[1]);
      work({rank, parent, &channel, member->progress});
      _exit(0);
    }
    close(pair[1]);
    team->members_.push_back(std::move(member));
  }
  return team;
}

WorkerTeam::~WorkerTeam() {
  for (const std::unique_ptr<Member>& member : members_) member->channel->Close();
  for (const std::unique_ptr<Member>& member : members_) {
    if (!member->is_gone) (void)EndOf(member->pid);
  }
  if (progress_ != nullptr) munmap(progress_, sizeof(RunProgress) * members_.size());
}

absl::Status WorkerTeam::Drive(const RunContext& whole, const RunRequest& request, Run* run) {
  std::vector<Member*> members;
  for (const std::unique_ptr<Member>& member : members_) members.push_back(member.get());
  members.resize(static_cast<size_t>(request.scenario.workers));
  RunInProgress in_progress(whole, request, patience_s_, std::move(members));
  const absl::Status driven = in_progress.Drive(run);
  logged_.Update(in_progress.logged());
  return driven;
}

}  // namespace pgring
