// An incumbent limit against challengers, in blocks: a block is one trial of each, close together
// in time and in random order, and only trials of one block are compared. So what changes slowly on
// a machine cancels, and what changes fast is noise.
//
// Pure; what can only be a programming error stops the program.
#ifndef PGRING_SEARCH_CONTEST_H_
#define PGRING_SEARCH_CONTEST_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "search/trial.h"

namespace pgring {

enum class ContestVerdict : uint8_t {
  kUndecided,     // too few blocks
  kWorse,         // the challenger is worse than the incumbent
  kNoDifference,  // none is shown
  kBetter,
};

// A challenger beside the incumbent.
struct ComparedLimit {
  int limit = 1;
  int blocks = 0;
  ContestVerdict verdict = ContestVerdict::kUndecided;
  double utility_difference = 0;  // its median over the blocks; > 0: the challenger is better
  double standard_error = 0;      // of that median
  double throughput_ratio = 1;    // challenger's to incumbent's, the median over the blocks
};

class Contest {
 public:
  // Fewer blocks give no verdict: a median of three trials does not survive two pauses.
  static constexpr int kFewestBlocks = 4;
  // After so many, what is not decided is too small to be worth more trials.
  static constexpr int kMostBlocks = 8;
  // A smaller difference of utility never matters, however sure it is.
  static constexpr double kSmallestDifference = 0.005;

  // incumbent >= 1, 0 <= gain < 1.
  Contest(int incumbent, double gain) : incumbent_(incumbent), gain_(gain) {}

  int incumbent() const { return incumbent_; }

  // The trials of a block: one of the incumbent, one of each of some challengers. A trial with
  // failures loses by more than any throughput could; two of them show no difference.
  void AddBlock(const std::vector<Trial>& block);

  // The challengers so far, by limit. `noise` is that of all trials, if it is known.
  std::vector<ComparedLimit> Compare(const std::optional<Noise>& noise) const;

 private:
  ComparedLimit CompareOne(int challenger, const std::vector<double>& differences,
                           const std::optional<Noise>& noise) const;

  int incumbent_;
  double gain_;
  std::map<int, std::vector<double>> differences_;  // of utility, by challenger
};

}  // namespace pgring

#endif  // PGRING_SEARCH_CONTEST_H_
