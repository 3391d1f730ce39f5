// What common rules of thumb for the number of connections would give on what was measured.
#ifndef PGRING_TUNE_FORMULAS_H_
#define PGRING_TUNE_FORMULAS_H_

#include <optional>
#include <vector>

#include "search/limit_search.h"
#include "tune/tune_result.h"

namespace pgring {

struct FormulaInput {
  std::optional<int> server_cores = {};
  // max_connections, less what is reserved and what others use.
  std::optional<int> allowed_connections = {};
  int answer = 0;
};

// "2 x cores + 1" (PostgreSQL's wiki: twice the cores and the effective spindles, of which there is
// one), "4 x cores", and all connections that the server allows. A throughput is interpolated
// between trials, never extrapolated beyond them.
std::vector<Formula> CompareFormulas(const FormulaInput& input, const std::vector<Trial>& trials);

}  // namespace pgring

#endif  // PGRING_TUNE_FORMULAS_H_
