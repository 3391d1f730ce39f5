#include "search/limit_search.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <numbers>
#include <set>

#include "absl/status/statusor.h"
#include "pgring/base/check.h"
#include "search/robust.h"
#include "search/utility.h"

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

// The search ends when no other limit can be expected to win more utility than this for each trial
// so far: the longer it has taken, the less another trial changes. Not before so many trials,
// because the noise of fewer is hardly known.
constexpr double kTooLittleToWin = 7e-6;
constexpr int kFewestTrials = 36;
// The search ends after so many trials in a row that failed: every other one was at a limit that
// had succeeded before, so that the server is the reason.
constexpr int kFailedTrials = 4;
// How far from the best tried limit, as a factor, and above the highest tried one the answer may
// lie: a curve sees what lies between trials, but beyond them it only guesses.
constexpr double kFarthest = 4;
constexpr double kFarthestBeyond = 1.5;
// Candidates are so far apart, as a factor: closer ones do not differ.
constexpr double kApart = 1.03;
// A limit so far from the answer, as a factor, is a neighbour of it.
constexpr double kNeighbour = 1.15;
// A smaller difference of utility never matters, however sure it is.
constexpr double kSmallestDifference = 0.005;
// By how many deviations a limit must be behind to be worse.
constexpr double kShown = 1.96;
// From the highest limit to the one that must be behind it, for "at least".
constexpr double kOneLower = 1.35;

// Gains at which the fitted curve's knee is reported: the peak, the default, Kleinrock's power.
constexpr double kReportedGains[] = {0, kDefaultGain, 0.5};

std::optional<double> Find(const std::map<int, double>& values, int limit) {
  const auto found = values.find(limit);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

// The mean of what lies above 0 of a normal distribution.
double ExpectedGain(const ThroughputCurve::Difference& difference) {
  if (difference.deviation <= 0) return std::max(difference.mean, 0.0);
  const double scaled = difference.mean / difference.deviation;
  const double density = std::exp(-scaled * scaled / 2) / std::sqrt(2 * std::numbers::pi);
  const double probability = std::erfc(-scaled / std::numbers::sqrt2) / 2;
  return difference.deviation * density + difference.mean * probability;
}

}  // namespace

LimitSearch::LimitSearch(const LimitSearchOptions& options)
    : options_(options), random_(options.seed) {
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
      case SearchStage::kCompare:
        PlanPair();
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
  if (planned_.empty()) PlanPair();
}

std::optional<ThroughputCurve> LimitSearch::FitCurve() const {
  return ThroughputCurve::Fit(trials_, *BestTriedLimit(trials_, options_.gain));
}

void LimitSearch::PlanPair() {
  if (stage_ != SearchStage::kCompare) compared_from_ = static_cast<ptrdiff_t>(trials_.size());
  stage_ = SearchStage::kCompare;
  if (FailedInARow() >= kFailedTrials) {
    state_ = SearchState::kOutOfTrials;
    return;
  }
  const std::optional<ThroughputCurve> curve = FitCurve();
  if (Candidates().size() == 1) {
    state_ = SearchState::kConverged;
    return;
  }
  if (!curve) {
    planned_.push_back(*BestTriedLimit(trials_, options_.gain));
    return;
  }
  const Standing standing = StandingBy(*curve);
  std::vector<int> pair = {standing.best, standing.challenger};
  const auto count = static_cast<int>(trials_.size());
  if (standing.could_win < kTooLittleToWin * count && count >= kFewestTrials) {
    const std::optional<int> neighbour = NeighbourOfRamp(standing.best);
    if (!neighbour) {
      state_ = SearchState::kConverged;
      return;
    }
    pair.back() = *neighbour;
  }
  random_.Shuffle(&pair);
  planned_.assign(pair.begin(), pair.end());
}

bool LimitSearch::IsConfirmed(int limit) const {
  std::vector<double> before;
  std::vector<double> since;
  for (auto trial = trials_.begin(); trial != trials_.end(); ++trial) {
    if (trial->limit != limit || !Succeeded(*trial)) continue;
    const bool is_before = trial - trials_.begin() < compared_from_;
    (is_before ? before : since).push_back(std::log(trial->throughput_per_s));
  }
  if (since.empty()) return false;
  if (before.empty() || since.size() > before.size()) return true;
  const std::optional<Noise> noise = TrialNoise(trials_);
  const double contradiction = std::max(kSmallestDifference, noise ? 3 * noise->relative : 0);
  return std::abs(Median(since) - Median(before)) <= contradiction;
}

std::optional<int> LimitSearch::NeighbourOfRamp(int best) const {
  const std::vector<int> candidates = Candidates();
  const std::map<int, double> tried = LogThroughputs(trials_);
  // The nearest on both sides that are far enough to differ.
  std::optional<int> lower;
  std::optional<int> higher;
  for (const int limit : candidates) {
    if (!tried.contains(limit)) continue;
    if (limit * kNeighbour <= best) lower = limit;
    if (limit >= best * kNeighbour && !higher) higher = limit;
  }
  if (lower && !IsConfirmed(*lower)) return lower;
  if (higher && !IsConfirmed(*higher)) return higher;
  return std::nullopt;
}

int LimitSearch::FailedInARow() const {
  return static_cast<int>(std::find_if(trials_.rbegin(), trials_.rend(), Succeeded) -
                          trials_.rbegin());
}

