// What our own parts of an operation cost: the loop, the coroutines, the semaphore, the stamps; at
// the end a whole operation of a whole run, over a simulated backend and a simulated server.
#include <benchmark/benchmark.h>
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "pgring/base/check.h"
#include "pgring/base/interrupt.h"
#include "pgring/coro/awaitables.h"
#include "pgring/coro/run.h"
#include "pgring/coro/semaphore.h"
#include "pgring/coro/task_group.h"
#include "pgring/metrics/histogram.h"
#include "pgring/uring/kernel_backend.h"
#include "pgring/uring/simulated_backend.h"
#include "run/reactor_runner.h"
#include "run/run.h"
#include "support/simulated_session.h"
#include "workload/script_workload.h"

namespace pgring {
namespace {

// Coroutines that do a benchmark's work in batches: setting up and joining costs nothing beside it.
constexpr int kBatch = 1'000;

std::unique_ptr<Reactor> SimulatedReactor() {
  return std::make_unique<Reactor>(std::make_unique<SimulatedBackend>(SimulatedBackendOptions()));
}

Task<void> Nothing() { co_return; }

Task<void> SpawnAndJoin(Reactor* reactor) {
  TaskGroup group(reactor->ready());
  for (int i = 0; i < kBatch; ++i) group.Spawn(Nothing());
  co_await group.Join();
}

void BmSpawnAndJoin(benchmark::State& state) {
  const auto reactor = SimulatedReactor();
  for (auto _ : state) RunUntilDone(reactor.get(), SpawnAndJoin(reactor.get()));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BmSpawnAndJoin);

Task<void> AwaitChildren() {
  for (int i = 0; i < kBatch; ++i) co_await Nothing();
}

void BmAwaitTask(benchmark::State& state) {
  const auto reactor = SimulatedReactor();
  for (auto _ : state) RunUntilDone(reactor.get(), AwaitChildren());
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BmAwaitTask);

Task<void> TakeTurns(Reactor* reactor, Semaphore* semaphore, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    const Permit permit = co_await semaphore->Acquire();
    co_await Yield(reactor);
  }
}

Task<void> HandOver(Reactor* reactor, Semaphore* semaphore) {
  constexpr int kWorkers = 10;
  TaskGroup group(reactor->ready());
  for (int i = 0; i < kWorkers; ++i) {
    group.Spawn(TakeTurns(reactor, semaphore, kBatch / kWorkers));
  }
  co_await group.Join();
}

// Ten coroutines share one permit: every release goes to a waiter. It includes a yield.
void BmSemaphoreHandOver(benchmark::State& state) {
  const auto reactor = SimulatedReactor();
  Semaphore semaphore(reactor->ready(), 1);
  for (auto _ : state) RunUntilDone(reactor.get(), HandOver(reactor.get(), &semaphore));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BmSemaphoreHandOver);

Task<void> SleepTimes(Reactor* reactor, int count) {
  for (int i = 0; i < count; ++i) {
    const int64_t deadline_ns = reactor->clock().NowNs() + 1 + i % 7;
    co_await SleepUntil(reactor, deadline_ns);
  }
}

Task<void> ManySleepers(Reactor* reactor) {
  constexpr int kSleepers = 100;
  TaskGroup group(reactor->ready());
  for (int i = 0; i < kSleepers; ++i) group.Spawn(SleepTimes(reactor, kBatch / kSleepers));
  co_await group.Join();
}

// A hundred timers in the queue. The clock is simulated, so that no real time passes.
void BmTimer(benchmark::State& state) {
  const auto reactor = SimulatedReactor();
  for (auto _ : state) RunUntilDone(reactor.get(), ManySleepers(reactor.get()));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BmTimer);

Task<void> PollTimes(Reactor* reactor, int descriptor) {
  for (int i = 0; i < kBatch; ++i) {
    RingOperation operation(reactor);
    const int32_t events = co_await PollDescriptor(&operation, descriptor, POLLOUT);
    PGRING_CHECK(events == POLLOUT, "a pipe that nobody fills is writable");
  }
}

// The real ring, one operation at a time: a turn with its io_uring_enter.
void BmKernelTurn(benchmark::State& state) {
  auto backend = CreateKernelBackend(KernelBackendOptions());
  if (!backend.ok()) {
    state.SkipWithError("the kernel refuses io_uring");
    return;
  }
  Reactor reactor(*std::move(backend));
  int descriptors[2];
  PGRING_CHECK(pipe(descriptors) == 0, "no pipe for a benchmark");
  for (auto _ : state) RunUntilDone(&reactor, PollTimes(&reactor, descriptors[1]));
  state.SetItemsProcessed(state.iterations() * kBatch);
  close(descriptors[0]);
  close(descriptors[1]);
}
BENCHMARK(BmKernelTurn);

void BmHistogramRecord(benchmark::State& state) {
  Histogram histogram;
  int64_t value_ns = 1'000;
  for (auto _ : state) {
    histogram.Record(value_ns);
    value_ns = (value_ns * 17 + 4711) % 10'000'000;
  }
}
BENCHMARK(BmHistogramRecord);

// `ping` in a window of 32, with everything that a real run does but kernel, libpq and server. A
// simulated session in the place of the real one.
void BmWholeOperation(benchmark::State& state) {
  ScriptOptions options;
  options.scripts.push_back({"ping", "SELECT 1;\n"});
  options.mode = QueryMode::kPrepared;
  const auto workload = ScriptWorkload::Make(options);
  PGRING_CHECK(workload.ok(), "the smallest script does not parse");
  const auto operations = (*workload)->MakeOperations();
  ScenarioPlan scenario;
  scenario.type = FindScenarioType("window");
  scenario.limit = 32;
  scenario.pool.size = 32;
  constexpr int64_t kOperations = 100'000;
  constexpr int64_t kServiceNs = 100'000;
  for (auto _ : state) {
    const auto reactor = SimulatedReactor();
    SimulatedServer server(reactor.get());
    // As all real ones, the answers take a moment: what never waits leaves the turn to others.
    server.set_service_ns(kServiceNs);
    Run measured(scenario, LoadPlan(), (*workload)->kinds());
    Interrupt interrupt;
    RunProgress progress;
    RunContext context;
    context.scenario = &scenario;
    context.workload = workload->get();
    context.operations = operations.get();
    context.operation_count = kOperations;
    context.interrupt = &interrupt;
    context.progress = &progress;
    RunOnReactor(context, reactor.get(), &server, &measured);
    PGRING_CHECK(measured.recorder.succeeded() == kOperations, "an operation was lost");
  }
  state.SetItemsProcessed(state.iterations() * kOperations);
}
BENCHMARK(BmWholeOperation);

}  // namespace
}  // namespace pgring

BENCHMARK_MAIN();
