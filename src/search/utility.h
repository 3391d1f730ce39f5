// What a limit of operations in flight is worth.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_SEARCH_UTILITY_H_
#define PGRING_SEARCH_UTILITY_H_

#include <optional>
#include <vector>

#include "search/trial.h"

namespace pgring {

// ln X - gain * ln N. With all N in flight all the time, response time is N / X, so that this
// weighs throughput against response time: 0 asks for the highest throughput, 1/2 for the most
// throughput per response time (Kleinrock's power). Its maximum is where the elasticity of
// throughput is `gain`: with 0.1, doubling the limit must win 7.2 %.
double Utility(double limit, double log_throughput, double gain);

// The limit with the highest utility, by LogThroughputs. Nothing where no trial succeeded.
std::optional<int> BestTriedLimit(const std::vector<Trial>& trials, double gain);

}  // namespace pgring

#endif  // PGRING_SEARCH_UTILITY_H_
