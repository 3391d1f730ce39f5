// The table of tables.h that repeats have: medians of the blocks, and how sure they are.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/tables.h"

namespace pgring {
namespace {

std::string TailText(const std::optional<MedianEstimate>& estimate) {
  return estimate.has_value() ? DurationText(estimate->median) : std::string(kUnknownFigure);
}

std::string WordText(RatioVerdict verdict, int blocks) {
  switch (verdict) {
    case RatioVerdict::kNoDifference:
      return "no difference beyond 2 %";
    case RatioVerdict::kNotDecided:
      return fmt::format("not decided by {} block{}", blocks, blocks == 1 ? "" : "s");
    case RatioVerdict::kFaster:
    case RatioVerdict::kSlower:
      break;
  }
  return std::string(RatioVerdictName(verdict));
}

struct WhyBroken {
  std::string kind;    // empty: the block counts
  std::string detail;  // may differ from block to block
};

WhyBroken WhyBlockIsBroken(const Block& block) {
  if (block.is_whole()) return {};
  for (const Run& run : block.runs) {
    if (run.comparable()) continue;
    if (run.interrupted) return {RunLabel(run) + " was interrupted", ""};
    return {RunLabel(run) + " is not valid",
            run.verdict.reasons.empty() ? "" : ": " + run.verdict.reasons.front()};
  }
  return {fmt::format("{} of {} runs", block.runs.size(), block.planned), ""};
}

// Blocks that do not count for the same kind of reason, one after the other; with what the first of
// them says.
struct BrokenBlocks {
  size_t first = 0;  // from 1
  size_t last = 0;
  WhyBroken why;
  bool differ = false;  // in their details
};

std::string BrokenText(const BrokenBlocks& blocks) {
  const std::string why = blocks.why.kind + blocks.why.detail;
  if (blocks.first == blocks.last) return fmt::format("block {} ({})", blocks.first, why);
  return fmt::format("blocks {} to {} ({}{})", blocks.first, blocks.last,
                     blocks.differ ? "in the first, " : "", why);
}

void AddBlocksThatDoNotCount(const ComparisonResult& result, Table* table) {
  std::vector<BrokenBlocks> broken;
  size_t whole = 0;
  for (size_t number = 1; number <= result.blocks.size(); ++number) {
    WhyBroken why = WhyBlockIsBroken(result.blocks[number - 1]);
    if (why.kind.empty()) {
      ++whole;
    } else if (!broken.empty() && broken.back().last + 1 == number &&
               broken.back().why.kind == why.kind) {
      broken.back().last = number;
      broken.back().differ = broken.back().differ || broken.back().why.detail != why.detail;
    } else {
      broken.push_back({number, number, std::move(why)});
    }
  }
  if (broken.empty()) return;
  std::vector<std::string> texts;
  texts.reserve(broken.size());
  for (const BrokenBlocks& blocks : broken) texts.push_back(BrokenText(blocks));
  table->notes.push_back(
      {fmt::format("{} of {} blocks count{}; not {}", whole, result.blocks.size(),
                   whole == 1 ? "s" : "", absl::StrJoin(texts, ", ")),
       true});
}

void AddExplanations(const ComparisonResult& result, const Summary& summary, Table* table) {
  const int blocks = summary.scenarios.front().blocks;
  std::string text = "Each block is one run of every scenario, in an order drawn from the seed; ";
  if (blocks == 0) {
    text += "there are no medians without a whole block.";
  } else if (blocks < kFewestForInterval) {
    text += fmt::format("figures are medians of {} block{}. From {} blocks on there are intervals.",
                        blocks, blocks == 1 ? "" : "s", kFewestForInterval);
  } else {
    text += fmt::format(
        "figures are medians of {} blocks with their intervals of {:.1f} % (order statistics).",
        blocks, summary.scenarios.front().throughput_per_s.coverage * 100);
  }
  table->notes.push_back({std::move(text)});
  if (!summary.noise_floor.has_value() || result.plan.load.open_loop()) return;
  const NoiseFloor& floor = *summary.noise_floor;
  table->notes.push_back(
      {fmt::format("{} and {} are the same scenario: their ratio's interval, {:.2f}-{:.2f}, is "
                   "this comparison's noise floor.",
                   RunLabel(result.runs[floor.first]), RunLabel(result.runs[floor.second]),
                   floor.interval.low, floor.interval.high)});
}

TableColumn Column(std::vector<std::string> heading, int leave_out_order) {
  TableColumn column;
  column.heading = std::move(heading);
  column.leave_out_order = leave_out_order;
  return column;
}

}  // namespace

std::string RatioText(const RatioEstimate& ratio) {
  if (!ratio.interval.has_value()) return fmt::format("{:.2f}", ratio.ratio);
  return fmt::format("{:.2f} ({:.2f}-{:.2f})", ratio.ratio, ratio.interval->low,
                     ratio.interval->high);
}

std::string WithInterval(const MedianEstimate& estimate,
                         std::string (*text)(std::optional<double>)) {
  if (estimate.count == 0) return std::string(kUnknownFigure);
  std::string median = text(estimate.median);
  if (!estimate.interval.has_value()) return median;
  return fmt::format("{} ({}-{})", median, text(estimate.interval->low),
                     text(estimate.interval->high));
}

Table RepeatTable(const ComparisonResult& result, const Summary& summary) {
  if (!result.has_repeats() || result.runs.empty()) return {};
  Table table;
  TableColumn scenario = Column({"scenario"}, 0);
  TableColumn blocks = Column({"blocks"}, 3);
  TableColumn throughput = Column({"operations", "per s"}, 0);
  TableColumn tail =
      Column({std::string(result.plan.load.open_loop() ? "response" : "latency"), "p99"}, 2);
  const bool by_time = summary.measure == SpeedMeasure::kTime;
  // A longer name would widen the column for one word; the row without a ratio shows which it is.
  constexpr size_t kLongestName = 11;
  std::string base = RunLabel(result.runs.front());
  if (base.size() > kLongestName) base = by_time ? "first" : "the first";
  TableColumn ratio = by_time ? Column({"times faster", "than " + base}, 0)
                              : Column({"times the", "throughput", "of " + base}, 0);
  TableColumn word = Column({""}, 1);
  scenario.left = word.left = true;
  for (size_t place = 0; place < result.runs.size(); ++place) {
    const ScenarioSummary& one = summary.scenarios[place];
    scenario.cells.push_back(RunLabel(result.runs[place]));
    blocks.cells.push_back(CountText(one.blocks));
    throughput.cells.push_back(WithInterval(one.throughput_per_s, FigureText));
    tail.cells.push_back(TailText(one.p99_ns));
    const bool is_compared = place > 0 && one.speed.has_value();
    ratio.cells.push_back(is_compared ? RatioText(*one.speed) : std::string(kUnknownFigure));
    word.cells.push_back(is_compared ? WordText(one.verdict, one.blocks) : "");
  }
  table.columns = {std::move(scenario), std::move(blocks), std::move(throughput), std::move(tail)};
  // The throughputs of an open loop are the schedule's: their ratio says nothing.
  if (result.runs.size() > 1 && !result.plan.load.open_loop()) {
    table.columns.push_back(std::move(ratio));
    table.columns.push_back(std::move(word));
  }
  AddBlocksThatDoNotCount(result, &table);
  AddExplanations(result, summary, &table);
  return table;
}

}  // namespace pgring
