// What kinds of scenario there are: rows of a table, each of them all that the rest of pgring needs
// to know of its kind. A new one is a row and, where none of the limiters will do, a file with its
// limiter.
#ifndef PGRING_RUN_SCENARIO_TYPE_H_
#define PGRING_RUN_SCENARIO_TYPE_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace pgring {

class Limiter;
struct LimiterOptions;
struct Run;
struct RunContext;

// What carries a scenario's operations out.
struct Driver {
  std::string_view name = {};  // in results
  bool uses_io_uring = false;
  // From the first connection to the end of the last operation. An error means that nothing ran.
  absl::Status (*run)(const RunContext& context, Run* run) = nullptr;
};

inline constexpr int kDefaultLimit = 40;
// Of scenarios whose operations share connections.
inline constexpr int kOperationsPerConnection = 8;

struct ScenarioType {
  std::string_view name = {};  // in --scenarios and in results
  const Driver* driver = nullptr;
  // What limits the operations in flight, in results.
  std::string_view limiter = {};
  // nullptr where each of the driver's threads has one operation in flight.
  std::unique_ptr<Limiter> (*make_limiter)(const LimiterOptions& options) = nullptr;

  // Operations in flight are limited, and each place of the limit is a client. Without a limit an
  // operation belongs to the client of the connection that it gets.
  bool has_limit = true;
  // Operations get connections from a pool with settings of its own; otherwise each client has one.
  bool has_pool = true;
  // Statements that need no answer leave with the next one, whether or not that is asked for.
  bool pipelines = false;
  // Several operations are in flight on one connection: see multiplexer.h. The pool is smaller than
  // the limit then.
  bool shares_connections = false;

  // How many connections a scenario has for so many operations in flight, unless that is said.
  int DefaultPool(int limit) const {
    return shares_connections ? (limit + kOperationsPerConnection - 1) / kOperationsPerConnection
                              : limit;
  }

  int default_limit = 0;  // where it has one
  int highest_limit = 0;  // the same as default_limit: it cannot be set
  int default_pool = 0;   // without a limit; see DefaultPool

  // What is said to settings that it does not have.
  std::string_view settings_hint = {};
};

// In the order of every listing: sync, threads, async, chunked, window, pipelined,
// multiplexed.
std::span<const ScenarioType> ScenarioTypes();
// nullptr: there is none of that name.
const ScenarioType* FindScenarioType(std::string_view name);
std::vector<std::string> ScenarioTypeNames();

inline constexpr int kDefaultAsyncPool = 100;
inline constexpr int kMaxLimit = 100'000;

}  // namespace pgring

#endif  // PGRING_RUN_SCENARIO_TYPE_H_
