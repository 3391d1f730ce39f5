// What each step of an operation costs, in the order in which an operation takes them: admitted,
// leased, sent, received, recorded. Sending and receiving are libpq's and ours for one execution of
// a prepared SELECT 1 whose bytes go to and come from memory: what no client over libpq can avoid.
#include <benchmark/benchmark.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/coro/run.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/recorder.h"
#include "pgring/postgres/connection_parameters.h"
#include "pgring/postgres/libpq_connection.h"
#include "pgring/postgres/pool.h"
#include "pgring/uring/simulated_backend.h"
#include "postgres/socket_bytes.h"
#include "run/limiter.h"
#include "support/simulated_session.h"

namespace pgring {
namespace {

using namespace std::literals;

constexpr int kBatch = 1'000;
constexpr int kConnections = 32;

std::unique_ptr<Reactor> SimulatedReactor() {
  return std::make_unique<Reactor>(std::make_unique<SimulatedBackend>(SimulatedBackendOptions()));
}

Task<void> AdmitInTurn(Limiter* limiter) {
  for (int i = 0; i < kBatch; ++i) {
    Permit permit = co_await limiter->Admit();
    limiter->OnEnd(std::move(permit), OperationSample());
  }
}

// With room: the limiter is asked, and told of the end.
void BmAdmit(benchmark::State& state) {
  const auto reactor = SimulatedReactor();
  const auto limiter = MakeWindowLimiter({.reactor = reactor.get(), .limit = kConnections});
  for (auto _ : state) RunUntilDone(reactor.get(), AdmitInTurn(limiter.get()));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BmAdmit);

// The same for a client that goes on.
void BmGoOn(benchmark::State& state) {
  const auto reactor = SimulatedReactor();
  const auto limiter = MakeWindowLimiter({.reactor = reactor.get(), .limit = kConnections});
  Semaphore semaphore(reactor->ready(), 1);
  Semaphore::AcquireAwaiter awaiter = semaphore.Acquire();
  PGRING_CHECK(awaiter.await_ready(), "the only permit was taken");
  const Permit permit = awaiter.await_resume();
  for (auto _ : state) benchmark::DoNotOptimize(limiter->GoesOn(permit, OperationSample()));
}
BENCHMARK(BmGoOn);

Task<void> LeaseInTurn(Pool* pool) {
  for (int i = 0; i < kBatch; ++i) {
    auto lease = co_await pool->Acquire(StopToken());
    PGRING_CHECK(lease.ok(), "a pool of simulated sessions has one");
  }
}

Task<void> ClosePool(Pool* pool) { co_await pool->Close(); }

// A session that is idle is leased and comes back; both are in the timeline.
void BmLease(benchmark::State& state) {
  const auto reactor = SimulatedReactor();
  SimulatedServer server(reactor.get());
  ConnectionTimeline timeline;
  timeline.Start(reactor->clock().NowNs(), 4 * kBatch);
  Histogram connect_ns;
  PoolOptions options;
  options.size = kConnections;
  Pool pool(reactor.get(), options, &server, &timeline, &connect_ns);
  for (auto _ : state) {
    timeline.StartAgain(reactor->clock().NowNs());
    RunUntilDone(reactor.get(), LeaseInTurn(&pool));
  }
  RunUntilDone(reactor.get(), ClosePool(&pool));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BmLease);

// Scheduled, and a success of its four stamps.
void BmRecord(benchmark::State& state) {
  Recorder recorder(1);
  recorder.StartSeconds(0);
  int64_t now_ns = 0;
  for (auto _ : state) {
    recorder.Scheduled(0, now_ns);
    recorder.Succeeded(0, {now_ns, now_ns, now_ns, now_ns + 100'000});
    now_ns += 3'000;
  }
}
BENCHMARK(BmRecord);

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
                     listen(listener_, kConnections) == 0,
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

// As many connections as there are in flight, so that their memory is as cold as in a run.
class ServedConnections {
 public:
  ServedConnections() : connections_(kConnections), bytes_(kConnections) {
    ConnectionParameters parameters;
    parameters.Set("host", greeter_.directory());
    parameters.Set("port", "5432");
    parameters.Set("user", "benchmark");
    parameters.Set("sslmode", "disable");
    parameters.Set("gssencmode", "disable");
    for (size_t i = 0; i < connections_.size(); ++i) {
      Connect(parameters, &connections_[i]);
      ServeSocket(connections_[i].socket(), &bytes_[i]);
    }
  }
  ~ServedConnections() {
    for (LibpqConnection& connection : connections_) ServeSocket(connection.socket(), nullptr);
  }
  ServedConnections(const ServedConnections&) = delete;
  ServedConnections& operator=(const ServedConnections&) = delete;

  void SendAll() {
    for (LibpqConnection& connection : connections_) {
      absl::Status sent = connection.SendExecute(statement_, Parameters());
      const absl::StatusOr<Want> want = connection.Continue();
      PGRING_CHECK(sent.ok() && want.ok() && *want == Want::kRead, "a request was not taken");
    }
  }
  void ReceiveAll() {
    for (LibpqConnection& connection : connections_) {
      const absl::StatusOr<Want> want = connection.Continue();
      PGRING_CHECK(want.ok() && *want == Want::kDone, "an answer is not whole");
      const absl::StatusOr<Result> result = connection.TakeResult();
      PGRING_CHECK(result.ok() && result->rows() == 1, "an answer is another one");
    }
  }

 private:
  void Connect(const ConnectionParameters& parameters, LibpqConnection* connection) {
    absl::StatusOr<Want> want = connection->StartConnect(parameters);
    for (bool greeted = false; want.ok() && *want != Want::kDone;) {
      if (*want == Want::kRead && !std::exchange(greeted, true)) greeter_.Greet();
      pollfd entry = {connection->socket(), PollEvents(*want), 0};
      poll(&entry, 1, -1);
      want = connection->ContinueConnect();
    }
    PGRING_CHECK(want.ok(), "libpq does not connect to a benchmark's server");
  }

  Greeter greeter_;
  const Statement statement_ = {"ping", "SELECT 1", 0, StatementProtocol::kPrepared, 0};
  std::vector<LibpqConnection> connections_;
  std::vector<AnsweringBytes> bytes_;
};

void BmSend(benchmark::State& state) {
  ServedConnections connections;
  for (auto _ : state) {
    connections.SendAll();
    state.PauseTiming();
    connections.ReceiveAll();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kConnections);
}
BENCHMARK(BmSend);

void BmReceive(benchmark::State& state) {
  ServedConnections connections;
  for (auto _ : state) {
    state.PauseTiming();
    connections.SendAll();
    state.ResumeTiming();
    connections.ReceiveAll();
  }
  state.SetItemsProcessed(state.iterations() * kConnections);
}
BENCHMARK(BmReceive);

}  // namespace
}  // namespace pgring

BENCHMARK_MAIN();
