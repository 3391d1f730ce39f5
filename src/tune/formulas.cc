#include "tune/formulas.h"

#include <string>
#include <utility>

namespace pgring {

std::vector<Formula> CompareFormulas(const FormulaInput& input, const std::vector<Trial>& trials) {
  std::vector<Formula> formulas;
  const std::optional<double> best = InterpolateThroughput(trials, input.answer);
  const auto add = [&](std::string name, int limit) {
    Formula formula;
    formula.name = std::move(name);
    formula.limit = limit;
    const std::optional<double> throughput = InterpolateThroughput(trials, limit);
    if (throughput.has_value() && best.has_value() && *best > 0) {
      formula.throughput_ratio = *throughput / *best;
    }
    formula.p99_ns = InterpolateP99Ns(trials, limit);
    formulas.push_back(std::move(formula));
  };
  if (input.server_cores.has_value()) {
    add("2 x cores + 1", 2 * *input.server_cores + 1);
    add("4 x cores", 4 * *input.server_cores);
  }
  if (input.allowed_connections.has_value()) {
    add("all connections that the server allows", *input.allowed_connections);
  }
  return formulas;
}

}  // namespace pgring
