#include "cluster/throwaway_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "cluster/directory_layout.h"
#include "cluster/keeper.h"
#include "cluster/readiness.h"
#include "cluster/server_identity.h"
#include "cluster/server_settings.h"
#include "cluster/stale_directories.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// Names the socket file; nothing listens there unless TCP is asked for.
constexpr int kUnixSocketPort = 5432;

int64_t NowNs() { return SteadyClock::Get()->NowNs(); }

absl::StatusOr<std::string> ParentDirectory(const ThrowawayServerOptions& options) {
  const char* variable = getenv("TMPDIR");
  std::string parent = variable != nullptr && *variable != '\0' ? variable : "/tmp";
  if (options.parent_directory.has_value()) parent = *options.parent_directory;
  // Absolute and without symbolic links, as the kernel and the server will show it.
  std::error_code error;
  std::string real = std::filesystem::canonical(parent, error).string();
  if (!error) return real;
  return ErrnoStatus(error.value(),
                     fmt::format("start a throwaway server below {} (make that directory, or set "
                                 "TMPDIR to another)",
                                 parent));
}

std::string RandomDirectoryName() {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  unsigned char bytes[kDirectorySuffixLength] = {};
  // At most 256 bytes come at once and whole; before the kernel has entropy it waits.
  while (getrandom(bytes, sizeof(bytes), 0) < 0 && errno == EINTR) {
  }
  std::string name = kDirectoryPrefix;
  for (const unsigned char byte : bytes) name += kCharacters[byte % kCharacters.size()];
  return name;
}

absl::StatusOr<int> FindFreePort() {
  constexpr char kAttempt[] = "find a free TCP port on 127.0.0.1";
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ErrnoStatus(errno, kAttempt);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  const bool found = bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  const int error = errno;
  close(fd);
  if (!found) return ErrnoStatus(error, kAttempt);
  return int{ntohs(address.sin_port)};
}

std::string DescribeEnd(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return fmt::format("was ended by signal {} ({})", WTERMSIG(wait_status),
                       strsignal(WTERMSIG(wait_status)));
  }
  return fmt::format("ended with exit status {}", WEXITSTATUS(wait_status));
}

bool PortWasTaken(const absl::Status& status) {
  return absl::StrContains(status.message(), "could not create any TCP/IP sockets");
}

}  // namespace

ThrowawayServer::ThrowawayServer(const ThrowawayServerOptions& options, PostgresBinaries binaries)
    : options_(options), binaries_(std::move(binaries)) {}

ThrowawayServer::~ThrowawayServer() { Stop().IgnoreError(); }

absl::StatusOr<std::unique_ptr<ThrowawayServer>> ThrowawayServer::Start(
    const ThrowawayServerOptions& options) {
  PGRING_RETURN_IF_ERROR(CheckServerOptions(options));
  PostgresBinaries binaries;
  if (options.binaries.has_value()) {
    binaries = *options.binaries;
  } else {
    auto found = FindPostgresBinaries();
    if (!found.ok()) return found.status();
    binaries = *std::move(found);
  }
  const bool any_port = options.tcp_port.has_value() && *options.tcp_port == 0;
  for (int attempt = 1;; ++attempt) {
    auto server = StartOnce(options, binaries);
    if (server.ok() || !any_port || attempt >= kFreePortAttempts) return server;
    if (!PortWasTaken(server.status())) return server;
  }
}

absl::StatusOr<std::unique_ptr<ThrowawayServer>> ThrowawayServer::StartOnce(
    const ThrowawayServerOptions& options, const PostgresBinaries& binaries) {
  std::unique_ptr<ThrowawayServer> server(new ThrowawayServer(options, binaries));
  PGRING_RETURN_IF_ERROR(server->StartUp());
  server->options_.cancel_fd = -1;
  return server;
}

absl::Status ThrowawayServer::StartUp() {
  auto parent = ParentDirectory(options_);
  if (!parent.ok()) return parent.status();
  parent_ = *std::move(parent);
  port_ = options_.tcp_port.value_or(kUnixSocketPort);
  if (port_ == 0) {
    auto free_port = FindFreePort();
    if (!free_port.ok()) return free_port.status();
    port_ = *free_port;
  }
  PGRING_RETURN_IF_ERROR(CheckParentDirectory(parent_, port_));
  auto identity = FindServerIdentity(kServerUserName);
  if (!identity.ok()) return identity.status();
  if (identity->has_value()) {
    server_user_ = (*identity)->user;
    server_user_name_ = (*identity)->name;
  }
  removed_directories_ = RemoveStaleDirectories(parent_, server_user_);

  PGRING_RETURN_IF_ERROR(MakeDirectory(*identity));
  PGRING_RETURN_IF_ERROR(RunInitdb());
  PGRING_RETURN_IF_ERROR(
      Annotate(AddConfiguration(options_, directory_, port_), "configure the throwaway server"));
  conninfo_ = ConninfoText(directory_, port_);
  if (options_.tcp_port.has_value()) tcp_conninfo_ = ConninfoText("127.0.0.1", port_);
  return StartPostmaster();
}

