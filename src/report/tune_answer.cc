#include "report/tune_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/server_cause.h"
#include "report/tables.h"
#include "report/tune_sentences.h"
#include "report/what_limited.h"
#include "run/summary.h"

namespace pgring {
namespace {

// Trials at one limit that differ by more than this leave a range, not a number.
constexpr double kUnstableNoise = 0.10;

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
  explicit Answer(const TuneResult& result) : result_(result) {
    if (testing() != nullptr) limits_ = Summarize(testing()->limits);
  }

  std::vector<std::string> Lines() {
    if (result_.searches.empty() || !search().limit.has_value()) {
      AddNoAnswer();
      return std::move(lines_);
    }
    AddLimit();
    AddConfirmation();
    AddDriven();
    AddCause();
    for (const Formula& formula : result_.formulas) {
      // They are of connections.
      lines_.push_back(FormulaText(formula, result_.connections().value_or(limit())));
    }
    if (result_.plan.instances > 1) lines_.push_back(InstancesText(result_));
    if (result_.service_level.has_value()) lines_.push_back(ServiceLevelText(result_));
    AddClient();
    if (result_.interrupted) lines_.emplace_back("INTERRUPTED: what is above is not the whole.");
    return std::move(lines_);
  }

 private:
  const SearchAnswer& search() const { return result_.searches.back(); }
  int limit() const { return search().limit.value_or(1); }
  // nullptr: nothing was tested.
  const TestingStage* testing() const {
    const bool is_tested =
        !result_.testing.empty() && result_.testing.size() == result_.searches.size();
    return is_tested ? &result_.testing.back() : nullptr;
  }

  void AddNoAnswer() {
    if (result_.interrupted) {
      lines_.emplace_back("Best limit: none, the search was interrupted before its first trial.");
    } else {
      lines_.push_back("Best limit: none was found: " + result_.failure);
    }
  }

  // What the search found to be as good, less what fresh runs show to be worse.
  std::string RangeText() const {
    int low = limit();
    int high = limit();
    for (const int alike : search().indifferent) {
      if (IsShownWorse(alike)) continue;
      low = std::min(low, alike);
      high = std::max(high, alike);
    }
    return low == high ? "" : fmt::format("{} to {}", low, high);
  }

  // How many times as good as the answer a neighbour may be, its limit's cost included; nothing
  // without an interval.
  std::optional<Interval> Worth(size_t place) const {
    const Run& run = testing()->limits.runs[place];
    const std::optional<RatioEstimate>& speed = limits_.scenarios[place].speed;
    if (!speed.has_value() || !speed->interval.has_value()) return std::nullopt;
    double more = static_cast<double>(run.scenario.limit.value_or(1)) / limit();
    if (IsOfConnections(run)) {
      more *= static_cast<double>(run.scenario.pool.size) / testing()->connections;
    }
    const double cost = std::pow(more, result_.plan.gain);
    return Interval{speed->interval->low / cost, speed->interval->high / cost};
  }

  // As many operations over fewer or more connections.
  bool IsOfConnections(const Run& run) const {
    const std::string& label = run.scenario.label;
    return label == testing()->fewer_connections || label == testing()->more_connections;
  }
  // "24", "12 over 2"
  std::string NeighbourText(const Run& run) const {
    const int operations = run.scenario.limit.value_or(1);
    if (!IsOfConnections(run)) return std::to_string(operations);
    return fmt::format("{} over {}", operations, run.scenario.pool.size);
  }

  bool IsShownWorse(int alike) const {
    if (!HasFreshRuns()) return false;
    for (size_t place = 1; place < testing()->limits.runs.size(); ++place) {
      if (IsOfConnections(testing()->limits.runs[place])) continue;
      const int tested = testing()->limits.runs[place].scenario.limit.value_or(1);
      const bool beyond = tested < limit() ? alike <= tested : alike >= tested;
      const std::optional<Interval> worth = Worth(place);
      if (beyond && worth.has_value() && worth->high < 1) return true;
    }
    return false;
  }

  // Of the answer and beside it; an interrupt may have come before the answer's turn.
  bool HasFreshRuns() const {
    return testing() != nullptr && IsOfAnswer(testing()->limits, limit());
  }
  static bool IsOfAnswer(const ComparisonResult& result, int answer) {
    return !result.runs.empty() && !result.runs.front().interrupted &&
           result.runs.front().scenario.limit == answer;
  }

  void AddLimit() {
    const std::string range = RangeText();
    std::string line = fmt::format("Best limit: {}{} in flight",
                                   search().capped || search().still_grows ? "at least " : "",
                                   Times(limit(), "operation"));
    if (result_.connections().has_value()) line += OverText();
    if (!range.empty()) line += fmt::format(" ({} do as well)", range);
    if (search().capped) line += ": " + CapText();
    if (search().still_grows) line += ": throughput still grew when the time for the search was up";
    lines_.push_back(line + ".");
    if (search().noise.value_or(0) > kUnstableNoise) {
      lines_.push_back(fmt::format(
          "This machine is unstable: trials at the same limit differ by {:.0f} %, so {}.",
          *search().noise * kPercent,
          range.empty() ? "the number may as well be another one nearby"
                        : fmt::format("take the range {}, not the number", range)));
    }
    if (!search().converged && !result_.interrupted && !result_.stopped_early) {
      lines_.push_back(fmt::format(
          "The search had not ended after {}, when its time was up: a larger --budget makes the "
          "answer surer.",
          Times(search().trials, "trial")));
    }
    AddNeighbours();
    for (const std::string& remark : result_.remarks) lines_.push_back(remark);
  }

