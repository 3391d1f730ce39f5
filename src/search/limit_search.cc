#include "search/limit_search.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "absl/status/statusor.h"
#include "pgring/base/check.h"
#include "search/starting_limit.h"

namespace pgring {
namespace {

// Trials at a limit of the ramp, of which the faster counts: one alone may be in a pause.
constexpr int kTrialsPerLimit = 2;
// With fewer trials than this to spend, the ramp alone would take most of them; so it measures a
// limit twice only if its first trial does not show clearly that throughput still grows.
constexpr int kFewTrials = 30;
constexpr double kClearly = 0.05;
// The ramp stops after so many limits in a row that won too little; more before any trial
// succeeded, because operations may fail at the beginning for reasons that pass.
constexpr int kBadLimits = 2;
constexpr int kFailedLimits = 3;

// From the incumbent to its challengers: so far at first that another shape of curve would show,
// and in the end so close that it does not matter; halved in between. Measured: with the
// factors 1.5 and 1.1, and 0.6 instead of a half, the loss of utility at the end is half as much
// again, after as many trials; a start that is as good as here needs no wider look.
const double kFarthest = std::log(1.35);
const double kClosest = std::log(1.05);
constexpr double kShrink = 0.5;

// By how many of its standard errors a challenger must lead to be taken for the answer.
constexpr double kAheadInErrors = 1.2;

// What rounds take typically, for an estimate.
constexpr int kTypicalRoundTrials = 16;
constexpr int kTypicalRefineTrials = 55;

// Gains at which the fitted curve's knee is reported: the peak, the default, Kleinrock's power.
constexpr double kReportedGains[] = {0, kDefaultGain, 0.5};

std::optional<double> Find(const std::map<int, double>& values, int limit) {
  const auto found = values.find(limit);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

LimitSearch::LimitSearch(const LimitSearchOptions& options)
    : options_(options), random_(options.seed), distance_(kFarthest) {
  PGRING_CHECK(options.gain >= 0.0 && options.gain <= 0.5, "a gain is 0 to 0.5");
  PGRING_CHECK(options.max_limit >= 1, "the highest limit is 1 or more");
  PGRING_CHECK(options.most_trials >= 1, "a search needs a trial or more");
  PlanRampLimit(1);
}

int LimitSearch::NextLimit() const {
  PGRING_CHECK(!done(), "a search that is done measures nothing more");
  return planned_.front();
}

void LimitSearch::Record(const Trial& trial) {
  PGRING_CHECK(!done() && trial.limit == planned_.front(),
               "a search takes the trial that it asked for");
  PGRING_CHECK(std::isfinite(trial.throughput_per_s) && trial.throughput_per_s >= 0,
               "a throughput is finite and not negative");
  trials_.push_back(trial);
  planned_.pop_front();
  if (planned_.empty()) {
    switch (stage_) {
      case SearchStage::kRamp:
        EndRampTrials();
        break;
      case SearchStage::kFit:
        EndFit();
        break;
      case SearchStage::kRefine:
        EndBlock();
        break;
    }
  }
  if (!done() && static_cast<int>(trials_.size()) >= options_.most_trials) {
    const bool any_succeeded = std::any_of(trials_.begin(), trials_.end(), Succeeded);
    state_ = any_succeeded ? SearchState::kOutOfTrials : SearchState::kEveryTrialFailed;
  }
}

void LimitSearch::PlanRampLimit(int limit) {
  ramp_limit_ = limit;
  const bool twice = limit == 1 || options_.most_trials >= kFewTrials;
  planned_.insert(planned_.end(), twice ? kTrialsPerLimit : 1, limit);
}

void LimitSearch::EndRampTrials() {
  const std::map<int, double> log_throughputs = LogThroughputs(trials_);
  const std::optional<double> log_throughput = Find(log_throughputs, ramp_limit_);
  bool rises = log_throughput.has_value();
  bool clearly = false;
  if (rises && previous_log_throughput_) {
    const double wanted =
        options_.gain * std::log(static_cast<double>(ramp_limit_) / previous_ramp_limit_);
    rises = *log_throughput - *previous_log_throughput_ >= wanted;
    clearly = *log_throughput - *previous_log_throughput_ >= wanted + kClearly;
  }
  const auto here = std::count_if(trials_.begin(), trials_.end(), [this](const Trial& trial) {
    return trial.limit == ramp_limit_;
  });
  if (!clearly && here < kTrialsPerLimit) {
    planned_.push_back(ramp_limit_);
    return;
  }
  bad_in_a_row_ = rises ? 0 : bad_in_a_row_ + 1;
  const bool any_succeeded = !log_throughputs.empty();
  if (ramp_limit_ >= options_.max_limit ||
      bad_in_a_row_ >= (any_succeeded ? kBadLimits : kFailedLimits)) {
    if (any_succeeded) {
      BeginFit();
    } else {
      state_ = SearchState::kEveryTrialFailed;
    }
    return;
  }
  previous_log_throughput_ = log_throughput;
  previous_ramp_limit_ = ramp_limit_;
  PlanRampLimit(ramp_limit_ <= options_.max_limit / 2 ? 2 * ramp_limit_ : options_.max_limit);
}

void LimitSearch::BeginFit() {
  stage_ = SearchStage::kFit;
  const int best = *BestTriedLimit(trials_, options_.gain);
  const std::map<int, double> tried = LogThroughputs(trials_);
  for (const double factor : {std::sqrt(0.5), std::sqrt(2.0)}) {
    const double limit = std::min<double>(options_.max_limit, std::max(1.0, best * factor));
    const int rounded = static_cast<int>(std::lround(limit));
    if (tried.contains(rounded)) continue;
    planned_.insert(planned_.end(), kTrialsPerLimit, rounded);
  }
  if (planned_.empty()) EndFit();
}

void LimitSearch::EndFit() {
  stage_ = SearchStage::kRefine;
  SetIncumbent(StartingLimit(trials_, options_.gain, options_.max_limit));
  BeginRound();
}

std::vector<int> LimitSearch::Challengers() const {
  const int incumbent = contest_.incumbent();
  const auto at = [incumbent](double distance) {
    return static_cast<int>(std::lround(incumbent * std::exp(distance)));
  };
  const int low = std::max(1, std::min(incumbent - 1, at(-distance_)));
  // Rounded only after it is bounded: 1.35 times the largest integer is none.
  const double high_bound = std::min<double>(options_.max_limit, incumbent * std::exp(distance_));
  const int high = std::min(options_.max_limit,
                            std::max(incumbent < options_.max_limit ? incumbent + 1 : incumbent,
                                     static_cast<int>(std::lround(high_bound))));
  std::vector<int> challengers;
  if (low < incumbent) challengers.push_back(low);
  if (high > incumbent) challengers.push_back(high);
  return challengers;
}

bool LimitSearch::NeedsMoreBlocks(int challenger) const {
  for (const ComparedLimit& compared : compared_) {
    if (compared.limit != challenger) continue;
    return compared.verdict != ContestVerdict::kWorse && compared.blocks < Contest::kMostBlocks;
  }
  return true;
}

void LimitSearch::SetIncumbent(int limit) {
  contest_ = Contest(limit, options_.gain);
  compared_.clear();
}

void LimitSearch::BeginRound() {
  for (;;) {
    const std::vector<int> challengers = Challengers();
    if (std::any_of(challengers.begin(), challengers.end(),
                    [this](int challenger) { return NeedsMoreBlocks(challenger); })) {
      PlanBlock();
      return;
    }
    const bool are_next = std::all_of(
        challengers.begin(), challengers.end(),
        [this](int challenger) { return std::abs(challenger - contest_.incumbent()) == 1; });
    if (are_next || distance_ <= kClosest) {
      state_ = SearchState::kConverged;
      return;
    }
    distance_ = std::max(kClosest, kShrink * distance_);
  }
}

void LimitSearch::PlanBlock() {
  std::vector<int> block = {contest_.incumbent()};
  for (const int challenger : Challengers()) {
    if (NeedsMoreBlocks(challenger)) block.push_back(challenger);
  }
  random_.Shuffle(&block);
  planned_.assign(block.begin(), block.end());
  block_begin_ = trials_.size();
}

void LimitSearch::EndBlock() {
  contest_.AddBlock({trials_.begin() + static_cast<ptrdiff_t>(block_begin_), trials_.end()});
  compared_ = contest_.Compare(TrialNoise(trials_));
  std::optional<ComparedLimit> best;
  for (const ComparedLimit& compared : compared_) {
    if (compared.verdict == ContestVerdict::kBetter &&
        (!best || compared.utility_difference > best->utility_difference)) {
      best = compared;
    }
  }
  if (best) {
    SetIncumbent(best->limit);
  } else if (IncumbentFails()) {
    SetIncumbent(*BestTriedLimit(trials_, options_.gain));
  }
  BeginRound();
}

// Where operations fail at the incumbent and at its challengers alike, none of them would ever win;
// the models do not know where operations begin to fail.
bool LimitSearch::IncumbentFails() const {
  constexpr int kFewestTrials = 2;
  int failed = 0;
  for (const Trial& trial : trials_) {
    if (trial.limit != contest_.incumbent()) continue;
    if (Succeeded(trial)) return false;
    ++failed;
  }
  return failed >= kFewestTrials;
}

int LimitSearch::TrialsLeft() const {
  if (done()) return 0;
  int left = static_cast<int>(planned_.size());
  switch (stage_) {
    case SearchStage::kRamp: {
      const int limits_left = ramp_limit_ < options_.max_limit ? kBadLimits - bad_in_a_row_ : 0;
      left += kTrialsPerLimit * (limits_left + 2) + kTypicalRefineTrials;
      break;
    }
    case SearchStage::kFit:
      left += kTypicalRefineTrials;
      break;
    case SearchStage::kRefine: {
      // As if the incumbent stayed and this round had just begun.
      const double next_to_it = std::log1p(1.0 / contest_.incumbent());
      for (double distance = distance_;; distance *= kShrink) {
        left += kTypicalRoundTrials;
        if (distance <= std::max(kClosest, next_to_it)) break;
      }
      break;
    }
  }
  return std::clamp(left, 1, options_.most_trials - static_cast<int>(trials_.size()));
}

// What is not shown to be better may still be so much more likely than not: a challenger that is
// well ahead is taken without another round to prove it. Measured, that takes away a third of the
// loss that is left; with less than its error, noise moves good answers.
int LimitSearch::BestLimit() const {
  int best = contest_.incumbent();
  double ahead = Contest::kSmallestDifference;
  for (const ComparedLimit& challenger : compared_) {
    if (challenger.verdict == ContestVerdict::kUndecided ||
        challenger.verdict == ContestVerdict::kWorse ||
        challenger.utility_difference <=
            std::max(ahead, kAheadInErrors * challenger.standard_error)) {
      continue;
    }
    best = challenger.limit;
    ahead = challenger.utility_difference;
  }
  return best;
}

bool LimitSearch::IsCapped(int limit) const {
  if (limit != options_.max_limit) return false;
  if (stage_ == SearchStage::kRefine && limit != contest_.incumbent()) return false;
  // The highest that is lower and was compared; with the same rule as in BestLimit.
  for (auto lower = compared_.rbegin(); lower != compared_.rend(); ++lower) {
    if (lower->verdict == ContestVerdict::kUndecided) continue;
    return lower->utility_difference <
           -std::max(Contest::kSmallestDifference, kAheadInErrors * lower->standard_error);
  }
  // Before there is one, the trials of the ramp decide.
  const std::map<int, double> log_throughputs = LogThroughputs(trials_);
  const auto here = log_throughputs.find(limit);
  if (here == log_throughputs.end() || here == log_throughputs.begin()) return limit == 1;
  const auto lower = std::prev(here);
  return Utility(limit, here->second, options_.gain) -
             Utility(lower->first, lower->second, options_.gain) >
         Contest::kSmallestDifference;
}

bool LimitSearch::IsClientLimited(int limit) const {
  std::map<int, int> balance;  // trials in which the client was the limit, less the others
  for (const Trial& trial : trials_) balance[trial.limit] += trial.client_limited ? 1 : -1;
  const auto here = balance.find(limit);
  const auto above = balance.upper_bound(limit);
  return (here != balance.end() && here->second >= 0) ||
         (above != balance.end() && above->second >= 0);
}

void LimitSearch::AddScalability(SearchAnswer* answer) const {
  std::vector<ScalabilityPoint> points;
  double lowest = options_.max_limit;
  for (const Trial& trial : trials_) {
    if (!Succeeded(trial) || trial.client_limited) continue;
    points.push_back({static_cast<double>(trial.limit), trial.throughput_per_s});
    lowest = std::min<double>(lowest, trial.limit);
  }
  const absl::StatusOr<ScalabilityFit> fit =
      FitScalability(points, ScalabilityScale::kLogThroughput);
  if (!fit.ok()) return;
  answer->scalability = *fit;
  for (const double gain : kReportedGains) {
    const std::optional<double> limit = gain == 0 ? fit->PeakLimit() : fit->model.KneeAt(gain);
    answer->knees.push_back({.gain = gain,
                             .limit = limit,
                             .tested = limit && *limit >= lowest && *limit <= fit->highest_limit});
  }
}

SearchAnswer LimitSearch::answer() const {
  SearchAnswer answer;
  answer.trials = static_cast<int>(trials_.size());
  answer.converged = state_ == SearchState::kConverged;
  const std::optional<Noise> noise = TrialNoise(trials_);
  if (noise) answer.noise = noise->relative;
  answer.limit = BestTriedLimit(trials_, options_.gain);
  if (!answer.limit) return answer;
  if (stage_ == SearchStage::kFit) {
    answer.limit = StartingLimit(trials_, options_.gain, options_.max_limit);
  }
  answer.incumbent = *answer.limit;
  if (stage_ == SearchStage::kRefine) {
    answer.incumbent = contest_.incumbent();
    answer.compared = compared_;
    answer.limit = BestLimit();
  }
  // From the incumbent to both sides, up to the first limit that does differ.
  int lowest = 0;
  int highest = options_.max_limit;
  for (const ComparedLimit& compared : answer.compared) {
    if (compared.verdict == ContestVerdict::kNoDifference ||
        compared.verdict == ContestVerdict::kUndecided) {
      continue;
    }
    if (compared.limit < answer.incumbent) lowest = compared.limit + 1;
    if (compared.limit > answer.incumbent) highest = std::min(highest, compared.limit - 1);
  }
  answer.indifferent = {answer.incumbent};
  for (const ComparedLimit& compared : answer.compared) {
    if (compared.verdict == ContestVerdict::kNoDifference && compared.limit >= lowest &&
        compared.limit <= highest) {
      answer.indifferent.push_back(compared.limit);
    }
  }
  std::sort(answer.indifferent.begin(), answer.indifferent.end());
  answer.capped = IsCapped(*answer.limit);
  answer.still_grows = stage_ == SearchStage::kRamp && *answer.limit > 1 && !answer.capped &&
                       *answer.limit == LogThroughputs(trials_).rbegin()->first;
  answer.client_limited = IsClientLimited(*answer.limit);
  AddScalability(&answer);
  return answer;
}

}  // namespace pgring
