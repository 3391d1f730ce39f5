#include "fault_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr std::chrono::seconds kPhaseLimit(90);
constexpr int kListenBacklog = 4096;
// More than this waiting in one direction, and no more is read.
constexpr size_t kMaxChunks = 1'000;
// How often it is looked whether a single byte has been taken: nothing tells of it.
constexpr int64_t kSingleBytePauseNs = 20'000;

int64_t NowNs() { return SteadyClock::Get()->NowNs(); }

std::string SocketPath(const std::string& directory, int port) {
  return directory + "/.s.PGSQL." + std::to_string(port);
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  PGRING_CHECK(path.size() < sizeof address.sun_path, "the socket's path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// -1: no listener.
int ConnectTo(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  PGRING_CHECK(fd >= 0, "a test needs sockets");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

// Whether something sent on `socket` waits for the other side to read it.
bool HasUntaken(int socket) {
  int untaken = 0;
  return ioctl(socket, SIOCOUTQ, &untaken) == 0 && untaken > 0;
}

// How often `bytes` stands in what the client has sent, new bytes included, that it did not before.
int64_t CountNew(const std::string& tail, const std::string& news, const std::string& bytes) {
  if (bytes.empty()) return 0;
  const size_t kept = std::min(tail.size(), bytes.size() - 1);
  const std::string text = tail.substr(tail.size() - kept) + news;
  int64_t count = 0;
  for (size_t at = text.find(bytes); at != std::string::npos; at = text.find(bytes, at + 1)) {
    ++count;
  }
  return count;
}

// ErrorResponse of the protocol's version 3: type, length (itself included), fields of a letter and
// a text each, and a zero.
std::string RefusalMessage() {
  std::string fields;
  for (const std::string_view field :
       {"SFATAL", "VFATAL", "C57P03", "Mdas Datenbanksystem startet gerade", "Fpostmaster.c",
        "L2398", "RProcessStartupPacket"}) {
    fields += field;
    fields += '\0';
  }
  fields += '\0';
  const auto length = static_cast<uint32_t>(fields.size() + 4);
  std::string message = "E";
  for (const int shift : {24, 16, 8, 0}) message += static_cast<char>(length >> shift);
  return message + fields;
}

}  // namespace

std::string BindOf(std::string_view statement) {
  return std::string(statement) + std::string(5, '\0');
}

FaultProxy::FaultProxy(const std::string& server_directory, int server_port)
    : server_path_(SocketPath(server_directory, server_port)), port_(server_port) {
  char name[] = "/tmp/pgring-proxy-XXXXXX";
  PGRING_CHECK(mkdtemp(name) != nullptr, "a test needs a directory below /tmp");
  directory_ = name;
  listen_path_ = SocketPath(directory_, port_);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  PGRING_CHECK(wake_fd_ >= 0, "a test needs an eventfd");
  Listen();
  thread_ = std::thread(&FaultProxy::Run, this);
}

FaultProxy::~FaultProxy() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  for (const Link& link : links_) Close(link);
  if (listen_fd_ >= 0) close(listen_fd_);
  close(wake_fd_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string FaultProxy::conninfo() const {
  return "host=" + directory_ + " port=" + std::to_string(port_) + " user=postgres dbname=postgres";
}

void FaultProxy::Listen() {
  const sockaddr_un address = AddressOf(listen_path_);
  unlink(listen_path_.c_str());
  listen_fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  PGRING_CHECK(
      listen_fd_ >= 0 &&
          bind(listen_fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
          listen(listen_fd_, kListenBacklog) == 0,
      "a test needs a listening socket");
}

void FaultProxy::CutAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Link& link : links_) Cut(&link);
  Wake();
}

void FaultProxy::Refuse(Refusal refusal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  starting_up_ = refusal == Refusal::kStartingUp;
  if (starting_up_ && listen_fd_ < 0) Listen();
  if (!starting_up_ && listen_fd_ >= 0) close(std::exchange(listen_fd_, -1));
  Wake();
}

void FaultProxy::Accept() {
  const std::lock_guard<std::mutex> lock(mutex_);
  starting_up_ = false;
  if (listen_fd_ < 0) Listen();
  Wake();
}

void FaultProxy::Stall() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stalled_ = true;
  Wake();
}

void FaultProxy::Resume() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stalled_ = false;
  Wake();
}