absl::Status ThrowawayServer::MakeDirectory(const std::optional<ServerIdentity>& identity) {
  for (int attempt = 1;; ++attempt) {
    const std::string directory = parent_ + (parent_ == "/" ? "" : "/") + RandomDirectoryName();
    const std::string data_directory = directory + "/" + kDataDirectoryName;
    KeeperPlan plan;
    plan.directory = directory;
    plan.initdb_arguments = InitdbArguments(binaries_, data_directory);
    plan.postgres_arguments = {binaries_.postgres(), "-D", data_directory};
    plan.environment = ServerEnvironment();
    plan.identity = identity;
    auto keeper = Keeper::Fork(plan);
    if (!keeper.ok()) return keeper.status();
    keeper_ = *std::move(keeper);
    directory_ = directory;
    const absl::Status made =
        WaitForEvent(KeeperEvent::kDirectoryMade, NowNs() + kInitdbLimitNs,
                     fmt::format("make the throwaway server's directory {}", directory))
            .status();
    if (made.code() != absl::StatusCode::kAlreadyExists || attempt >= kDirectoryNameAttempts) {
      return made;
    }
    keeper_.reset();
  }
}

absl::Status ThrowawayServer::RunInitdb() {
  const std::string attempt = fmt::format("run {} in {}", binaries_.initdb(), directory_);
  PGRING_RETURN_IF_ERROR(keeper_->Send(KeeperCommand::kRunInitdb));
  const auto ended = WaitForEvent(KeeperEvent::kProgramEnded, NowNs() + kInitdbLimitNs, attempt);
  if (!ended.ok()) {
    return absl::Status(ended.status().code(),
                        absl::StrCat(ended.status().message(), LastLinesOf(kInitdbLogName)));
  }
  if (ended->value == 0) return absl::OkStatus();
  return absl::UnavailableError(
      fmt::format("{}: it {}{}", attempt, DescribeEnd(ended->value), LastLinesOf(kInitdbLogName)));
}

absl::Status ThrowawayServer::StartPostmaster() {
  const std::string attempt =
      fmt::format("start PostgreSQL {} in {}", binaries_.version, directory_);
  PGRING_RETURN_IF_ERROR(keeper_->Send(KeeperCommand::kStartPostmaster));
  const auto started =
      WaitForEvent(KeeperEvent::kProgramStarted, NowNs() + kReadinessLimitNs, attempt);
  if (!started.ok()) return started.status();
  postmaster_pid_ = started->pid;
  absl::Status ready = WaitUntilReady();
  if (ready.ok() || absl::IsCancelled(ready)) return ready;
  return absl::Status(ready.code(),
                      absl::StrCat(attempt, ": ", ready.message(), LastLinesOf(kServerLogName)));
}

absl::Status ThrowawayServer::WaitUntilReady() {
  const int64_t start_ns = NowNs();
  const int64_t deadline_ns = start_ns + kReadinessLimitNs;
  std::string reason = "no answer";
  const auto late = [&reason] {
    return absl::DeadlineExceededError(fmt::format("not ready after {} s; the last attempt: {}",
                                                   kReadinessLimitNs / kNanosecondsPerSecond,
                                                   reason));
  };
  const DescriptorWait wait = [this, deadline_ns, &late](int fd, short events) {
    const auto in_time = WatchServer(fd, events, deadline_ns);
    if (!in_time.ok()) return in_time.status();
    return *in_time ? absl::OkStatus() : late();
  };
  for (;;) {
    auto answer = AskServer(conninfo_, directory_ + "/" + kDataDirectoryName, wait);
    if (!answer.ok()) return answer.status();
    if (answer->ready) return absl::OkStatus();
    reason = answer->reason;
    const int64_t pause_ns =
        std::clamp((NowNs() - start_ns) / 8, kShortestReadinessPauseNs, kLongestReadinessPauseNs);
    const auto paused = WatchServer(-1, 0, NowNs() + pause_ns);
    if (!paused.ok()) return paused.status();
    if (NowNs() >= deadline_ns) return late();
  }
}

absl::StatusOr<bool> ThrowawayServer::WatchServer(int fd, short events, int64_t deadline_ns) {
  for (;;) {
    const auto ready = Poll(fd, events, deadline_ns);
    if (!ready.ok()) return ready.status();
    for (;;) {
      const auto report = keeper_->Receive();
      if (!report.ok()) return report.status();
      if (!report->has_value()) break;
      Note(**report);
      if ((*report)->event == KeeperEvent::kFailed) return StepFailed(**report, "");
    }
    if (postmaster_pid_ < 0) {
      return absl::UnavailableError("the server " + DescribeEnd(postmaster_wait_status_));
    }
    if (!*ready) return false;
    pollfd entry{fd, events, 0};
    if (fd >= 0 && poll(&entry, 1, 0) > 0) return true;
  }
}