  // " over 5 connections"
  std::string OverText() const {
    const SearchAnswer& of_connections = result_.connection_searches.back().answer;
    return fmt::format(" over {}{}",
                       of_connections.capped || of_connections.still_grows ? "at least " : "",
                       Times(*result_.connections(), "connection"));
  }

  std::string CapText() const {
    const bool asked_for =
        result_.plan.highest_limit_given && limit() == result_.plan.highest_limit;
    if (asked_for) return "--max-limit allows no more";
    return result_.connections().has_value() ? "no more were tried"
                                             : "more connections could not be had";
  }

  // "  12  4,310/s  p99 5.1 ms | 6  0.93 x (0.92-0.95)  p99 3.0 ms | 24  1.01 x  p99 11.8 ms"
  void AddNeighbours() {
    if (!HasFreshRuns()) return;
    std::vector<std::string> parts;
    for (size_t place = 0; place < testing()->limits.runs.size(); ++place) {
      const Run& run = testing()->limits.runs[place];
      const std::string& label = run.scenario.label;
      const bool is_beside =
          label == testing()->half || label == testing()->twice || IsOfConnections(run);
      if (place > 0 && !is_beside) continue;
      const ScenarioSummary& one = limits_.scenarios[place];
      std::string part = NeighbourText(run) + "  ";
      if (!run.valid()) {
        part += "INVALID";
      } else if (place == 0) {
        part += FigureText(one.blocks > 0 ? one.throughput_per_s.median : run.throughput_per_s()) +
                "/s";
      } else {
        part += one.speed.has_value() ? TimesText(*one.speed) : std::string(kUnknownFigure);
      }
      if (one.p99_ns.has_value()) part += "  p99 " + DurationText(one.p99_ns->median);
      parts.push_back(std::move(part));
    }
    lines_.push_back("  " + absl::StrJoin(parts, " | "));
  }

