// How operations arrive and how long a run lasts: in a closed loop (the next one when there is room
// for it) or on a schedule; for a number of operations or for a time. Plain data.
#ifndef PGRING_RUN_LOAD_PLAN_H_
#define PGRING_RUN_LOAD_PLAN_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgring {

enum class ArrivalKind : uint8_t { kPoisson, kConstant };
std::string_view ArrivalKindName(ArrivalKind kind);  // "poisson", "constant"

// More than this share of failed operations and a run is no measurement of its scenario any more,
// unless the user says otherwise.
inline constexpr double kMaxFailedShare = 0.01;

struct LoadPlan {
  // The run ends when that much time has passed, whatever the number of operations. What has a
  // connection then is completed and counts; what still waits for one is skipped.
  std::optional<double> duration_s;
  // So many operations for each client of a scenario, as pgbench's -t; else their number is the
  // workload's.
  std::optional<int64_t> operations_per_client;
  // Every connection is opened before the clock starts; else each when it is first needed.
  bool connect_before = false;
  // A new connection for every operation, closed after it, as pgbench's -C.
  bool connect_each = false;
  // The run ends when an error aborts a client.
  bool exit_on_abort = false;
  // Operations before this are run and count nowhere.
  double warmup_s = 0;
  // What bounds a scenario (its limit; async's pool) grows from 1 to its full size within this
  // time.
  double ramp_s = 0;

  // Open loop: so many operations a second are scheduled, whether there is room for them or not.
  std::optional<double> rate_per_s;
  ArrivalKind arrivals = ArrivalKind::kPoisson;
  uint64_t arrival_seed = 0;

  // A success that takes longer is late; with a rate, an operation that could not be begun within
  // this is skipped.
  std::optional<double> latency_limit_ms;
  // Attempts at an operation that ends in a serialization failure or a deadlock; 0: as many as the
  // latency limit or the duration allow.
  int max_tries = 1;

  // What a valid run may have: this share of failed operations, a rate that was not kept.
  double max_failed_share = kMaxFailedShare;
  bool allow_unstable = false;

  bool open_loop() const { return rate_per_s.has_value(); }
};

}  // namespace pgring

#endif  // PGRING_RUN_LOAD_PLAN_H_
