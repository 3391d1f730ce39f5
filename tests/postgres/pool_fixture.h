// A pool on a simulated server, and clients that use it on a schedule. Times are milliseconds since
// the test's start, on a fake clock: exact, whatever the machine does.
#ifndef PGRING_TESTS_POSTGRES_POOL_FIXTURE_H_
#define PGRING_TESTS_POSTGRES_POOL_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/frame_pool.h"
#include "pgring/coro/run.h"
#include "pgring/coro/task_group.h"
#include "pgring/postgres/pool.h"
#include "pgring/uring/simulated_backend.h"
#include "support/simulated_session.h"

namespace pgring {

inline constexpr int64_t kMs = kNanosecondsPerMillisecond;

// What one client saw; times in ms, -1 for what did not happen.
struct ClientRecord {
  int64_t leased_ms = -1;
  int64_t failed_ms = -1;
  absl::Status status;
  Session* session = nullptr;
};

class PoolTest : public ::testing::Test {
 protected:
  PoolTest()
      : reactor_(std::make_unique<SimulatedBackend>(SimulatedBackendOptions())),
        server_(&reactor_),
        stop_(reactor_.ready()),
        clients_(reactor_.ready()),
        start_ns_(reactor_.clock().NowNs()) {
    timeline_.Start(start_ns_, kExpectedSteps);
  }
  ~PoolTest() override {
    EXPECT_EQ(server_.open(), 0) << "a session was left open";
    EXPECT_EQ(GetFramePoolStats().live_frames, frames_before_);
  }

  void MakePool(const PoolOptions& options) {
    pool_ = std::make_unique<Pool>(&reactor_, options, &server_, &timeline_, &connect_ns_);
  }

  int64_t NowMs() const { return (reactor_.clock().NowNs() - start_ns_) / kMs; }
  int64_t AtMs(int64_t ms) const { return start_ns_ + ms * kMs; }

  // A client that comes at `arrives_ms`, leases a session and keeps it for `hold_ms`.
  ClientRecord* AddClient(int64_t arrives_ms, int64_t hold_ms) {
    ClientRecord* record = &records_.emplace_back();
    clients_.Spawn(Client(arrives_ms, hold_ms, false, record));
    return record;
  }
  // The same; the server ends the session before it is returned.
  ClientRecord* AddBreakingClient(int64_t arrives_ms, int64_t hold_ms) {
    ClientRecord* record = &records_.emplace_back();
    clients_.Spawn(Client(arrives_ms, hold_ms, true, record));
    return record;
  }
  // One may be leased from now on; one more each `step_ms` from then on, up to `full`.
  void Ramp(int full, int64_t step_ms) {
    pool_->SetLeaseLimit(1);
    for (int limit = 2; limit <= full; ++limit) {
      At((limit - 1) * step_ms, [this, limit] { pool_->SetLeaseLimit(limit); });
    }
  }
  void StopAt(int64_t ms) { clients_.Spawn(RequestStop(ms)); }
  // Calls `action` at `ms`.
  template <typename Action>
  void At(int64_t ms, Action action) {
    clients_.Spawn(CallAt(ms, std::move(action)));
  }

  // Runs every client to its end and closes the pool.
  void Run() { RunUntilDone(&reactor_, RunClients()); }

  // The same in two parts, for tests that use the pool more than once.
  Task<void> JoinClients() { co_await clients_.Join(); }
  Task<void> CloseAfterClients() {
    co_await clients_.Join();
    co_await pool_->Close();
  }

  // A lease that is to be had without waiting.
  Lease AcquireNow() {
    Task<absl::StatusOr<Lease>> acquire = pool_->Acquire(StopToken());
    Start(acquire);
    PGRING_CHECK(acquire.finished(), "there was no session to be had at once");
    absl::StatusOr<Lease> lease = acquire.handle().promise().TakeValue();
    return std::move(*lease);
  }
  // Runs `task` to its first wait.
  template <typename T>
  void Start(const Task<T>& task) {
    task.handle().promise().set_ready_queue(reactor_.ready());
    task.handle().resume();
  }

  // Takes a session a hundred times, for one millisecond each.
  Task<void> LeaseOften() {
    for (int i = 0; i < 100; ++i) {
      const StopToken stop(&stop_);
      auto lease = co_await pool_->Acquire(stop);
      const int64_t returned_ns = reactor_.clock().NowNs() + kMs;
      co_await SleepUntil(&reactor_, returned_ns);
    }
  }

  // "ms: open connecting in_use waiting" of every step.
  std::vector<std::string> Steps() const {
    std::vector<std::string> lines;
    for (const TimelineStep& step : timeline_.Steps(kExpectedSteps)) {
      lines.push_back(std::to_string(step.time_ns / kMs) + ":");
      for (const int32_t value : step.values) lines.back() += " " + std::to_string(value);
    }
    return lines;
  }

  std::vector<int64_t> ConnectTimesMs() const {
    std::vector<int64_t> times;
    for (const int64_t time_ns : server_.connect_times_ns()) {
      times.push_back((time_ns - start_ns_) / kMs);
    }
    return times;
  }

  static constexpr size_t kExpectedSteps = 1'000;

  const int64_t frames_before_ = GetFramePoolStats().live_frames;
  Reactor reactor_;
  SimulatedServer server_;
  ConnectionTimeline timeline_;
  Histogram connect_ns_;
  std::unique_ptr<Pool> pool_;
  StopSource stop_;
  TaskGroup clients_;
  std::deque<ClientRecord> records_;

 private:
  Task<void> Client(int64_t arrives_ms, int64_t hold_ms, bool breaks, ClientRecord* record) {
    const int64_t arrives_ns = AtMs(arrives_ms);
    co_await SleepUntil(&reactor_, arrives_ns);
    const StopToken stop(&stop_);
    auto lease = co_await pool_->Acquire(stop);
    if (!lease.ok()) {
      record->failed_ms = NowMs();
      record->status = lease.status();
      co_return;
    }
    record->leased_ms = NowMs();
    record->session = lease->session();
    const int64_t returned_ns = reactor_.clock().NowNs() + hold_ms * kMs;
    co_await SleepUntil(&reactor_, returned_ns);
    if (breaks) static_cast<SimulatedSession*>(record->session)->Break();
  }

  Task<void> RequestStop(int64_t ms) {
    const int64_t time_ns = AtMs(ms);
    co_await SleepUntil(&reactor_, time_ns);
    stop_.RequestStop();
  }

  template <typename Action>
  Task<void> CallAt(int64_t ms, Action action) {
    const int64_t time_ns = AtMs(ms);
    co_await SleepUntil(&reactor_, time_ns);
    action();
  }

  Task<void> RunClients() {
    co_await clients_.Join();
    timeline_.Finish(reactor_.clock().NowNs());
    co_await pool_->Close();
  }

  const int64_t start_ns_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_POSTGRES_POOL_FIXTURE_H_