absl::StatusOr<KeeperReport> ThrowawayServer::WaitForEvent(KeeperEvent wanted, int64_t deadline_ns,
                                                           const std::string& attempt) {
  for (;;) {
    const auto report = keeper_->Receive();
    if (!report.ok()) return Annotate(report.status(), attempt);
    if (report->has_value()) {
      Note(**report);
      if ((*report)->event == wanted) return **report;
      // What failed before the stop does not matter to it.
      if ((*report)->event == KeeperEvent::kFailed && wanted != KeeperEvent::kStopped) {
        return StepFailed(**report, attempt);
      }
      continue;
    }
    const auto ready = Poll(-1, 0, deadline_ns);
    if (!ready.ok()) return ready.status();
    if (!*ready) return absl::DeadlineExceededError(attempt + ": it did not end in time");
  }
}

absl::StatusOr<bool> ThrowawayServer::Poll(int fd, short events, int64_t deadline_ns) {
  for (;;) {
    const int64_t left_ns = deadline_ns - NowNs();
    if (left_ns <= 0) return false;
    // poll passes over negative descriptors.
    pollfd entries[3] = {
        {keeper_->channel(), POLLIN, 0}, {options_.cancel_fd, POLLIN, 0}, {fd, events, 0}};
    const int timeout_ms = static_cast<int>(left_ns / kNanosecondsPerMillisecond) + 1;
    if (poll(entries, 3, timeout_ms) <= 0) continue;
    if (entries[1].revents != 0) {
      return absl::CancelledError("start a throwaway server: interrupted");
    }
    return true;
  }
}

void ThrowawayServer::Note(const KeeperReport& report) {
  if (report.event != KeeperEvent::kProgramEnded || report.pid != postmaster_pid_) return;
  postmaster_pid_ = -1;
  postmaster_wait_status_ = report.value;
}

absl::Status ThrowawayServer::StepFailed(const KeeperReport& report,
                                         const std::string& attempt) const {
  std::string text = attempt.empty() ? "" : attempt + ": ";
  text += KeeperStepAttempt(report.step);
  const std::string user = server_user_name_.empty() ? "you" : "the user " + server_user_name_;
  switch (report.step) {
    case KeeperStep::kMakeDirectory:
    case KeeperStep::kMarkDirectory:
      text += fmt::format(" (set TMPDIR to a directory with room that you may write to; now {})",
                          parent_);
      break;
    case KeeperStep::kEnterDirectory:
      text += fmt::format(
          " (as {}, who must be able to pass through {}: set TMPDIR to a directory "
          "open to all, such as /tmp)",
          user, parent_);
      break;
    case KeeperStep::kExecute:
      text += fmt::format(" (in {}; check that {} may execute it)", binaries_.directory, user);
      break;
    default:
      break;
  }
  return ErrnoStatus(report.value, text);
}

std::string ThrowawayServer::LastLinesOf(const char* log_name) const {
  const std::string tail = pgring::LogTail(directory_ + "/" + log_name);
  return tail.empty() ? "" : fmt::format("; the last lines of {}:{}", log_name, tail);
}

pid_t ThrowawayServer::keeper_pid() const { return keeper_ == nullptr ? -1 : keeper_->pid(); }

std::string ThrowawayServer::LogTail() const {
  return pgring::LogTail(directory_ + "/" + kServerLogName);
}

absl::Status ThrowawayServer::Restart(RestartMode mode) {
  const std::string attempt = fmt::format("restart the throwaway server in {}", directory_);
  if (keeper_ == nullptr) {
    return absl::FailedPreconditionError(attempt + ": it was stopped; start a new one");
  }
  PGRING_RETURN_IF_ERROR(keeper_->Send(mode == RestartMode::kFast ? KeeperCommand::kStopFast
                                                                  : KeeperCommand::kStopImmediate));
  const absl::Status stopped =
      WaitForEvent(KeeperEvent::kStopped, NowNs() + kKeeperEndLimitNs, attempt).status();
  PGRING_RETURN_IF_ERROR(stopped);
  return StartPostmaster();
}

absl::Status ThrowawayServer::Stop() {
  if (keeper_ == nullptr) return absl::OkStatus();
  const bool removed = keeper_->Finish();
  keeper_.reset();
  postmaster_pid_ = -1;
  if (removed) return absl::OkStatus();
  // The keeper was killed: do its work, as the next start would.
  const StaleOutcome outcome = RemoveStaleDirectory(directory_, server_user_);
  std::error_code error;
  if (outcome == StaleOutcome::kRemoved || !std::filesystem::exists(directory_, error)) {
    return absl::OkStatus();
  }
  return absl::InternalError(fmt::format(
      "remove the throwaway server's directory {}: it could not be removed wholly; the next start "
      "of pgring tries again, or remove it by hand",
      directory_));
}

}  // namespace pgring