void FaultProxy::Delay(int64_t delay_ns) {
  const std::lock_guard<std::mutex> lock(mutex_);
  delay_ns_ = delay_ns;
}

void FaultProxy::PassSingleBytes(Direction direction) {
  const std::lock_guard<std::mutex> lock(mutex_);
  (direction == Direction::kToServer ? single_to_server_ : single_to_client_) = true;
}

void FaultProxy::CutOnMessage(const std::string& bytes, CutWhen when, int count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  message_cut_ = {bytes, when, count};
}

void FaultProxy::CutAfterBytes(Direction direction, int64_t byte_count, int count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  byte_cut_ = {direction, byte_count, count};
}

void FaultProxy::StallOnMessage(const std::string& bytes, int64_t count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  stall_bytes_ = bytes;
  messages_until_stall_ = count;
}

bool FaultProxy::WaitFor(const std::function<bool()>& condition) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, kPhaseLimit, condition);
}

bool FaultProxy::WaitForCuts(int64_t count) {
  return WaitFor([this, count] { return cuts_ >= count; });
}

bool FaultProxy::WaitForRefusals(int64_t count) {
  return WaitFor([this, count] { return refusals_ >= count; });
}

bool FaultProxy::WaitForStall() {
  return WaitFor([this] { return stalled_; });
}

int64_t FaultProxy::accepted() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return accepted_;
}

int64_t FaultProxy::single_bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return single_bytes_;
}

void FaultProxy::Wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void FaultProxy::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    WaitForWork(&lock);
    if (!stalled_) AcceptOne();
    for (auto link = links_.begin(); link != links_.end();) {
      for (Flow* flow : {&link->to_server, &link->to_client}) {
        ReadFlow(&*link, flow);
        WriteFlow(&*link, flow);
      }
      if (link->dead) {
        Close(*link);
        link = links_.erase(link);
      } else {
        ++link;
      }
    }
    changed_.notify_all();
  }
}

void FaultProxy::WaitForWork(std::unique_lock<std::mutex>* lock) {
  std::vector<pollfd> descriptors = {{wake_fd_, POLLIN, 0}};
  int64_t wake_ns = NowNs() + kNanosecondsPerSecond;
  if (!stalled_) {
    if (listen_fd_ >= 0) descriptors.push_back({listen_fd_, POLLIN, 0});
    for (const Link& link : links_) {
      for (const Flow* flow : {&link.to_server, &link.to_client}) {
        if (!flow->ended && flow->chunks.size() < kMaxChunks) {
          descriptors.push_back({flow->from, POLLIN, 0});
        }
        if (flow->chunks.empty()) continue;
        const int64_t due_ns = flow->chunks.front().due_ns;
        if (IsSingle(flow->direction)) {
          wake_ns = std::min(wake_ns, std::max(due_ns, NowNs() + kSingleBytePauseNs));
          continue;
        }
        if (due_ns <= NowNs()) descriptors.push_back({flow->to, POLLOUT, 0});
        if (due_ns > NowNs()) wake_ns = std::min(wake_ns, due_ns);
      }
    }
  }
  const int64_t left_ns = std::max<int64_t>(0, wake_ns - NowNs());
  const timespec timeout = {left_ns / kNanosecondsPerSecond, left_ns % kNanosecondsPerSecond};
  lock->unlock();
  ppoll(descriptors.data(), descriptors.size(), &timeout, nullptr);
  uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t length = read(wake_fd_, &ignored, sizeof ignored);
  lock->lock();
}

void FaultProxy::AcceptOne() {
  if (listen_fd_ < 0) return;
  const int client = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  Link link;
  if (starting_up_) {
    link.refused = true;
    link.to_server.from = link.to_client.to = client;
    link.to_client.ended = true;
    links_.push_back(std::move(link));
    return;
  }
  ++accepted_;
  const int server = ConnectTo(server_path_);
  if (server < 0) {
    close(client);
    return;
  }
  link.to_server.from = link.to_client.to = client;
  link.to_client.from = link.to_server.to = server;
  link.to_client.direction = Direction::kToClient;
  if (byte_cut_.count > 0) {
    --byte_cut_.count;
    Flow* flow = byte_cut_.direction == Direction::kToServer ? &link.to_server : &link.to_client;
    flow->bytes_until_cut = byte_cut_.byte_count;
  }
  links_.push_back(std::move(link));
}

