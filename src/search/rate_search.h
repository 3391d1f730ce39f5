// Looks for the highest arrival rate that keeps what is asked of it: a pure state machine, told of
// each trial whether its rate held.
//
// Rates grow by steps from half of what a closed loop achieved until one does not hold; then the
// range between the highest that held and the lowest that did not is halved. Because a rate can
// fail by chance, one that failed once is tried a second time before it counts; because it can hold
// by chance, the answer has held twice. After a failure the search goes on below what was achieved.
//
// Nothing here can fail.
#ifndef PGRING_SEARCH_RATE_SEARCH_H_
#define PGRING_SEARCH_RATE_SEARCH_H_

#include <optional>

namespace pgring {

// How closely the answer is known when the search is done: a part of it.
inline constexpr double kRatePrecision = 0.05;
// About as many trials as that takes.
inline constexpr double kPlannedRateTrials = 14;
// A rate below this part of the closed loop's throughput is not looked for.
inline constexpr double kLowestRateShare = 0.01;

class RateSearch {
 public:
  // `closed_loop_per_s` > 0: no rate above it can be kept.
  explicit RateSearch(double closed_loop_per_s);

  // The rate of the next trial, per second. Not once done.
  double NextRate() const { return next_; }
  // Whether the trial at NextRate held, and how many operations a second it achieved.
  void Record(bool holds, double achieved_per_s);
  bool done() const { return done_; }
  // The highest rate that held, twice if there was time for it; nothing: none did.
  std::optional<double> answer() const;
  // That rate held twice.
  bool held_twice() const { return held_twice_; }
  // A higher rate is known not to hold; otherwise the answer is "at least".
  bool is_bounded() const { return has_failed_; }

 private:
  void Hold();
  void Fail(double achieved_per_s);
  void Choose();

  const double ceiling_;
  double next_;
  double held_ = 0;  // the highest rate that held
  bool held_twice_ = false;
  double failed_;  // the lowest rate that failed twice, or the ceiling
  bool has_failed_ = false;
  bool failed_once_ = false;  // the next trial repeats one that failed
  bool done_ = false;
};

}  // namespace pgring

#endif  // PGRING_SEARCH_RATE_SEARCH_H_
