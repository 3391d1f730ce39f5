// The least that a client on io_uring can do for each request, to compare real ones with: a
// multishot receive into provided buffers for each connection, sends submitted with the wait, and
// no libpq, no limiter, no clock and no histogram.
//
//   uring_floor SOCKET CLIENTS SECONDS [libpq]
//
// With `libpq` it has libpq make each request and read each answer besides, as bytes in memory: the
// least that a client over libpq can do.
// Each of the connections to the server at the Unix socket SOCKET (as postgres, without a password)
// executes a prepared SELECT 1, and again as soon as its answer is there. Prints one line of JSON:
// `tps`, `done`, `user_us` and `system_us` of CPU time per operation, and `enters` (io_uring_enter
// calls per operation), all from after the first execution of each connection. What fails ends it
// with a line and the exit code 1.
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/memory_connections.h"

namespace pgring {
namespace {

constexpr unsigned kSubmissions = 1'024;
constexpr unsigned kCompletions = 8'192;
constexpr int kBuffers = 1'024;
constexpr unsigned kBufferBytes = 1'024;
constexpr int kBufferGroup = 1;
constexpr size_t kPageBytes = 4'096;
constexpr uint64_t kSend = uint64_t{1} << 20;  // user_data of sends; receives have the connection's
constexpr int kMostClients = 1'000;
constexpr uint32_t kProtocolVersion = 3 << 16;

[[noreturn]] void Fail(const char* what, int error) {
  fprintf(stderr, "uring_floor: %s: %s\n", what, strerror(error));
  exit(1);
}

std::string Number(uint32_t value) {
  const uint32_t network = htonl(value);
  return std::string(reinterpret_cast<const char*>(&network), sizeof(network));
}

std::string Message(std::string_view type, std::string_view content) {
  std::string message(type);
  message += Number(static_cast<uint32_t>(content.size() + sizeof(uint32_t)));
  return message.append(content);
}

// With its zeros.
template <size_t size>
std::string_view Bytes(const char (&text)[size]) {
  return {text, size - 1};
}

// The whole answer has come with these bytes: they end with ReadyForQuery.
bool EndsAnswer(const char* bytes, size_t size) {
  constexpr size_t kReadyForQueryBytes = 6;
  return size >= kReadyForQueryBytes && bytes[size - kReadyForQueryBytes] == 'Z';
}

void Ask(int socket_fd, const std::string& request) {
  if (send(socket_fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) Fail("send", errno);
  std::array<char, 16'384> buffer;
  for (;;) {
    const ssize_t got = recv(socket_fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) Fail("recv", got < 0 ? errno : ECONNRESET);
    if (EndsAnswer(buffer.data(), static_cast<size_t>(got))) return;
  }
}

int Connect(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) Fail(path.c_str(), ENAMETOOLONG);
  path.copy(address.sun_path, path.size());
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0 ||
      connect(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Fail(path.c_str(), errno);
  }
  Ask(socket_fd, Message("", Number(kProtocolVersion) +
                                 std::string(Bytes("user\0postgres\0database\0postgres\0\0"))));
  Ask(socket_fd, Message("P", Bytes("p\0SELECT 1\0\0\0")) + Message("S", ""));
  return socket_fd;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double NowS() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

class Floor {
 public:
  Floor(const std::string& path, int clients, bool over_libpq) {
    if (over_libpq) {
      libpq_ = std::make_unique<MemoryConnections>(clients);
      for (int i = 0; i < clients; ++i) libpq_->Send(i);
    }
    for (int i = 0; i < clients; ++i) {
      sockets_.push_back(Connect(path));
      Ask(sockets_.back(), request_);
    }
    io_uring_params parameters = {};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
    parameters.cq_entries = kCompletions;
    Check("io_uring_setup", io_uring_queue_init_params(kSubmissions, &ring_, &parameters));
    Check("registering the sockets",
          io_uring_register_files(&ring_, sockets_.data(), static_cast<unsigned>(clients)));
    void* memory = nullptr;
    if (posix_memalign(&memory, kPageBytes, kBuffers * sizeof(io_uring_buf)) != 0) {
      Fail("memory for the buffers", ENOMEM);
    }
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_reg registration = {};
    registration.ring_addr = reinterpret_cast<uint64_t>(memory);
    registration.ring_entries = kBuffers;
    registration.bgid = kBufferGroup;
    Check("providing buffers", io_uring_register_buf_ring(&ring_, &registration, 0));
    io_uring_buf_ring_init(buffer_ring_);
    for (int i = 0; i < kBuffers; ++i) GiveBack(i, i);
    io_uring_buf_ring_advance(buffer_ring_, kBuffers);
  }

  void Run(double seconds) {
    for (int i = 0; i < static_cast<int>(sockets_.size()); ++i) Receive(i);
    for (int i = 0; i < static_cast<int>(sockets_.size()); ++i) Send(i);
    rusage before = {};
    getrusage(RUSAGE_SELF, &before);
    const double began_s = NowS();
    while (NowS() < began_s + seconds) Turn();
    const double took_s = NowS() - began_s;
    rusage after = {};
    getrusage(RUSAGE_SELF, &after);
    const double done = static_cast<double>(done_);
    printf(
        "{\"tps\": %.0f, \"done\": %lld, \"user_us\": %.3f, \"system_us\": %.3f, "
        "\"enters\": %.3f}\n",
        done / took_s, static_cast<long long>(done_),
        (Seconds(after.ru_utime) - Seconds(before.ru_utime)) * 1e6 / done,
        (Seconds(after.ru_stime) - Seconds(before.ru_stime)) * 1e6 / done,
        static_cast<double>(enters_) / done);
  }

 private:
  static void Check(const char* what, int result) {
    if (result < 0) Fail(what, -result);
  }

  io_uring_sqe* NextSubmission() {
    io_uring_sqe* submission = io_uring_get_sqe(&ring_);
    if (submission != nullptr) return submission;
    ++enters_;
    Check("io_uring_enter", io_uring_submit(&ring_));
    return io_uring_get_sqe(&ring_);
  }

  void Receive(int connection) {
    io_uring_sqe* const submission = NextSubmission();
    io_uring_prep_recv_multishot(submission, connection, nullptr, 0, 0);
    submission->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    submission->buf_group = kBufferGroup;
    io_uring_sqe_set_data64(submission, static_cast<uint64_t>(connection));
  }

  void Send(int connection) {
    io_uring_sqe* const submission = NextSubmission();
    io_uring_prep_send(submission, connection, request_.data(), request_.size(), MSG_NOSIGNAL);
    submission->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(submission, kSend);
  }

  void GiveBack(int buffer, int place) {
    io_uring_buf_ring_add(buffer_ring_, Buffer(buffer), kBufferBytes,
                          static_cast<unsigned short>(buffer), io_uring_buf_ring_mask(kBuffers),
                          place);
  }

  char* Buffer(int buffer) { return &buffers_[static_cast<size_t>(buffer) * kBufferBytes]; }

  void Turn() {
    ++enters_;
    Check("io_uring_enter", io_uring_submit_and_wait(&ring_, 1));
    unsigned head = 0;
    unsigned count = 0;
    int given_back = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&ring_, head, completion) {
      ++count;
      if (completion->user_data == kSend) {
        Check("send", completion->res);
        continue;
      }
      given_back += OnReceived(*completion, given_back) ? 1 : 0;
    }
    io_uring_buf_ring_advance(buffer_ring_, given_back);
    io_uring_cq_advance(&ring_, count);
  }

  // Whether it gave a buffer back.
  bool OnReceived(const io_uring_cqe& completion, int place) {
    const int connection = static_cast<int>(completion.user_data);
    const bool has_buffer = completion.res > 0;
    if (has_buffer) {
      const int buffer = static_cast<int>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
      const bool ended = EndsAnswer(Buffer(buffer), static_cast<size_t>(completion.res));
      GiveBack(buffer, place);
      if (ended) {
        ++done_;
        if (libpq_ != nullptr) {
          libpq_->Receive(connection);
          libpq_->Send(connection);
        }
        Send(connection);
      }
    } else if (completion.res == 0) {
      Fail("receive", ECONNRESET);
    } else if (completion.res != -ENOBUFS) {
      Fail("receive", -completion.res);
    }
    if ((completion.flags & IORING_CQE_F_MORE) == 0) Receive(connection);
    return has_buffer;
  }

  const std::string request_ = Message("B", Bytes("\0p\0\0\0\0\0\0\1\0\0")) +
                               Message("D", Bytes("P\0")) + Message("E", Bytes("\0\0\0\0\0")) +
                               Message("S", "");
  std::unique_ptr<MemoryConnections> libpq_;
  std::vector<int> sockets_;
  io_uring ring_ = {};
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::vector<char> buffers_ = std::vector<char>(size_t{kBuffers} * kBufferBytes);
  int64_t done_ = 0;
  int64_t enters_ = 0;
};

}  // namespace
}  // namespace pgring

int main(int argc, char** argv) {
  const bool over_libpq = argc == 5 && std::string_view(argv[4]) == "libpq";
  const bool is_known = argc == 4 || over_libpq;
  const int clients = is_known ? atoi(argv[2]) : 0;
  const double seconds = is_known ? atof(argv[3]) : 0;
  if (clients < 1 || clients > pgring::kMostClients || seconds <= 0) {
    fprintf(stderr, "usage: uring_floor SOCKET CLIENTS SECONDS [libpq]\n");
    return 1;
  }
  const auto floor = std::make_unique<pgring::Floor>(argv[1], clients, over_libpq);
  floor->Run(seconds);
  return 0;
}