void FaultProxy::ReadFlow(Link* link, Flow* flow) {
  if (stalled_ || link->dead || flow->ended || flow->chunks.size() >= kMaxChunks) return;
  char buffer[32 * 1024];
  const ssize_t length = read(flow->from, buffer, sizeof buffer);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) {
    flow->ended = true;
    return;
  }
  std::string bytes(buffer, static_cast<size_t>(length));
  if (link->refused) {
    const std::string refusal = RefusalMessage();
    send(flow->from, refusal.data(), refusal.size(), MSG_NOSIGNAL);
    ++refusals_;
    Cut(link);
    return;
  }
  if (flow == &link->to_server) {
    ReadFromClient(link, &bytes);
  } else {
    ReadFromServer(link, &bytes);
  }
  if (!bytes.empty()) flow->chunks.push_back({NowNs() + delay_ns_, std::move(bytes)});
}

void FaultProxy::ReadFromClient(Link* link, std::string* bytes) {
  std::string& tail = link->to_server.tail;
  messages_until_stall_ -= CountNew(tail, *bytes, stall_bytes_);
  if (!stall_bytes_.empty() && messages_until_stall_ <= 0) {
    stalled_ = true;
    stall_bytes_.clear();
  }
  if (message_cut_.count > 0 && CountNew(tail, *bytes, message_cut_.bytes) > 0) {
    --message_cut_.count;
    if (message_cut_.when == CutWhen::kAfterTheAnswer) {
      link->cut_at_answer = true;
    } else {
      bytes->clear();
      CutAndCount(link);
    }
  }
  constexpr size_t kTailBytes = 256;
  tail += *bytes;
  if (tail.size() > kTailBytes) tail.erase(0, tail.size() - kTailBytes);
}

void FaultProxy::ReadFromServer(Link* link, std::string* bytes) {
  if (!link->cut_at_answer) return;
  bytes->clear();
  CutAndCount(link);
}

void FaultProxy::WriteFlow(Link* link, Flow* flow) {
  while (!stalled_ && !link->dead && !flow->chunks.empty() &&
         flow->chunks.front().due_ns <= NowNs()) {
    std::string* bytes = &flow->chunks.front().bytes;
    size_t allowed = bytes->size();
    if (flow->bytes_until_cut) {
      allowed = std::min(allowed, static_cast<size_t>(*flow->bytes_until_cut));
    }
    const bool is_single = IsSingle(flow->direction);
    if (is_single) {
      if (HasUntaken(flow->to)) return;
      allowed = std::min<size_t>(allowed, 1);
    }
    const ssize_t length = send(flow->to, bytes->data(), allowed, MSG_NOSIGNAL);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length < 0) {
      Cut(link);
      return;
    }
    if (is_single) single_bytes_ += length;
    bytes->erase(0, static_cast<size_t>(length));
    if (bytes->empty()) flow->chunks.pop_front();
    if (!flow->bytes_until_cut) continue;
    *flow->bytes_until_cut -= length;
    if (*flow->bytes_until_cut == 0) CutAndCount(link);
  }
  const bool is_open_ended = link->refused && !link->to_server.ended;
  if (flow->ended && flow->chunks.empty() && !stalled_ && !is_open_ended) Cut(link);
}

void FaultProxy::CutAndCount(Link* link) {
  ++cuts_;
  Cut(link);
}

// The other ends see the cut at once; the descriptors are closed by the thread, which may be
// polling them.
void FaultProxy::Cut(Link* link) {
  link->dead = true;
  shutdown(link->to_server.from, SHUT_RDWR);
  if (!link->refused) shutdown(link->to_server.to, SHUT_RDWR);
}

void FaultProxy::Close(const Link& link) {
  close(link.to_server.from);
  if (!link.refused) close(link.to_server.to);
}

}  // namespace pgring
