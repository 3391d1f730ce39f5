#include "support/memory_connections.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/libpq_connection.h"
#include "postgres/socket_bytes.h"

namespace pgring {
namespace {

using namespace std::literals;

constexpr int kBacklog = 16;

// Says what a server says when a session begins.
class Greeter {
 public:
  Greeter() {
    char directory[] = "/tmp/pgring-benchmark-XXXXXX";
    PGRING_CHECK(mkdtemp(directory) != nullptr, "no directory for a socket");
    directory_ = directory;
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    PGRING_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                     listen(listener_, kBacklog) == 0,
                 "no socket for a benchmark");
  }
  ~Greeter() {
    for (const int session : sessions_) close(session);
    close(listener_);
    unlink(path().c_str());
    rmdir(directory_.c_str());
  }
  Greeter(const Greeter&) = delete;
  Greeter& operator=(const Greeter&) = delete;

  const std::string& directory() const { return directory_; }

  void Greet() {
    sessions_.push_back(accept(listener_, nullptr, nullptr));
    char request[1'024];
    PGRING_CHECK(read(sessions_.back(), request, sizeof(request)) > 0, "no request to begin");
    // AuthenticationOk, ReadyForQuery.
    constexpr std::string_view kWelcome = "R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"sv;
    PGRING_CHECK(write(sessions_.back(), kWelcome.data(), kWelcome.size()) ==
                     static_cast<ssize_t>(kWelcome.size()),
                 "the greeting was not taken");
  }

 private:
  std::string path() const { return absl::StrCat(directory_, "/.s.PGSQL.5432"); }

  std::string directory_;
  int listener_ = -1;
  std::vector<int> sessions_;
};

// Takes a request and gives the answer to SELECT 1.
class AnsweringBytes final : public SocketBytes {
 public:
  ssize_t Send(const char* /*bytes*/, size_t size) override {
    left_ = kAnswer;
    return static_cast<ssize_t>(size);
  }
  ssize_t Receive(char* buffer, size_t size) override {
    const size_t count = std::min(size, left_.size());
    if (count == 0) {
      errno = EAGAIN;
      return -1;
    }
    std::memcpy(buffer, left_.data(), count);
    left_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }

 private:
  // BindComplete, RowDescription of one int4, DataRow, CommandComplete, ReadyForQuery.
  static constexpr std::string_view kAnswer =
      "2\0\0\0\x04"
      "T\0\0\0\x21\0\x01?column?\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0"
      "D\0\0\0\x0b\0\x01\0\0\0\x01"
      "1"
      "C\0\0\0\x0dSELECT 1\0"
      "Z\0\0\0\x05I"sv;
  std::string_view left_;
};

void Connect(const ConnectionParameters& parameters, Greeter* greeter,
             LibpqConnection* connection) {
  absl::StatusOr<Want> want = connection->StartConnect(parameters);
  for (bool greeted = false; want.ok() && *want != Want::kDone;) {
    if (*want == Want::kRead && !std::exchange(greeted, true)) greeter->Greet();
    pollfd entry = {connection->socket(), PollEvents(*want), 0};
    poll(&entry, 1, -1);
    want = connection->ContinueConnect();
  }
  PGRING_CHECK(want.ok(), "libpq does not connect to a server in memory");
}

}  // namespace

struct MemoryConnections::Parts {
  explicit Parts(size_t count) : connections(count), bytes(count) {}

  Greeter greeter;
  const Statement statement = {"ping", "SELECT 1", 0, StatementProtocol::kPrepared, 0};
  std::vector<LibpqConnection> connections;
  std::vector<AnsweringBytes> bytes;
};

MemoryConnections::MemoryConnections(int count)
    : parts_(std::make_unique<Parts>(static_cast<size_t>(count))) {
  ConnectionParameters parameters;
  parameters.Set("host", parts_->greeter.directory());
  parameters.Set("port", "5432");
  parameters.Set("user", "benchmark");
  parameters.Set("sslmode", "disable");
  parameters.Set("gssencmode", "disable");
  for (size_t i = 0; i < parts_->connections.size(); ++i) {
    Connect(parameters, &parts_->greeter, &parts_->connections[i]);
    ServeSocket(parts_->connections[i].socket(), &parts_->bytes[i]);
  }
}

MemoryConnections::~MemoryConnections() {
  for (const LibpqConnection& connection : parts_->connections) {
    ServeSocket(connection.socket(), nullptr);
  }
}

void MemoryConnections::Send(int connection) {
  LibpqConnection& libpq = parts_->connections[static_cast<size_t>(connection)];
  const absl::Status sent = libpq.SendExecute(parts_->statement, Parameters());
  const absl::StatusOr<Want> want = libpq.Continue();
  PGRING_CHECK(sent.ok() && want.ok() && *want == Want::kRead, "a request was not taken");
}

void MemoryConnections::Receive(int connection) {
  LibpqConnection& libpq = parts_->connections[static_cast<size_t>(connection)];
  const absl::StatusOr<Want> want = libpq.Continue();
  PGRING_CHECK(want.ok() && *want == Want::kDone, "an answer is not whole");
  const absl::StatusOr<Result> result = libpq.TakeResult();
  PGRING_CHECK(result.ok() && result->rows() == 1, "an answer is another one");
}

}  // namespace pgring
