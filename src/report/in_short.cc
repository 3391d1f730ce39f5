#include "report/in_short.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/tables.h"
#include "report/what_limited.h"

namespace pgring {
namespace {

// Without repeats, what comes within this share of the fastest may as well be noise.
constexpr double kWithinNoise = 0.05;

class Writer {
 public:
  Writer(const ComparisonResult& result, const Summary& summary)
      : result_(result), summary_(summary), open_loop_(result.plan.load.open_loop()) {
    for (size_t place = 0; place < result.runs.size(); ++place) {
      if (result.runs[place].comparable() && summary.scenarios[place].blocks > 0) {
        comparable_.push_back(place);
      }
    }
  }

  std::vector<std::string> Write() {
    if (result_.runs.empty()) return {};
    AddUnusable();
    if (comparable_.empty()) return std::move(sentences_);
    if (open_loop_ && AnyIsUnstable()) {
      sentences_.emplace_back(
          "The schedule was not kept, so the response times say how long the queue grew, and these "
          "figures do not say which scenario is best; ask for a lower rate.");
      return std::move(sentences_);
    }
    if (open_loop_ && comparable_.size() > 1 && !AllTailsAreKnown()) {
      sentences_.emplace_back(
          "With fewer than 100 operations a run does not show how long the slowest take, so these "
          "figures do not say which scenario is best.");
      return std::move(sentences_);
    }
    best_ = Best();
    rivals_ = FindRivals();
    AddBest();
    AddCertainty();
    AddLimit();
    AddNext();
    return std::move(sentences_);
  }

 private:
  // Those that cannot be told from the best one.
  struct Rivals {
    std::vector<std::string> undecided;  // block by block it is not shown to be faster
    std::vector<std::string> equal;      // shown not to differ by more than the margin
    std::vector<std::string> near;       // without enough blocks: what comes near it
  };

  const Run& run(size_t place) const { return result_.runs[place]; }
  const Run& best() const { return run(best_); }
  std::string Label(size_t place) const { return RunLabel(run(place)); }

  void AddUnusable() {
    const auto broken = std::count_if(result_.blocks.begin(), result_.blocks.end(),
                                      [](const Block& block) { return !block.is_whole(); });
    if (broken > 0 && !comparable_.empty()) {
      sentences_.push_back(
          fmt::format("{} of {} blocks {} not count, because a run is missing or "
                      "not valid.",
                      broken, result_.blocks.size(), broken == 1 ? "does" : "do"));
    }
    const size_t unusable = result_.plan.scenarios.size() - comparable_.size();
    if (unusable == 0) return;
    const size_t all = result_.plan.scenarios.size();
    if (comparable_.empty()) {
      const char* what = all == 1 ? "The run is not valid" : "No run is valid";
      if (result_.has_repeats()) {
        what = all == 1 ? "No block has a valid run" : "No block has a valid run of every scenario";
      }
      sentences_.push_back(fmt::format("{}: there is no answer in {} figures.", what,
                                       all == 1 && !result_.has_repeats() ? "its" : "these"));
      return;
    }
    sentences_.push_back(
        fmt::format("{} of {} scenarios {} no valid run; the answer is about the others.", unusable,
                    all, unusable == 1 ? "has" : "have"));
  }

  bool AnyIsUnstable() const {
    return std::any_of(comparable_.begin(), comparable_.end(),
                       [&](size_t place) { return run(place).verdict.unstable; });
  }

  double ThroughputOf(size_t place) const {
    return summary_.scenarios[place].throughput_per_s.median;
  }

  bool AllTailsAreKnown() const {
    return std::all_of(comparable_.begin(), comparable_.end(),
                       [&](size_t place) { return summary_.scenarios[place].p99_ns.has_value(); });
  }

  // As the tables show it, so that the words agree with them.
  double FactorOf(size_t place) const {
    const auto& speed = summary_.scenarios[place].speed;
    return speed.has_value() ? speed->ratio : ThroughputOf(place);
  }

  // In an open loop the schedule sets the throughput of whatever keeps up with it.
  size_t Best() const {
    return *std::max_element(comparable_.begin(), comparable_.end(), [&](size_t a, size_t b) {
      if (!open_loop_) return FactorOf(a) < FactorOf(b);
      return summary_.scenarios[a].p99_ns->median > summary_.scenarios[b].p99_ns->median;
    });
  }

  std::string TailOf(size_t place) const {
    const auto& p99_ns = summary_.scenarios[place].p99_ns;
    return p99_ns.has_value() ? DurationText(p99_ns->median) : "";
  }

  std::string Figures(size_t place) const {
    std::string text = fmt::format("{} operations per second", FigureText(ThroughputOf(place)));
    const std::string tail = TailOf(place);
    if (!tail.empty()) text += fmt::format(", 99 % of them within {}", tail);
    return text;
  }

