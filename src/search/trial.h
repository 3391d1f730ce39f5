// A trial: a short measured stretch at one limit of operations in flight; and what several of them
// say together, without any model of the system.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_SEARCH_TRIAL_H_
#define PGRING_SEARCH_TRIAL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace pgring {

struct Trial {
  int limit = 1;                // operations in flight, >= 1
  double throughput_per_s = 0;  // finite, >= 0
  int64_t completed = 0;        // operations, those that failed not included
  int64_t failed = 0;
  double seconds = 0;  // how long it was measured
  std::optional<int64_t> p99_ns = std::nullopt;
  // The client was busy, or late, in a way that leaves open what the server could have done.
  bool client_limited = false;
};

// No operation failed and some completed. A trial that did not succeed has no throughput to
// compare: it loses against every trial that did.
bool Succeeded(const Trial& trial);

// ln(throughput) of the trials that succeeded, by limit: the higher of one or two, because a pause
// of the machine makes a trial slower and nothing makes it faster; the median of three and more.
std::map<int, double> LogThroughputs(const std::vector<Trial>& trials);

// By how much, relatively, the throughput of trials at the same limit varies (as a standard
// deviation); from the differences of trials that follow each other at the same limit, so that a
// slow drift does not count, and by their median, so that rare pauses do not. Nothing for fewer
// than kFewestForNoise such differences.
struct Noise {
  double relative = 0;
  int differences = 0;
};
inline constexpr int kFewestForNoise = 3;
std::optional<Noise> TrialNoise(const std::vector<Trial>& trials);

// The throughput, per second, to be expected at a limit that need not have been tried: on straight
// lines, in logarithms of limit and throughput, between the medians of the trials. Nothing outside
// of the limits at which trials succeeded. limit >= 1.
std::optional<double> InterpolateThroughput(const std::vector<Trial>& trials, double limit);

// The same of the 99th percentile of the latency, in nanoseconds; of the trials that have one.
std::optional<double> InterpolateP99Ns(const std::vector<Trial>& trials, double limit);

}  // namespace pgring

#endif  // PGRING_SEARCH_TRIAL_H_
