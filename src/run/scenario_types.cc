#include "run/blocking_runner.h"
#include "run/limiter.h"
#include "run/reactor_runner.h"
#include "run/scenario_type.h"

namespace pgring {
namespace {

constexpr Driver kBlocking = {.name = "blocking", .run = RunBlocking};
constexpr Driver kReactor = {.name = "reactor", .uses_io_uring = true, .run = RunOnNewReactor};

constexpr ScenarioType kTable[] = {
    {.name = "sync",
     .driver = &kBlocking,
     .limiter = "one",
     .has_pool = false,
     .default_limit = 1,
     .highest_limit = 1,
     .settings_hint = "sync is one thread with one connection and has no settings; see threads"},
    {.name = "threads",
     .driver = &kBlocking,
     .limiter = "threads",
     .has_pool = false,
     .default_limit = kDefaultLimit,
     .highest_limit = kMaxBlockingThreads,
     .settings_hint = "threads has a connection for each thread: set only its limit"},
    {.name = "async",
     .driver = &kReactor,
     .limiter = "unbounded",
     .make_limiter = MakeUnboundedLimiter,
     .has_limit = false,
     .default_pool = kDefaultAsyncPool,
     .settings_hint = "async has no limit (that is window); it may have pool=N"},
    {.name = "chunked",
     .driver = &kReactor,
     .limiter = "chunk",
     .make_limiter = MakeChunkLimiter,
     .default_limit = kDefaultLimit,
     .highest_limit = kMaxLimit},
    {.name = "window",
     .driver = &kReactor,
     .limiter = "window",
     .make_limiter = MakeWindowLimiter,
     .default_limit = kDefaultLimit,
     .highest_limit = kMaxLimit},
    {.name = "pipelined",
     .driver = &kReactor,
     .limiter = "window",
     .make_limiter = MakeWindowLimiter,
     .pipelines = true,
     .default_limit = kDefaultLimit,
     .highest_limit = kMaxLimit},
    {.name = "multiplexed",
     .driver = &kReactor,
     .limiter = "window",
     .make_limiter = MakeWindowLimiter,
     .pipelines = true,
     .shares_connections = true,
     .default_limit = kDefaultLimit,
     .highest_limit = kMaxLimit,
     .settings_hint = "multiplexed has no overflow and no timeout: its operations share the "
                      "connections that pool=N says"},
};

}  // namespace

std::span<const ScenarioType> ScenarioTypes() { return kTable; }

const ScenarioType* FindScenarioType(std::string_view name) {
  for (const ScenarioType& type : kTable) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::vector<std::string> ScenarioTypeNames() {
  std::vector<std::string> names;
  for (const ScenarioType& type : kTable) names.emplace_back(type.name);
  return names;
}

}  // namespace pgring