// More often than not, and not only once. Where the server fails altogether, that says nothing of
// limits.
bool LimitSearch::Fails(int limit) const {
  constexpr int kFewestFailed = 2;
  int failed = 0;
  int count = 0;
  const int in_a_row = FailedInARow();
  const auto end = trials_.end() - (in_a_row >= kFailedTrials ? in_a_row : 0);
  for (auto trial = trials_.begin(); trial != end; ++trial) {
    if (trial->limit != limit) continue;
    ++count;
    if (!Succeeded(*trial)) ++failed;
  }
  return failed >= kFewestFailed && 2 * failed > count;
}

std::vector<int> LimitSearch::Candidates() const {
  const int center = *BestTriedLimit(trials_, options_.gain);
  const int highest_tried = LogThroughputs(trials_).rbegin()->first;
  const double lowest = std::max(1.0, std::ceil(center / kFarthest));
  double highest = std::min({static_cast<double>(options_.max_limit), center * kFarthest,
                             std::ceil(highest_tried * kFarthestBeyond)});
  std::set<int> candidates;
  for (const Trial& trial : trials_) {
    // Where operations fail, they do so above as well.
    if (trial.limit > center && Fails(trial.limit)) {
      highest = std::min(highest, trial.limit - 1.0);
    }
  }
  for (double limit = lowest; limit < highest; limit = std::max(limit + 1, limit * kApart)) {
    candidates.insert(static_cast<int>(limit));
  }
  candidates.insert(static_cast<int>(highest));
  for (const Trial& trial : trials_) {
    if (trial.limit >= lowest && trial.limit <= highest) candidates.insert(trial.limit);
  }
  std::vector<int> succeeding;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(succeeding),
               [this](int limit) { return !Fails(limit); });
  if (succeeding.empty()) succeeding.push_back(center);
  return succeeding;
}

ThroughputCurve::Difference LimitSearch::UtilityDifference(const ThroughputCurve& curve, int limit,
                                                           int other) const {
  ThroughputCurve::Difference difference = curve.Compare(limit, other);
  difference.mean -= options_.gain * std::log(static_cast<double>(limit) / other);
  return difference;
}

LimitSearch::Standing LimitSearch::StandingBy(const ThroughputCurve& curve) const {
  const std::vector<int> candidates = Candidates();
  const std::map<int, double> tried = LogThroughputs(trials_);
  Standing standing;
  std::optional<double> most;
  for (const int limit : candidates) {
    if (!tried.contains(limit)) continue;
    const double lead = UtilityDifference(curve, limit, candidates.front()).mean;
    if (most && lead <= *most) continue;
    most = lead;
    standing.best = limit;
  }
  standing.challenger = standing.best;
  for (const int limit : candidates) {
    if (limit == standing.best) continue;
    const double could_win = ExpectedGain(UtilityDifference(curve, limit, standing.best));
    if (could_win <= standing.could_win && standing.challenger != standing.best) continue;
    standing.challenger = limit;
    standing.could_win = could_win;
  }
  return standing;
}

bool LimitSearch::IsWorse(const ThroughputCurve& curve, int limit, int best) const {
  const ThroughputCurve::Difference lead = UtilityDifference(curve, best, limit);
  return lead.mean > std::max(kSmallestDifference, kShown * lead.deviation);
}

std::vector<int> LimitSearch::AsGoodAs(const ThroughputCurve& curve, int best) const {
  std::set<int> tried = {best};
  for (const auto& [limit, unused] : LogThroughputs(trials_)) {
    if (!Fails(limit)) tried.insert(limit);
  }
  const auto differs = [&](int limit) { return IsWorse(curve, limit, best); };
  const auto here = tried.find(best);
  // From the answer to both sides, up to the first limit that is worse.
  const auto end = std::find_if(here, tried.end(), differs);
  const auto begin = std::find_if(std::make_reverse_iterator(here), tried.rend(), differs).base();
  return {begin, end};
}

bool LimitSearch::IsCapped(const std::optional<ThroughputCurve>& curve, int limit) const {
  if (limit != options_.max_limit) return false;
  if (limit == 1) return true;
  if (curve && stage_ == SearchStage::kCompare) {
    const int lower = std::max(1, std::min(limit - 1, static_cast<int>(limit / kOneLower)));
    return IsWorse(*curve, lower, limit);
  }
  // Before there is one, the trials of the ramp decide.
  const std::map<int, double> log_throughputs = LogThroughputs(trials_);
  const auto here = log_throughputs.find(limit);
  if (here == log_throughputs.end() || here == log_throughputs.begin()) return limit == 1;
  const auto lower = std::prev(here);
  return Utility(limit, here->second, options_.gain) -
             Utility(lower->first, lower->second, options_.gain) >
         kSmallestDifference;
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
  answer.indifferent = {*answer.limit};
  const std::optional<ThroughputCurve> curve = FitCurve();
  if (curve && stage_ != SearchStage::kRamp) {
    answer.limit = StandingBy(*curve).best;
    answer.indifferent = AsGoodAs(*curve, *answer.limit);
  }
  answer.capped = IsCapped(curve, *answer.limit);
  answer.still_grows = stage_ == SearchStage::kRamp && *answer.limit > 1 && !answer.capped &&
                       *answer.limit == LogThroughputs(trials_).rbegin()->first;
  answer.client_limited = IsClientLimited(*answer.limit);
  AddScalability(&answer);
  return answer;
}

}  // namespace pgring
