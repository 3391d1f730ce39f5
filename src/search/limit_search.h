// The search for the best limit of operations in flight, as a state machine without time, threads
// or input: it says at which limit the next trial is to be measured, and is told what came of it.
//
//   ramp     trials at 1, 2, 4, ... until throughput stops to grow, or the highest limit
//   fit      trials closer around the best of these
//   compare  a curve through all trials (ThroughputCurve) says which limit is best, and which other
//            one is most likely to be better still, or by most: these two are measured, and so on
//            until no other limit can be expected to win anything that matters
//
// A caller may stop at any trial and ask for the answer, which is close after the fit.
//
// Why not a controller that climbs by latency, as those of services do: with the limit always full,
// response time is limit / throughput, and says nothing that throughput does not; such controllers
// need a response time without load, or drops, which there are none of here.
//
// Not thread-safe. Cannot fail; what can only be a programming error stops the program.
#ifndef PGRING_SEARCH_LIMIT_SEARCH_H_
#define PGRING_SEARCH_LIMIT_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "pgring/base/random.h"
#include "pgring/statistics/universal_scalability.h"
#include "search/throughput_curve.h"
#include "search/trial.h"

namespace pgring {

inline constexpr double kDefaultGain = 0.1;
inline constexpr int kDefaultMostTrials = 150;

struct LimitSearchOptions {
  // What a higher limit must win to be worth it; see Utility. 0 .. 0.5.
  double gain = kDefaultGain;
  int max_limit = 1;  // >= 1
  uint64_t seed = 0;  // of the order of the two trials of a pair
  // How many trials can be afforded, >= 1. The search ends there if it has not ended before; with
  // few it spends less on each limit of the ramp.
  int most_trials = kDefaultMostTrials;
};

enum class SearchStage : uint8_t { kRamp, kFit, kCompare };

enum class SearchState : uint8_t {
  kSearching,
  kConverged,
  kOutOfTrials,
  kEveryTrialFailed,  // there is no answer
};

// Where a fitted curve has its knee.
struct KneeEstimate {
  double gain = 0;
  std::optional<double> limit =
      std::nullopt;     // nothing where the curve rises on, or a peak is not shown
  bool tested = false;  // within the limits of the trials: otherwise it is a forecast
};

struct SearchAnswer {
  std::optional<int> limit;  // nothing if no trial succeeded
  // Tested limits, ascending, from the lowest to the highest that are not shown to be worse than
  // the answer, which is one of them.
  std::vector<int> indifferent;
  // The answer is the highest limit that may be tried, and lower ones are worse: "at least".
  bool capped = false;
  // The answer is the highest limit that was tried, and the search ended before it tried a higher
  // one than that: "at least".
  bool still_grows = false;
  // At the answer, or at the next higher limit that was tried, the client was the limit in half of
  // the trials or more: what looks like the server's knee may be the client's.
  bool client_limited = false;
  int trials = 0;
  std::optional<double> noise;  // relative; see TrialNoise
  // Of all trials that succeeded and in which the client was not the limit; nothing if that failed.
  std::optional<ScalabilityFit> scalability;
  std::vector<KneeEstimate> knees;  // at the gains 0, 0.1 and 0.5, if there is a fit
  bool converged = false;           // false: stopped before the search had come to its end
};

class LimitSearch {
 public:
  explicit LimitSearch(const LimitSearchOptions& options);

  // The limit at which the next trial is to be measured, 1 .. max_limit. Not when done.
  int NextLimit() const;

  // `trial.limit` is NextLimit().
  void Record(const Trial& trial);

  SearchState state() const { return state_; }
  bool done() const { return state_ != SearchState::kSearching; }
  SearchStage stage() const { return stage_; }
  const std::vector<Trial>& trials() const { return trials_; }

  // At any time.
  SearchAnswer answer() const;

 private:
  void PlanRampLimit(int limit);
  void EndRampTrials();
  void BeginFit();
  void PlanPair();
  // A trial has succeeded.
  std::optional<ThroughputCurve> FitCurve() const;

  // What the curve says.
  struct Standing {
    int best = 1;          // of those at which a trial succeeded
    int challenger = 1;    // the best itself where there is no other limit
    double could_win = 0;  // of utility, to be expected of the challenger
  };
  Standing StandingBy(const ThroughputCurve& curve) const;
  // The limits that may be the answer, ascending; one or more.
  std::vector<int> Candidates() const;
  // A neighbour of `best` that is not confirmed, if there is one.
  std::optional<int> NeighbourOfRamp(int best) const;
  // Its trials of the ramp and the fit, when the server may have been busy with something else,
  // were repeated since; so often that they are outvoted, where they contradict each other.
  bool IsConfirmed(int limit) const;
  bool Fails(int limit) const;
  int FailedInARow() const;
  // How much higher the utility at `limit` is than at `other`.
  ThroughputCurve::Difference UtilityDifference(const ThroughputCurve& curve, int limit,
                                                int other) const;
  bool IsWorse(const ThroughputCurve& curve, int limit, int best) const;
  std::vector<int> AsGoodAs(const ThroughputCurve& curve, int best) const;
  bool IsCapped(const std::optional<ThroughputCurve>& curve, int limit) const;
  bool IsClientLimited(int limit) const;
  void AddScalability(SearchAnswer* answer) const;

  LimitSearchOptions options_;
  Random random_;  // the order within pairs
  SearchState state_ = SearchState::kSearching;
  SearchStage stage_ = SearchStage::kRamp;
  std::vector<Trial> trials_;
  std::deque<int> planned_;  // the limits of the next trials; when empty, the next step is decided

  ptrdiff_t compared_from_ = 0;  // of trials_: the first of the pairs

  int ramp_limit_ = 1;
  std::optional<double> previous_log_throughput_;  // of the ramp's previous limit, and that limit
  int previous_ramp_limit_ = 0;
  int bad_in_a_row_ = 0;  // limits of the ramp that won too little
};

}  // namespace pgring

#endif  // PGRING_SEARCH_LIMIT_SEARCH_H_
