// When the operations of a closed loop are admitted, served and done: worked out with a queue of
// times, without an event loop, so that it can tell whether the event loop is right.
#ifndef PGRING_TESTS_RUN_SCHEDULE_MODEL_H_
#define PGRING_TESTS_RUN_SCHEDULE_MODEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <string_view>
#include <vector>

#include "pgring/metrics/recorder.h"
#include "run/plan.h"

namespace pgring {

// `connections` of them, each taking `connect_ns` when it is first used; service times above 0.
// Window and chunk have as many connections as their limit.
inline std::vector<OperationStamps> ModelSchedule(std::string_view limiter, int connections,
                                                  int64_t connect_ns,
                                                  const std::vector<int64_t>& service_ns) {
  std::vector<OperationStamps> stamps(service_ns.size());
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> free_ns;
  int64_t chunk_start_ns = 0;
  int64_t chunk_end_ns = 0;
  const auto count = static_cast<size_t>(connections);
  for (size_t i = 0; i < service_ns.size(); ++i) {
    OperationStamps& operation = stamps[i];
    int64_t has_connection_ns = 0;
    if (limiter == "chunk") {
      if (i % count == 0) chunk_start_ns = chunk_end_ns;
      has_connection_ns = chunk_start_ns;
    } else if (i >= count) {
      has_connection_ns = free_ns.top();
      free_ns.pop();
    }
    // An operation exists from when it is admitted.
    operation.admitted_ns = limiter == "unbounded" ? 0 : has_connection_ns;
    operation.scheduled_ns = operation.admitted_ns;
    operation.leased_ns = has_connection_ns + (i < count ? connect_ns : 0);
    operation.finished_ns = operation.leased_ns + service_ns[i];
    chunk_end_ns = std::max(chunk_end_ns, operation.finished_ns);
    free_ns.push(operation.finished_ns);
  }
  return stamps;
}

}  // namespace pgring

#endif  // PGRING_TESTS_RUN_SCHEDULE_MODEL_H_
