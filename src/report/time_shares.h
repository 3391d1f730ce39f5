// Where the time of an operation went, on average: waiting for the limiter, waiting for a
// connection, queued behind others on a shared connection, and service; this by what the server's
// sessions were seen to do, where they were sampled.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_TIME_SHARES_H_
#define PGRING_REPORT_TIME_SHARES_H_

#include <string>
#include <vector>

#include "run/comparison_result.h"

namespace pgring {

struct TimeShares {
  // In the order in which an operation goes through them; the same for all scenarios, so that the
  // place is the part. Parts that no scenario spent anything on are left out.
  std::vector<std::string> parts;
  // For each run of the result: ns per operation for each part; empty where none succeeded.
  std::vector<std::vector<double>> mean_ns;
  // Some service is split by the server's samples.
  bool is_sampled = false;
};

// What one class takes less than this share of the whole for in every scenario is not told apart.
inline constexpr double kLeastShareOfTime = 0.03;

TimeShares TimeSharesOf(const ComparisonResult& result);

// The shares as bars, each as wide as the next, with the mean time of an operation; and a table
// with the figures. Empty where no operation succeeded.
std::string HtmlTimeShares(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_TIME_SHARES_H_
