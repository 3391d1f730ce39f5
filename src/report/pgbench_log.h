// pgbench's transaction log (-l), byte for byte as PostgreSQL 15's pgbench writes it, so that tools
// that read it read ours: a line per transaction, or with --aggregate-interval a line per interval.
// Format: PostgreSQL 15 documentation, pgbench, "Per-Transaction Logging" and "Aggregated Logging".
//
// Pure functions and one accumulator; the caller decides what is sampled (--sampling-rate: neither
// kind of log is to see the other transactions) and where lines go. Nothing here allocates.
#ifndef PGRING_REPORT_PGBENCH_LOG_H_
#define PGRING_REPORT_PGBENCH_LOG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace pgring {

inline constexpr char kDefaultPgbenchLogPrefix[] = "pgbench_log";

enum class PgbenchOutcome : uint8_t {
  kSucceeded,
  kSkipped,               // never sent: already later than --latency-limit under --rate
  kSerializationFailure,  // SQLSTATE 40001 in the last try
  kDeadlockFailure,       // SQLSTATE 40P01
  kOtherFailure,          // logged since PostgreSQL 19; before, such an error ends the client
};

struct PgbenchTransaction {
  int client = 0;
  int64_t number = 0;  // of the client's transactions, from 1; skipped and failed ones count
  int script = 0;      // in the order of -f, -b; from 0
  PgbenchOutcome outcome = PgbenchOutcome::kSucceeded;
  int64_t end_epoch_us = 0;  // since 1970
  int64_t latency_us = 0;    // since the scheduled start under --rate; of kSucceeded alone
  int64_t lag_us = 0;        // from the scheduled start to the real one; of kSucceeded alone
  int64_t retries = 0;
};

// Which options are in force; they decide what the columns show, in aggregates not how many there
// are.
struct PgbenchLogFormat {
  bool rate = false;           // --rate: lag
  bool latency_limit = false;  // --latency-limit: skipped, in aggregates
  bool max_tries = false;      // --max-tries other than 1: retries
  bool failures_detailed = false;
};

// Long enough for any line of either kind.
using PgbenchLogLine = std::array<char, 1024>;

// "client number time script epoch_s epoch_us[ lag][ retries]\n", in `line`. The time is in µs, or
// a word for what did not succeed.
std::string_view FormatPgbenchTransaction(const PgbenchLogFormat& format,
                                          const PgbenchTransaction& transaction,
                                          PgbenchLogLine* line);

// "PREFIX.PID", for threads after the first (thread 0) "PREFIX.PID.THREAD".
std::string PgbenchLogFileName(std::string_view prefix, int64_t process_id, int thread);

// Where complete lines go; the text is valid during the call.
using PgbenchLineSink = absl::FunctionRef<absl::Status(std::string_view)>;

// --aggregate-interval: sums transactions up and writes a line for every interval that has ended,
// also for those in which nothing did. Intervals are counted from the start of the run, and the
// last one is not written unless it is complete: both as in pgbench.
class PgbenchAggregator {
 public:
  // `interval_s` is at least 1.
  PgbenchAggregator(const PgbenchLogFormat& format, int64_t start_epoch_us, int interval_s);

  // Transactions come in the order of their ends; one that ends before the current interval, as
  // when the clock was set back, counts in it. Fails when the sink does; what the sink got is not
  // written again then, and the transaction is not counted.
  absl::Status Add(const PgbenchTransaction& transaction, PgbenchLineSink sink);
  // Writes the intervals that have ended by then. Call it with the time of the end of the run.
  absl::Status AdvanceTo(int64_t epoch_us, PgbenchLineSink sink);

 private:
  // In double, because the squares of a long run do not fit into 64 bits; so does pgbench.
  struct Sums {
    int64_t count = 0;
    double sum = 0;
    double sum_of_squares = 0;
    double minimum = 0;
    double maximum = 0;

    void Add(int64_t value);
  };
  struct Interval {
    Sums latency_us;  // its count is that of the successes
    Sums lag_us;
    int64_t skipped = 0;
    int64_t retried = 0;
    int64_t retries = 0;
    int64_t serialization_failures = 0;
    int64_t deadlock_failures = 0;
  };

  std::string_view FormatInterval(PgbenchLogLine* line) const;

  const PgbenchLogFormat format_;
  const int64_t interval_us_;
  int64_t start_epoch_us_;
  Interval current_;
};

}  // namespace pgring

#endif  // PGRING_REPORT_PGBENCH_LOG_H_
