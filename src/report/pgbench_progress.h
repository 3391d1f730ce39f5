// The line that pgbench prints on standard error every -P seconds, as PostgreSQL 15's prints it.
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_PGBENCH_PROGRESS_H_
#define PGRING_REPORT_PGBENCH_PROGRESS_H_

#include <cstdint>
#include <string>

namespace pgring {

// Since the start of the run. Times are sums over successful transactions, in µs and µs².
struct PgbenchProgressTotals {
  int64_t succeeded = 0;
  int64_t failed = 0;
  int64_t skipped = 0;
  int64_t retried = 0;  // transactions that were tried more than once
  int64_t retries = 0;
  double latency_sum_us = 0;
  double latency_sum_of_squares_us2 = 0;
  double lag_sum_us = 0;

  void AddSuccess(int64_t latency_us, int64_t lag_us);
};

// Which options are in force; they decide which parts the line has.
struct PgbenchProgressFormat {
  bool rate = false;           // --rate: lag
  bool latency_limit = false;  // --latency-limit: skipped, when `rate` holds too
  bool max_tries = false;      // --max-tries other than 1: retried, retries
  bool timestamp = false;      // --progress-timestamp
};

struct PgbenchProgressTime {
  int64_t since_start_us = 0;
  int64_t since_last_us = 0;  // since the line before, or the start; positive
  int64_t epoch_us = 0;       // shown with `timestamp` in place of the first
};

// "progress: 5.0 s, 1234.5 tps, lat 3.210 ms stddev 0.456, 0 failed[, lag 1.000 ms[, 2 skipped]]
// [, 3 retried, 4 retries]" of what is in `now` and was not in `last`; without a line end.
std::string PgbenchProgressLine(const PgbenchProgressFormat& format,
                                const PgbenchProgressTime& time, const PgbenchProgressTotals& now,
                                const PgbenchProgressTotals& last);

}  // namespace pgring

#endif  // PGRING_REPORT_PGBENCH_PROGRESS_H_