  void AddBest() {
    if (comparable_.size() == 1) {
      sentences_.push_back(fmt::format("{} did {}.", Label(best_), Figures(best_)));
      return;
    }
    if (open_loop_) {
      sentences_.push_back(fmt::format("{} had the lowest p99 of the response times: {}.",
                                       Label(best_), Figures(best_)));
      return;
    }
    std::string text = fmt::format("{} was fastest: {}", Label(best_), Figures(best_));
    // Against the first scenario, as in the tables; the first one itself against the next best.
    const size_t base = best_ == 0 ? Second() : 0;
    const auto speed = SpeedBetween(result_, best_, base);
    if (base != best_ && speed.has_value()) {
      const bool by_time = summary_.measure == SpeedMeasure::kTime;
      text += fmt::format("; {} times {} {}", RatioText(*speed),
                          by_time ? "as fast as" : "the throughput of", Label(base));
    }
    sentences_.push_back(text + ".");
  }

  // The best of the others; the best itself where there is none.
  size_t Second() const {
    size_t second = best_;
    for (const size_t place : comparable_) {
      if (place == best_) continue;
      if (second == best_ || FactorOf(place) > FactorOf(second)) second = place;
    }
    return second;
  }

  // Of the response times p99 is compared: the throughputs are the schedule's.
  void FindRivalsInTails(Rivals* rivals) const {
    const MedianEstimate& best = *summary_.scenarios[best_].p99_ns;
    for (const size_t place : comparable_) {
      if (place == best_) continue;
      const MedianEstimate& other = *summary_.scenarios[place].p99_ns;
      if (!best.interval.has_value() || !other.interval.has_value()) continue;
      if (best.interval->high >= other.interval->low) rivals->undecided.push_back(Label(place));
    }
  }

  Rivals FindRivals() const {
    Rivals rivals;
    if (open_loop_ && comparable_.size() > 1) FindRivalsInTails(&rivals);
    if (open_loop_) return rivals;
    for (const size_t place : comparable_) {
      if (place == best_) continue;
      const auto speed = SpeedBetween(result_, best_, place);
      if (!speed.has_value()) continue;
      if (!speed->interval.has_value()) {
        if (FactorOf(place) >= (1 - kWithinNoise) * FactorOf(best_)) {
          rivals.near.push_back(Label(place));
        }
        continue;
      }
      const RatioVerdict verdict = JudgeRatio(*speed);
      if (verdict == RatioVerdict::kFaster) continue;
      (verdict == RatioVerdict::kNoDifference ? rivals.equal : rivals.undecided)
          .push_back(Label(place));
    }
    return rivals;
  }

  void AddCertainty() {
    const int blocks = summary_.scenarios[best_].blocks;
    if (blocks < kFewestForInterval) {
      AddTooFewBlocks(blocks);
    } else if (comparable_.size() == 1) {
      const MedianEstimate& throughput = summary_.scenarios[best_].throughput_per_s;
      if (open_loop_ || !throughput.interval.has_value()) return;
      sentences_.push_back(fmt::format("By {} blocks that throughput is known to be from {} to {}.",
                                       blocks, FigureText(throughput.interval->low),
                                       FigureText(throughput.interval->high)));
    } else if (open_loop_) {
      const std::string undecided = absl::StrJoin(rivals_.undecided, " or ");
      sentences_.push_back(
          undecided.empty()
              ? fmt::format("By {} blocks the interval of its p99 lies below those of the others.",
                            blocks)
              : fmt::format("Whether its p99 is lower than that of {} is not decided by {} blocks.",
                            undecided, blocks));
    } else {
      AddComparison(blocks);
    }
  }

  void AddTooFewBlocks(int blocks) {
    const bool alone = comparable_.size() == 1;
    std::string text;
    if (!result_.has_repeats()) {
      text = alone ? "One run does" : "One run of each does";
    } else {
      text = fmt::format("{} whole block{}", blocks, blocks == 1 ? " does" : "s do");
    }
    text += fmt::format(" not show how much of {} is chance", alone ? "that" : "the differences");
    if (!rivals_.near.empty()) {
      text += fmt::format(", and {} came within {:.0f} % of the fastest",
                          absl::StrJoin(rivals_.near, ", "), kWithinNoise * kPercent);
    }
    const char* what = open_loop_ ? "medians" : "intervals";
    sentences_.push_back(
        result_.has_repeats()
            ? fmt::format("{}: it takes {} for {}.", text, kFewestForInterval, what)
            : fmt::format("{}: --repeat {} gives {}.", text, kFewestForInterval, what));
  }

