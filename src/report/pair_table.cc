// The table of tables.h that sets every scenario against every other one.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "pgring/statistics/ratio.h"
#include "report/format.h"
#include "report/tables.h"

namespace pgring {
namespace {

// More scenarios have more pairs than anybody reads: they are compared with the first one.
constexpr size_t kMostScenariosInPairs = 8;

std::string PairWord(const RatioEstimate& ratio) {
  switch (JudgeRatio(ratio)) {
    case RatioVerdict::kFaster:
    case RatioVerdict::kSlower:
      return "faster";
    case RatioVerdict::kNoDifference:
      return "no difference beyond 2 %";
    case RatioVerdict::kNotDecided:
      break;
  }
  return ratio.interval.has_value()
             ? fmt::format("not decided by {} blocks", ratio.count)
             : fmt::format("not decided by {} block{}", ratio.count, ratio.count == 1 ? "" : "s");
}

}  // namespace

Table PairTable(const ComparisonResult& result, const Summary& summary) {
  // The throughputs of an open loop are the schedule's.
  if (result.runs.size() < 2 || result.plan.load.open_loop()) return {};
  TableColumn scenario = {{"scenario"}, {}, true, 0};
  TableColumn other = {{"against"}, {}, true, 0};
  TableColumn times = {
      {summary.measure == SpeedMeasure::kTime ? "times faster" : "times the throughput"},
      {},
      false,
      0};
  TableColumn word = {{"verdict"}, {}, true, 0};
  const size_t bases = result.runs.size() > kMostScenariosInPairs ? 1 : result.runs.size();
  for (size_t base = 0; base < bases; ++base) {
    for (size_t place = base + 1; place < result.runs.size(); ++place) {
      std::optional<RatioEstimate> ratio = SpeedBetween(result, place, base);
      // The faster one first, so that every row reads the same way.
      const bool turns = ratio.has_value() && ratio->ratio < 1;
      if (turns) ratio = SpeedBetween(result, base, place);
      scenario.cells.push_back(RunLabel(result.runs[turns ? base : place]));
      other.cells.push_back(RunLabel(result.runs[turns ? place : base]));
      times.cells.push_back(ratio.has_value() ? RatioText(*ratio) : std::string(kUnknownFigure));
      word.cells.push_back(ratio.has_value() ? PairWord(*ratio) : "not comparable");
    }
  }
  Table table;
  table.title = "Each against each";
  table.columns = {std::move(scenario), std::move(other), std::move(times), std::move(word)};
  table.notes.push_back(
      {"Ratios are taken block by block. Each interval stands for itself: among many pairs one may "
       "miss by chance.",
       false});
  return table;
}

}  // namespace pgring
