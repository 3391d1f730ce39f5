// A server that costs nothing: what a prepared SELECT 1 answers comes from memory, and everything
// else is passed on to a real server. With it as the target, the client is the limit.
//
//   null_server DIRECTORY REAL_SOCKET
//
// Listens on the Unix socket DIRECTORY/.s.PGSQL.5432 until a signal ends it, and has one session of
// the server at the socket REAL_SOCKET for each of its own. Says "ready" when it listens.
//
// A session that has parsed SELECT 1 and nothing else since learns one answer: the bytes of its
// next batch of Bind ... Sync, and those that the real server answers. The same bytes again are
// answered with the same bytes. What differs is passed on, and the answer is learnt anew. That is
// right for SELECT 1 outside of a transaction, whose answer never changes, and for nothing else.
//
// One thread, epoll. For benchmarks on one machine: an error of the socket ends the session, what
// cannot be set up ends the program with a line and the exit code 1.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace pgring {
namespace {

constexpr int kBacklog = 4'096;
constexpr size_t kReadBytes = 256 * 1'024;
constexpr int kEvents = 512;
// A message is a type, four bytes of length that count themselves, and its content.
constexpr size_t kTypeBytes = 1;
constexpr size_t kHeaderBytes = 5;

[[noreturn]] void Fail(const char* what) {
  fprintf(stderr, "null_server: %s: %s\n", what, strerror(errno));
  exit(1);
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    Fail(path.c_str());
  }
  path.copy(address.sun_path, path.size());
  return address;
}

int Listen(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  unlink(path.c_str());
  if (socket_fd < 0 ||
      bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(socket_fd, kBacklog) != 0) {
    Fail(path.c_str());
  }
  return socket_fd;
}

int Connect(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0 ||
      connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Fail(path.c_str());
  }
  return socket_fd;
}

// Blocking: a peer that does not read holds up all, which no client of a benchmark does.
bool SendAll(int socket_fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

// The bytes of the message at the beginning of `bytes`; 0: it is not whole.
size_t MessageBytes(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return 0;
  size_t length = 0;
  for (size_t i = kTypeBytes; i < kHeaderBytes; ++i) {
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return bytes.size() >= kTypeBytes + length ? kTypeBytes + length : 0;
}

// The types of the messages in turn ("BDES"); empty unless all are whole.
std::string TypesOf(std::string_view bytes) {
  std::string types;
  while (!bytes.empty()) {
    const size_t size = MessageBytes(bytes);
    if (size == 0) return "";
    types += bytes.front();
    bytes.remove_prefix(size);
  }
  return types;
}

class Session {
 public:
  Session(int client, int server) : client_(client), server_(server) {}
  ~Session() {
    close(client_);
    close(server_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  int client() const { return client_; }
  int server() const { return server_; }

  // False: the session has ended.
  bool OnBytes(bool from_client, std::string_view bytes) {
    return from_client ? OnRequest(bytes) : OnAnswer(bytes);
  }

 private:
  bool OnRequest(std::string_view bytes) {
    if (!answer_.empty() && !learns_) {
      if (waiting_.empty() && bytes == request_) return SendAll(client_, answer_);
      waiting_ += bytes;
      size_t known = 0;
      std::string answers;
      while (std::string_view(waiting_).substr(known).starts_with(request_)) {
        known += request_.size();
        answers += answer_;
      }
      waiting_.erase(0, known);
      if (!SendAll(client_, answers)) return false;
      if (std::string_view(request_).starts_with(waiting_)) return true;
      const std::string unknown = std::exchange(waiting_, "");
      return PassOn(unknown);
    }
    return PassOn(bytes);
  }

  bool PassOn(std::string_view bytes) {
    answer_.clear();
    learns_ = false;
    if (bytes.starts_with('P')) {
      is_select_1_ = bytes.find("SELECT 1", kHeaderBytes) != std::string_view::npos;
    } else if (is_select_1_ && bytes.starts_with('B')) {
      const std::string types = TypesOf(bytes);
      learns_ = types.find('S') == types.size() - 1;
      request_ = bytes;
    } else {
      is_select_1_ = is_select_1_ && bytes.starts_with('S');
    }
    return SendAll(server_, bytes);
  }

  bool OnAnswer(std::string_view bytes) {
    if (learns_) {
      answer_ += bytes;
      learns_ = !TypesOf(answer_).ends_with('Z');
    }
    return SendAll(client_, bytes);
  }

  const int client_;
  const int server_;
  bool is_select_1_ = false;  // the last that was parsed
  bool learns_ = false;       // the answer to request_ is not whole yet
  std::string request_;
  std::string answer_;
  std::string waiting_;  // the beginning of a request
};

class NullServer {
 public:
  NullServer(const std::string& directory, std::string real_socket)
      : listener_(Listen(directory + "/.s.PGSQL.5432")),
        real_socket_(std::move(real_socket)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) Fail("epoll_create1");
    Watch(listener_);
  }

  [[noreturn]] void Serve() {
    std::array<epoll_event, kEvents> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), kEvents, -1);
      if (count < 0 && errno != EINTR) Fail("epoll_wait");
      for (int i = 0; i < count; ++i) OnReadable(events[static_cast<size_t>(i)].data.fd);
    }
  }

 private:
  void Watch(int socket_fd) const {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = socket_fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_fd, &event) != 0) Fail("epoll_ctl");
  }

  void OnReadable(int socket_fd) {
    if (socket_fd == listener_) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      const auto session = std::make_shared<Session>(client, Connect(real_socket_));
      for (const int own : {session->client(), session->server()}) {
        sessions_[own] = session;
        Watch(own);
      }
      return;
    }
    const auto found = sessions_.find(socket_fd);
    if (found == sessions_.end()) return;  // ended by an event of the same batch
    Session& session = *found->second;
    const ssize_t read = recv(socket_fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (read < 0 && errno == EAGAIN) return;
    if (read > 0 && session.OnBytes(socket_fd == session.client(),
                                    {buffer_.data(), static_cast<size_t>(read)})) {
      return;
    }
    const int client = session.client();
    const int server = session.server();
    sessions_.erase(client);
    sessions_.erase(server);
  }

  const int listener_;
  const std::string real_socket_;
  const int epoll_;
  std::unordered_map<int, std::shared_ptr<Session>> sessions_;  // by both of its sockets
  std::array<char, kReadBytes> buffer_ = {};
};

}  // namespace
}  // namespace pgring

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: null_server DIRECTORY REAL_SOCKET\n");
    return 1;
  }
  const auto server = std::make_unique<pgring::NullServer>(argv[1], argv[2]);
  puts("ready");
  fflush(stdout);
  server->Serve();
}
