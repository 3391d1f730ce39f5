// What each step of an operation costs, in the order in which an operation takes them: admitted,
// leased, sent, received, recorded. Sending and receiving are libpq's and ours for one execution of
// a prepared SELECT 1 whose bytes go to and come from memory: what no client over libpq can avoid.
#include <benchmark/benchmark.h>

#include <memory>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/coro/run.h"
#include "pgring/metrics/connection_timeline.h"
#include "pgring/metrics/recorder.h"
#include "pgring/postgres/pool.h"
#include "pgring/uring/simulated_backend.h"
#include "run/limiter.h"
#include "support/memory_connections.h"
#include "support/simulated_session.h"

namespace pgring {
namespace {

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

// As many connections as there are in flight, so that their memory is as cold as in a run.
void BmSend(benchmark::State& state) {
  MemoryConnections connections(kConnections);
  for (auto _ : state) {
    for (int i = 0; i < kConnections; ++i) connections.Send(i);
    state.PauseTiming();
    for (int i = 0; i < kConnections; ++i) connections.Receive(i);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kConnections);
}
BENCHMARK(BmSend);

void BmReceive(benchmark::State& state) {
  MemoryConnections connections(kConnections);
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < kConnections; ++i) connections.Send(i);
    state.ResumeTiming();
    for (int i = 0; i < kConnections; ++i) connections.Receive(i);
  }
  state.SetItemsProcessed(state.iterations() * kConnections);
}
BENCHMARK(BmReceive);

}  // namespace
}  // namespace pgring

BENCHMARK_MAIN();
