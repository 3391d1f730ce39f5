#include "report/tune_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/server_cause.h"
#include "report/what_limited.h"
#include "run/summary.h"

namespace pgring {
namespace {

// Trials at one limit that differ by more than this leave a range, not a number.
constexpr double kUnstableNoise = 0.10;
constexpr double kPercent = 100;

std::string Times(int count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// "0.95 x (0.74-1.07)", without the interval where there is none.
std::string TimesText(const RatioEstimate& ratio) {
  std::string text = fmt::format("{:.2f} x", ratio.ratio);
  if (ratio.interval.has_value()) {
    text += fmt::format(" ({:.2f}-{:.2f})", ratio.interval->low, ratio.interval->high);
  }
  return text;
}

class Answer {
 public:
  explicit Answer(const TuneResult& result) : result_(result) {}

  std::vector<std::string> Lines() {
    if (result_.searches.empty() || !search().limit.has_value()) {
      AddNoAnswer();
      return std::move(lines_);
    }
    AddLimit();
    AddConfirmation();
    AddDriven();
    AddCause();
    AddFormulas();
    AddInstances();
    AddServiceLevel();
    AddClient();
    if (result_.interrupted) lines_.emplace_back("INTERRUPTED: what is above is not the whole.");
    return std::move(lines_);
  }

 private:
  const SearchAnswer& search() const { return result_.searches.back(); }
  int limit() const { return search().limit.value_or(1); }
  // nullptr: nothing was tested.
  const TestingStage* testing() const {
    return result_.testing.size() == result_.searches.size() ? &result_.testing.back() : nullptr;
  }

  void AddNoAnswer() {
    if (result_.interrupted) {
      lines_.emplace_back("Best limit: none, the search was interrupted before its first trial.");
    } else {
      lines_.push_back("Best limit: none was found: " + result_.failure);
    }
  }

  std::string RangeText() const {
    const std::vector<int>& alike = search().indifferent;
    const auto [low, high] = std::minmax_element(alike.begin(), alike.end());
    if (alike.size() < 2) return "";
    return fmt::format("{} to {}", *low, *high);
  }

  void AddLimit() {
    const std::string range = RangeText();
    std::string line = fmt::format("Best limit: {}{} in flight", search().capped ? "at least " : "",
                                   Times(limit(), "operation"));
    if (!range.empty()) line += fmt::format(" ({} do as well)", range);
    if (search().capped) line += ": more connections could not be tried";
    lines_.push_back(line + ".");
    if (search().noise.value_or(0) > kUnstableNoise) {
      lines_.push_back(fmt::format(
          "This machine is unstable: trials at the same limit differ by {:.0f} %, so take the "
          "range{}, not the number.",
          *search().noise * kPercent, range.empty() ? "" : " " + range));
    }
    if (!search().converged && !result_.interrupted) {
      lines_.push_back(fmt::format(
          "The search had not ended after {} trials, when its time was up: a larger --budget makes "
          "the answer surer.",
          search().trials));
    }
    AddNeighbours();
    for (const std::string& remark : result_.remarks) lines_.push_back(remark);
  }

  // "  12  4,310/s  p99 5.1 ms | 6  0.93 x (0.92-0.95)  p99 3.0 ms | 24  1.01 x  p99 11.8 ms"
  void AddNeighbours() {
    if (testing() == nullptr || testing()->limits.runs.empty()) return;
    const Summary summary = Summarize(testing()->limits);
    std::vector<std::string> parts;
    for (size_t place = 0; place < testing()->limits.runs.size(); ++place) {
      const Run& run = testing()->limits.runs[place];
      const std::string& label = run.scenario.label;
      if (place > 0 && label != testing()->half && label != testing()->twice) continue;
      const ScenarioSummary& one = summary.scenarios[place];
      std::string part = fmt::format("{}  ", run.scenario.limit.value_or(1));
      if (!run.valid()) {
        part += "INVALID";
      } else if (place == 0) {
        part += FigureText(one.throughput_per_s.median) + "/s";
      } else {
        part += one.speed.has_value() ? TimesText(*one.speed) : std::string(kUnknownFigure);
      }
      if (one.p99_ns.has_value()) part += "  p99 " + DurationText(one.p99_ns->median);
      parts.push_back(std::move(part));
    }
    lines_.push_back("  " + absl::StrJoin(parts, " | "));
  }

  void AddConfirmation() {
    if (testing() == nullptr) {
      lines_.emplace_back("How sure: not tested by fresh runs.");
      return;
    }
    const int blocks = WholeBlocks(testing()->limits);
    if (const std::string why = FirstFault(testing()->limits); blocks == 0 && !why.empty()) {
      lines_.push_back("How sure: NOT CONFIRMED. The fresh runs failed: " + why + ".");
      return;
    }
    const std::string of = fmt::format("{} of fresh runs", Times(blocks, "block"));
    switch (testing()->confirmation) {
      case Confirmation::kConfirmed:
        lines_.push_back(fmt::format(
            "How sure: {} confirm it; neither half of it nor twice as much is better.", of));
        break;
      case Confirmation::kUndecided:
        lines_.push_back(
            fmt::format("How sure: NOT CONFIRMED. {} do not tell it from half of it or twice as "
                        "much{}; a larger "
                        "--budget gives more of them.",
                        of, MayBe()));
        break;
      case Confirmation::kContradicted:
        lines_.push_back(fmt::format(
            "How sure: CONTRADICTED. In {}, {} in flight was better than {}, which the search had "
            "found{}.",
            of, testing()->better.value_or(0), limit(),
            result_.searches.size() > 1 ? fmt::format("; the search before it had found {}",
                                                      result_.searches.front().limit.value_or(0))
                                        : ""));
        break;
    }
    if (result_.searches.size() > 1 && testing()->confirmation == Confirmation::kConfirmed) {
      lines_.push_back(fmt::format("  A first search had found {}; fresh runs contradicted it.",
                                   result_.searches.front().limit.value_or(0)));
    }
  }

  // ": 24 may be up to 1.16 x as fast"; empty without intervals.
  std::string MayBe() const {
    const ComparisonResult& tested = testing()->limits;
    const Summary summary = Summarize(tested);
    std::string text;
    for (size_t place = 1; place < tested.runs.size(); ++place) {
      const std::string& label = tested.runs[place].scenario.label;
      const std::optional<RatioEstimate>& speed = summary.scenarios[place].speed;
      if (label != testing()->half && label != testing()->twice) continue;
      if (!speed.has_value() || !speed->interval.has_value()) continue;
      text += fmt::format("{} {} may be up to {:.2f} x as fast", text.empty() ? ":" : ",",
                          tested.runs[place].scenario.limit.value_or(1), speed->interval->high);
    }
    return text;
  }

  // "window:12: no connection could be opened"; empty: every run is valid.
  static std::string FirstFault(const ComparisonResult& result) {
    for (const Block& block : result.blocks) {
      for (const Run& run : block.runs) {
        if (run.valid()) continue;
        return fmt::format("{}: {}", run.scenario.label,
                           run.verdict.reasons.empty() ? "not valid" : run.verdict.reasons.front());
      }
    }
    return "";
  }

  static int WholeBlocks(const ComparisonResult& result) {
    return static_cast<int>(std::count_if(result.blocks.begin(), result.blocks.end(),
                                          [](const Block& block) { return block.is_whole(); }));
  }

  // The stage that compared all ways to drive: the first, where a second tested the limits alone.
  void AddDriven() {
    if (result_.testing.empty()) return;
    const TestingStage& stage = result_.testing.front();
    const ComparisonResult& tested = stage.ways.runs.empty() ? stage.limits : stage.ways;
    if (tested.runs.empty()) return;
    const Summary summary = Summarize(tested);
    std::vector<std::string> others;
    std::optional<size_t> best;
    for (size_t place = 1; place < tested.runs.size(); ++place) {
      const Run& run = tested.runs[place];
      if (run.scenario.label == stage.half || run.scenario.label == stage.twice) continue;
      const std::optional<RatioEstimate>& speed = summary.scenarios[place].speed;
      if (!run.valid() || !speed.has_value()) {
        others.push_back(fmt::format(
            "{} INVALID{}", run.scenario.label,
            run.verdict.reasons.empty() ? "" : " (" + run.verdict.reasons.front() + ")"));
        continue;
      }
      others.push_back(fmt::format("{} {}", run.scenario.label, TimesText(*speed)));
      const bool faster = summary.scenarios[place].verdict == RatioVerdict::kFaster;
      if (faster && (!best || speed->ratio > summary.scenarios[*best].speed->ratio)) best = place;
    }
    const std::string& label = tested.runs.front().scenario.label;
    lines_.push_back(fmt::format("Connections: {}, one for each operation in flight.",
                                 tested.runs.front().scenario.pool.size));
    if (others.empty()) return;
    const std::string driven =
        best ? fmt::format("{}, the fastest", tested.runs[*best].scenario.label)
             : fmt::format("{}, and nothing is shown to be faster", label);
    lines_.push_back(
        fmt::format("Driven by: {}. Against {}: {}.", driven, label, absl::StrJoin(others, ", ")));
  }

  void AddCause() {
    if (result_.testing.empty() || result_.testing.back().limits.runs.empty()) return;
    const ComparisonResult& tested = result_.testing.back().limits;
    // Where no processor was left, what the sessions were seen to wait for is no way to more.
    if (const auto busy = WhatWasBusy(tested, tested.runs.front()); busy.has_value()) {
      lines_.push_back(fmt::format("Why not more: {}.", *busy));
      return;
    }
    const std::optional<Cause> cause = CauseOf(tested, tested.runs.front());
    if (!cause.has_value() || cause->summary.empty()) return;
    const bool is_named = cause->named.has_value() || cause->few_at_work;
    if (is_named && !cause->is_trusted) {
      lines_.push_back(fmt::format("Why not more: not certain, because {}; seen was {}.",
                                   cause->check_text, cause->summary));
      return;
    }
    lines_.push_back(fmt::format("Why not more: {}.", cause->summary));
    if (!cause->advice.empty()) lines_.push_back("  " + cause->advice);
  }

  void AddFormulas() {
    for (const Formula& formula : result_.formulas) {
      std::string line = fmt::format("Formula {}: {} ", formula.name, formula.limit);
      if (!formula.throughput_ratio.has_value()) {
        line += "lies outside of the limits that were measured.";
      } else {
        line += fmt::format("would give {:.2f} x", *formula.throughput_ratio);
        if (formula.p99_ns.has_value()) {
          line += " with a p99 of " + DurationText(formula.p99_ns);
        }
        line += ".";
      }
      lines_.push_back(std::move(line));
    }
  }

  // Rounded down, so that all together stay within the answer; at least 1 each.
  void AddInstances() {
    const int instances = result_.plan.instances;
    if (instances <= 1) return;
    const int each = std::max(1, limit() / instances);
    const int together = each * instances;
    std::string line =
        fmt::format("Instances: {} each for {} processes, {} together", each, instances, together);
    const std::optional<double> there = InterpolateThroughput(result_.trials.back(), together);
    const std::optional<double> here = InterpolateThroughput(result_.trials.back(), limit());
    if (together == limit()) {
      line += ": nothing is lost by rounding.";
    } else if (there.has_value() && here.has_value() && *here > 0) {
      line += fmt::format(": rounding gives {:.2f} x.", *there / *here);
    } else {
      line += ": what rounding costs lies outside of what was measured.";
    }
    lines_.push_back(std::move(line));
  }

  void AddServiceLevel() {
    if (!result_.service_level.has_value()) return;
    const ServiceLevelStage& stage = *result_.service_level;
    std::vector<std::string> levels;
    for (const ServiceLevel& level : result_.plan.service_levels) {
      levels.push_back(fmt::format("p{}={} ms", level.percentile, level.within_ms));
    }
    const std::string asked = absl::StrJoin(levels, " and ");
    if (!stage.highest_rate_per_s.has_value()) {
      lines_.push_back(fmt::format("Highest rate within {}: none of {} that were tried keeps it.",
                                   asked, Times(static_cast<int>(stage.trials.size()), "rate")));
      return;
    }
    std::string line =
        fmt::format("Highest rate within {}: {}/s, with at most {} in flight", asked,
                    FigureText(stage.highest_rate_per_s), Times(stage.limit, "operation"));
    if (result_.plan.rate_per_s.has_value()) {
      const double headroom = *stage.highest_rate_per_s / *result_.plan.rate_per_s;
      line += headroom >= 1 ? fmt::format("; that is {:.2f} x your {}/s", headroom,
                                          FigureText(result_.plan.rate_per_s))
                            : fmt::format("; your {}/s is too much: {:.2f} x of it is kept",
                                          FigureText(result_.plan.rate_per_s), headroom);
    }
    lines_.push_back(line + ".");
  }

  void AddClient() {
    if (search().client_limited) {
      lines_.push_back(fmt::format(
          "This client is the limit from {} on: run pgring on another machine, or on a faster one.",
          limit()));
      return;
    }
    if (!result_.client_share.has_value()) return;
    lines_.push_back(fmt::format("The client used {:.0f} % of its processor: it was {}the limit.",
                                 *result_.client_share * kPercent,
                                 *result_.client_share < kNearlyBusy ? "not " : "nearly "));
  }

  static constexpr double kNearlyBusy = 0.8;

  const TuneResult& result_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> TuneAnswer(const TuneResult& result) { return Answer(result).Lines(); }

}  // namespace pgring
