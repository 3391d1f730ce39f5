// Static probes (USDT) for perf, bpftrace and SystemTap at what happens to an operation. Until a
// tool enables one, it is a no-op instruction. Without <sys/sdt.h> (Debian: systemtap-sdt-dev)
// there are none, and all of this does nothing.
//
//   bpftrace -e 'usdt:build/pgring:pgring:op_done { @us = hist(arg2 / 1000); }'
//
// Times are nanoseconds of the steady clock (CLOCK_MONOTONIC). `operation` is its number in the
// list, 2^62 and up during the warm-up; `client` is -1 where operations have none.
#ifndef PGRING_BASE_TRACE_POINTS_H_
#define PGRING_BASE_TRACE_POINTS_H_

#include <cstdint>

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define PGRING_HAS_TRACE_POINTS 1
#define PGRING_TRACE2(name, a, b) DTRACE_PROBE2(pgring, name, a, b)
#define PGRING_TRACE3(name, a, b, c) DTRACE_PROBE3(pgring, name, a, b, c)
#define PGRING_TRACE4(name, a, b, c, d) DTRACE_PROBE4(pgring, name, a, b, c, d)
#else
#define PGRING_HAS_TRACE_POINTS 0
#define PGRING_TRACE2(name, a, b)
#define PGRING_TRACE3(name, a, b, c)
#define PGRING_TRACE4(name, a, b, c, d)
#endif

namespace pgring {

inline constexpr bool kHasTracePoints = PGRING_HAS_TRACE_POINTS != 0;

// A run's measured phase begins, of the scenario with that label; the limit is 0 where it has none.
inline void TraceRunBegin([[maybe_unused]] const char* label, [[maybe_unused]] int64_t limit) {
  PGRING_TRACE2(run_begin, label, limit);
}
// A run has ended.
inline void TraceRunEnd([[maybe_unused]] const char* label, [[maybe_unused]] int64_t succeeded,
                        [[maybe_unused]] int64_t failed) {
  PGRING_TRACE3(run_end, label, succeeded, failed);
}
// The limiter has let it start.
inline void TraceOperationAdmitted([[maybe_unused]] int64_t operation,
                                   [[maybe_unused]] int64_t due_ns,
                                   [[maybe_unused]] int64_t admitted_ns) {
  PGRING_TRACE3(op_admitted, operation, due_ns, admitted_ns);
}
// It has a connection.
inline void TraceOperationLeased([[maybe_unused]] int64_t operation, [[maybe_unused]] int client,
                                 [[maybe_unused]] int64_t leased_ns) {
  PGRING_TRACE3(op_leased, operation, client, leased_ns);
}
// One of its statements has been given to libpq, on the connection to that process of the server.
// The texts are its name, empty where it has none, and its SQL.
inline void TraceOperationSent([[maybe_unused]] int server_process,
                               [[maybe_unused]] const char* statement_name,
                               [[maybe_unused]] const char* sql) {
  PGRING_TRACE3(op_sent, server_process, statement_name, sql);
}
// It has ended, after that time since it was due; `succeeded` is 0 or 1.
inline void TraceOperationDone([[maybe_unused]] int64_t operation, [[maybe_unused]] int client,
                               [[maybe_unused]] int64_t response_ns,
                               [[maybe_unused]] int succeeded) {
  PGRING_TRACE4(op_done, operation, client, response_ns, succeeded);
}
// How many operations may be in flight from now on.
inline void TraceLimitChanged([[maybe_unused]] int64_t before, [[maybe_unused]] int64_t limit) {
  PGRING_TRACE2(limit_changed, before, limit);
}

}  // namespace pgring

#undef PGRING_HAS_TRACE_POINTS
#undef PGRING_TRACE2
#undef PGRING_TRACE3
#undef PGRING_TRACE4

#endif  // PGRING_BASE_TRACE_POINTS_H_
