#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>

#include "pgring/postgres/connection_factory.h"
#include "pgring/uring/kernel_backend.h"
#include "run/reactor_runner.h"

namespace pgring {
namespace {

uint32_t PowerOfTwo(int64_t at_least, uint32_t lowest, uint32_t highest) {
  return std::bit_ceil(static_cast<uint32_t>(std::clamp<int64_t>(at_least, lowest, highest)));
}

KernelBackendOptions BackendOptionsFor(int64_t connections, IoMode io_mode) {
  KernelBackendOptions options;
  options.submission_entries =
      PowerOfTwo(connections * 4, options.submission_entries, kMaxSubmissionEntries);
  if (io_mode != IoMode::kReadiness) {
    // One for each answer that may come at once; a few for a large one.
    options.receive_buffers = PowerOfTwo(connections, 16, kMaxReceiveBuffers);
    options.may_leave_ring = io_mode == IoMode::kCompletion;
  }
  return options;
}

ConnectionUse UseOf(const ScenarioPlan& scenario) {
  if (scenario.type->shares_connections) return ConnectionUse::kShared;
  return scenario.pipeline ? ConnectionUse::kPipelined : ConnectionUse::kOneByOne;
}

}  // namespace

absl::Status RunOnNewReactor(const RunContext& context, Run* run) {
  const int64_t connections = context.scenario->ConnectionsNeeded(context.operation_count);
  absl::StatusOr<std::unique_ptr<Backend>> backend =
      CreateKernelBackend(BackendOptionsFor(connections, context.io));
  if (!backend.ok()) return backend.status();
  Reactor reactor(std::move(*backend));
  Canceller canceller;
  ConnectionFactory factory(&reactor, context.parameters, &context.workload->statements(),
                            &canceller, context.io, UseOf(*context.scenario));
  RunOnReactor(context, &reactor, &factory, run);
  return absl::OkStatus();
}

}  // namespace pgring
