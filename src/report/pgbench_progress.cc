#include "report/pgbench_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr double kUsPerSecond = kMicrosecondsPerSecond;
constexpr double kMicrosecondsPerMillisecond = 1e3;

}  // namespace

void PgbenchProgressTotals::AddSuccess(int64_t latency_us, int64_t lag_us) {
  const auto latency = static_cast<double>(latency_us);
  ++succeeded;
  latency_sum_us += latency;
  latency_sum_of_squares_us2 += latency * latency;
  lag_sum_us += static_cast<double>(lag_us);
}

std::string PgbenchProgressLine(const PgbenchProgressFormat& format,
                                const PgbenchProgressTime& time, const PgbenchProgressTotals& now,
                                const PgbenchProgressTotals& last) {
  const auto succeeded = static_cast<double>(now.succeeded - last.succeeded);
  double latency_us = 0, deviation_us = 0, lag_us = 0;
  if (succeeded > 0) {
    latency_us = (now.latency_sum_us - last.latency_sum_us) / succeeded;
    const double mean_square =
        (now.latency_sum_of_squares_us2 - last.latency_sum_of_squares_us2) / succeeded;
    // Rounding may leave a little less than nothing.
    deviation_us = std::sqrt(std::max(0.0, mean_square - latency_us * latency_us));
    lag_us = (now.lag_sum_us - last.lag_sum_us) / succeeded;
  }
  const std::string moment =
      format.timestamp
          ? fmt::format("{:.3f}", static_cast<double>(time.epoch_us) / kUsPerSecond)
          : fmt::format("{:.1f}", static_cast<double>(time.since_start_us) / kUsPerSecond);
  std::string line =
      fmt::format("progress: {} s, {:.1f} tps, lat {:.3f} ms stddev {:.3f}, {} failed", moment,
                  succeeded * kUsPerSecond / static_cast<double>(time.since_last_us),
                  latency_us / kMicrosecondsPerMillisecond,
                  deviation_us / kMicrosecondsPerMillisecond, now.failed - last.failed);
  if (format.rate) {
    line += fmt::format(", lag {:.3f} ms", lag_us / kMicrosecondsPerMillisecond);
    if (format.latency_limit) line += fmt::format(", {} skipped", now.skipped - last.skipped);
  }
  if (format.max_tries) {
    line += fmt::format(", {} retried, {} retries", now.retried - last.retried,
                        now.retries - last.retries);
  }
  return line;
}

}  // namespace pgring
