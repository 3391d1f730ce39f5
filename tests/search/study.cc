#include "search/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace pgring {
namespace {

template <typename T>
T Quantile(std::vector<T> values, double share) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(share * static_cast<double>(values.size()));
  return values[std::min(rank, values.size() - 1)];
}

Losses LossesOf(const std::vector<double>& losses) {
  const double sum = std::accumulate(losses.begin(), losses.end(), 0.0);
  return {.mean = sum / static_cast<double>(losses.size()), .p90 = Quantile(losses, 0.9)};
}

}  // namespace

StudyRow StudySystem(const SimulatedSystem& system, const StudyOptions& options) {
  StudyRow row;
  row.system = system.name;
  row.best_limit = system.BestLimit(options.gain);
  double highest = 0;
  for (int limit = 1; limit <= system.max_limit; ++limit) {
    highest = std::max(highest, system.throughput(limit));
  }
  std::vector<int> limits;
  std::vector<int> trials;
  std::vector<double> end;
  std::vector<std::vector<double>> stopped(std::size(kStoppedAfter));
  for (int seed = 1; seed <= options.seeds; ++seed) {
    SimulatedTrials simulated(system, options.noise, static_cast<uint64_t>(seed));
    LimitSearch search({.gain = options.gain,
                        .max_limit = system.max_limit,
                        .seed = static_cast<uint64_t>(seed),
                        .most_trials = options.most_trials});
    const auto loss = [&] {
      return system.LossPercent(search.answer().limit.value_or(1), options.gain);
    };
    size_t stop = 0;
    while (!search.done()) {
      search.Record(simulated.Measure(search.NextLimit()));
      if (stop < stopped.size() &&
          static_cast<int>(search.trials().size()) == kStoppedAfter[stop]) {
        stopped[stop++].push_back(loss());
      }
    }
    for (; stop < stopped.size(); ++stop) stopped[stop].push_back(loss());
    const SearchAnswer answer = search.answer();
    limits.push_back(answer.limit.value_or(1));
    trials.push_back(answer.trials);
    end.push_back(loss());
    row.lowest_throughput =
        std::min(row.lowest_throughput, system.throughput(limits.back()) / highest);
    if (answer.capped) ++row.capped;
    if (!answer.converged) ++row.not_converged;
  }
  row.limit_p10 = Quantile(limits, 0.1);
  row.limit_p50 = Quantile(limits, 0.5);
  row.limit_p90 = Quantile(limits, 0.9);
  row.trials_p50 = Quantile(trials, 0.5);
  row.trials_p90 = Quantile(trials, 0.9);
  row.most_trials = *std::max_element(trials.begin(), trials.end());
  for (const std::vector<double>& losses : stopped) row.stopped.push_back(LossesOf(losses));
  row.end = LossesOf(end);
  return row;
}

std::string FormatStudy(const std::vector<StudyRow>& rows) {
  std::string text =
      "                     |      |  answer      |  trials      | loss of utility, mean/p90 %, "
      "stopped after\n"
      "system               | best | p10 p50 p90  | p50 p90 most |";
  for (const int stop : kStoppedAfter) text += fmt::format("{:>10}", stop);
  text += "   the end | lowest X/Xmax  capped  not converged\n";
  std::vector<Losses> sums(std::size(kStoppedAfter) + 1);
  for (const StudyRow& row : rows) {
    text += fmt::format("{:20} | {:4} | {:3} {:3} {:3}  | {:3} {:3} {:3}  |", row.system,
                        row.best_limit, row.limit_p10, row.limit_p50, row.limit_p90, row.trials_p50,
                        row.trials_p90, row.most_trials);
    std::vector<Losses> all = row.stopped;
    all.push_back(row.end);
    for (size_t column = 0; column < all.size(); ++column) {
      text += fmt::format(" {:4.1f}/{:4.1f}", all[column].mean, all[column].p90);
      sums[column].mean += all[column].mean;
      sums[column].p90 += all[column].p90;
    }
    text +=
        fmt::format(" | {:.3f} {:8} {:8}\n", row.lowest_throughput, row.capped, row.not_converged);
  }
  text += fmt::format("{:58}", "average");
  for (const Losses& sum : sums) {
    const auto count = static_cast<double>(rows.size());
    text += fmt::format(" {:4.2f}/{:4.2f}", sum.mean / count, sum.p90 / count);
  }
  return text + "\n";
}

}  // namespace pgring