  void AddConfirmation() {
    if (testing() == nullptr || (result_.interrupted && !HasFreshRuns())) {
      lines_.emplace_back("How sure: not tested by fresh runs.");
      return;
    }
    if (testing()->half.empty() && testing()->twice.empty()) {
      lines_.emplace_back(
          "How sure: NOT CONFIRMED. There is no other limit to compare it with: no higher one may "
          "be tried.");
      return;
    }
    int blocks = WholeBlocks(testing()->limits);
    const bool is_open = testing()->confirmation == Confirmation::kUndecided;
    if (const std::string why = FirstFault(testing()->limits);
        is_open && blocks == 0 && !why.empty()) {
      lines_.push_back("How sure: NOT CONFIRMED. The fresh runs failed: " + why + ".");
      return;
    }
    // A neighbour in whose every run operations failed has lost, in blocks that are not whole.
    if (blocks == 0) blocks = static_cast<int>(testing()->limits.blocks.size());
    const std::string of = fmt::format("{} of fresh runs", Times(blocks, "block"));
    switch (testing()->confirmation) {
      case Confirmation::kConfirmed:
        lines_.push_back(fmt::format("How sure: {} confirm{} it; {}.", of, blocks == 1 ? "s" : "",
                                     ComparedText()));
        break;
      case Confirmation::kUndecided:
        lines_.push_back(
            fmt::format("How sure: NOT CONFIRMED. {} do{} not tell it from half of it or twice as "
                        "much{}; a larger --budget gives more of them.",
                        of, blocks == 1 ? "es" : "", MayBe()));
        break;
      case Confirmation::kContradicted:
        lines_.push_back(fmt::format(
            "How sure: CONTRADICTED. In {}, {}, which the search had found{}.", of, BetterText(),
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

  std::string BetterText() const {
    if (testing()->better_connections.has_value()) {
      return fmt::format("{} did better than {}",
                         Times(*testing()->better_connections, "connection"),
                         testing()->connections);
    }
    return fmt::format("{} in flight was better than {}", testing()->better.value_or(0), limit());
  }

  std::string ComparedText() const {
    const bool with_connections =
        !testing()->fewer_connections.empty() || !testing()->more_connections.empty();
    const char* const more = with_connections ? ", nor are fewer or more connections" : "";
    if (testing()->half.empty()) return fmt::format("twice as much is not better{}", more);
    if (testing()->twice.empty()) {
      return fmt::format("half of it is not better, and twice as much could not be tried{}", more);
    }
    return fmt::format("neither half of it nor twice as much is better{}", more);
  }

  // ": 24 may be up to 1.16 x as fast", of those that are not shown to be no better; empty without
  // intervals.
  std::string MayBe() const {
    const ComparisonResult& tested = testing()->limits;
    std::string text;
    for (size_t place = 1; HasFreshRuns() && place < tested.runs.size(); ++place) {
      const std::optional<Interval> worth = Worth(place);
      if (!worth.has_value() || worth->high <= 1 + kEquivalenceMargin) continue;
      text += fmt::format("{} {} may be up to {:.2f} x as fast", text.empty() ? ":" : ",",
                          NeighbourText(tested.runs[place]),
                          limits_.scenarios[place].speed->interval->high);
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
    if (!IsOfAnswer(tested, stage.answer)) return;
    const Summary summary = Summarize(tested);
    std::vector<std::string> others;
    std::optional<size_t> best;
    for (size_t place = 1; place < tested.runs.size(); ++place) {
      const Run& run = tested.runs[place];
      const std::string& beside = run.scenario.label;
      if (beside == stage.half || beside == stage.twice || beside == stage.fewer_connections ||
          beside == stage.more_connections) {
        continue;
      }
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
    AddConnections(tested, summary);
    if (others.empty()) return;
    const int blocks = WholeBlocks(tested);
    std::string driven = label + ", and nothing is shown to be faster";
    if (best) {
      driven = tested.runs[*best].scenario.label + ", the fastest";
    } else if (blocks < kFewestForInterval) {
      driven = fmt::format("{}, which {} of fresh runs {} too few to tell from the others", label,
                           Times(blocks, "block"), blocks == 1 ? "is" : "are");
    }
    lines_.push_back(
        fmt::format("Driven by: {}. Against {}: {}.", driven, label, absl::StrJoin(others, ", ")));
  }

  // "Connections: 12, one for each operation in flight; multiplexed over 2 connections 1.90 x
  // (1.80-2.00)."
  void AddConnections(const ComparisonResult& tested, const Summary& summary) {
    const ScenarioPlan& answer = tested.runs.front().scenario;
    std::string line = fmt::format("Connections: {}", answer.pool.size);
    if (answer.type->shares_connections) {
      line += fmt::format(", for {:.3g} operations in flight each",
                          static_cast<double>(answer.limit.value_or(1)) / answer.pool.size);
    } else {
      line += ", one for each operation in flight";
    }
    for (size_t place = 1; place < tested.runs.size(); ++place) {
      const Run& run = tested.runs[place];
      const std::optional<RatioEstimate>& speed = summary.scenarios[place].speed;
      if (answer.type->shares_connections || !run.scenario.type->shares_connections) continue;
      if (!run.valid() || !speed.has_value()) continue;
      line += fmt::format("; {} over {} {}", run.scenario.type->name,
                          Times(run.scenario.pool.size, "connection"), TimesText(*speed));
    }
    lines_.push_back(line + ".");
  }

  void AddCause() {
    if (!HasFreshRuns()) return;
    const ComparisonResult& tested = testing()->limits;
    if (search().capped) {
      lines_.push_back(fmt::format("Why not more: {}.", CapText()));
      AddFindings(tested);
      return;
    }
    // Where no processor was left, what the sessions were seen to wait for is no way to more.
    if (const auto busy = WhatWasBusy(tested, tested.runs.front()); busy.has_value()) {
      lines_.push_back(fmt::format("Why not more: {}.", *busy));
      AddFindings(tested);
      return;
    }
    const std::optional<Cause> cause = CauseOf(tested, ExplainedRun());
    if (!cause.has_value() || cause->summary.empty()) {
      lines_.emplace_back(
          tested.runs.front().server_samples.has_value()
              ? "Why not more: not known, because there are too few samples of the server's "
                "sessions; "
                "a longer --budget gives more."
              : "Why not more: not known, because the server's sessions were not sampled (see "
                "--server-samples and --control).");
      return;
    }
    const bool is_named = cause->named.has_value() || cause->few_at_work;
    if (is_named && !cause->is_trusted) {
      lines_.push_back(fmt::format("Why not more: not certain, because {}; seen was {}.",
                                   cause->check_text, cause->summary));
    } else {
      lines_.push_back(fmt::format("Why not more: {}.", cause->summary));
      if (!cause->advice.empty()) lines_.push_back("  " + cause->advice);
    }
    AddFindings(tested);
  }

  // One or two operations in flight can hardly wait for each other: what ends the growth shows with
  // twice as many.
  const Run& ExplainedRun() const {
    constexpr int kFew = 2;
    const std::vector<Run>& runs = testing()->limits.runs;
    for (const Run& run : runs) {
      if (limit() <= kFew && run.scenario.label == testing()->twice && run.valid()) return run;
    }
    return runs.front();
  }

  // Indexes that would spare the server work, whatever limits.
  void AddFindings(const ComparisonResult& tested) {
    for (const std::string& finding : ServerFindings(tested)) lines_.push_back("  " + finding);
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
  Summary limits_;  // of testing(), if that is not nullptr
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> TuneAnswer(const TuneResult& result) { return Answer(result).Lines(); }

}  // namespace pgring