  void AddComparison(int blocks) {
    const std::string equal = absl::StrJoin(rivals_.equal, " and ");
    const std::string undecided = absl::StrJoin(rivals_.undecided, " or ");
    const double margin = kEquivalenceMargin * kPercent;
    if (!undecided.empty()) {
      std::string text = fmt::format("Whether it is faster than {} is not decided by {} blocks",
                                     undecided, blocks);
      if (!equal.empty()) {
        text += fmt::format("; from {} it does not differ by more than {:.0f} %", equal, margin);
      }
      sentences_.push_back(text + ".");
    } else if (!equal.empty()) {
      sentences_.push_back(
          fmt::format("{} blocks show no difference beyond {:.0f} % between it "
                      "and {}.",
                      blocks, margin, equal));
    } else {
      const bool is_pair = comparable_.size() == 2;
      const size_t other = comparable_.front() == best_ ? comparable_.back() : comparable_.front();
      sentences_.push_back(fmt::format("{} blocks show that it is faster than {}.", blocks,
                                       is_pair ? Label(other) : "each of the others"));
    }
  }

  void AddLimit() {
    const std::optional<Limit> limit = WhatLimited(result_, best());
    if (!limit.has_value()) return;
    sentences_.push_back(fmt::format("What limited {}{}: {}.",
                                     comparable_.size() == 1 ? "it" : Label(best_),
                                     limit->is_known ? "" : " is not known", limit->what));
    if (!limit->advice.empty() && sentences_.size() < kMaxSentences) {
      sentences_.push_back(limit->advice);
    }
    const OperationSummary& total = best().total();
    const double failed = static_cast<double>(total.failed) / static_cast<double>(total.scheduled);
    if (failed > kMaxFailedShare) {
      sentences_.push_back(fmt::format("Mind that {:.0f} % of {} operations failed.",
                                       failed * kPercent, Label(best_) + "'s"));
    }
  }

  bool IsPlanned(const ScenarioType* type, int limit) const {
    const std::vector<ScenarioPlan>& scenarios = result_.plan.scenarios;
    return std::any_of(scenarios.begin(), scenarios.end(), [&](const ScenarioPlan& scenario) {
      return scenario.type == type && scenario.limit == limit;
    });
  }

  void AddNext() {
    if (sentences_.size() == kMaxSentences) return;
    if (open_loop_) {
      sentences_.emplace_back(
          "Next: raise the rate (-R) step by step to see from where on response times grow.");
      return;
    }
    if (!rivals_.undecided.empty()) {
      sentences_.emplace_back(NextForCertainty());
      return;
    }
    const ScenarioPlan& scenario = best().scenario;
    const int limit = scenario.limit.value_or(0);
    // Settings of its own would be lost, and may be what limits.
    const bool is_plain = scenario.pool.size == limit && scenario.pool.max_overflow == 0;
    if (scenario.type->has_limit && limit != 1) {
      if (!is_plain) {
        sentences_.push_back(fmt::format("Next: compare {} with twice the connections (pool={}).",
                                         RunLabel(best()), scenario.pool.size * 2));
        return;
      }
      if (limit * 2 > scenario.type->highest_limit || best().total().scheduled < limit) return;
      if (IsPlanned(scenario.type, limit / 2) && IsPlanned(scenario.type, limit * 2)) return;
    }
    sentences_.push_back(
        fmt::format("Next: pgring tune{}, with the same target and workload, finds the limit that "
                    "does best.",
                    TunedScenario(scenario)));
  }

  // " --scenario pipelined"; empty for what tune drives by itself.
  static std::string TunedScenario(const ScenarioPlan& scenario) {
    const std::string_view name = scenario.type->name;
    if (name == "window") return scenario.pipeline ? " --scenario pipelined" : "";
    const bool has_limit = scenario.type->highest_limit > scenario.type->default_limit &&
                           !scenario.type->shares_connections;
    return has_limit ? fmt::format(" --scenario {}", name) : "";
  }

  std::string NextForCertainty() const {
    const RepeatPlan& repeat = result_.plan.repeat;
    if (!repeat.until_percent.has_value()) {
      return "Next: longer runs, or --until 2, which repeats until every ratio is known to within "
             "2 %.";
    }
    if (static_cast<int>(result_.blocks.size()) < repeat.max_blocks) {
      return "Next: a smaller --until, which goes on until the ratios are known better.";
    }
    return "Next: longer runs, which differ less among each other, or a higher --max-repeat.";
  }

  const ComparisonResult& result_;
  const Summary& summary_;
  const bool open_loop_;
  std::vector<size_t> comparable_;  // places in result_.runs
  size_t best_ = 0;
  Rivals rivals_;
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> InShort(const ComparisonResult& result, const Summary& summary) {
  return result.told.empty() ? Writer(result, summary).Write() : result.told;
}

}  // namespace pgring
