// What limits a run as the server sees it: what its sessions were doing when they were sampled, as
// shares with intervals, one class of them named where it is certain to be the largest, and whether
// the samples agree with the server's exact counters.
//
// Pure; nothing here can fail.
//
// The share of a class is that of all sessions seen at work or in a transaction. Sessions of one
// sample are not independent (of those that wait for one flush all are seen, or none), nor are
// samples that follow each other. So the intervals are Wilson's for an effective number of
// observations: share * (1 - share) divided by the variance of the share between blocks of samples
// (RatioSums::variance), and never more than there were samples that saw a session, so that a block
// without any variance does not make certain. The quantile is Student's for as many blocks.
#ifndef PGRING_DIAGNOSIS_CAUSE_H_
#define PGRING_DIAGNOSIS_CAUSE_H_

#include <optional>
#include <string>
#include <vector>

#include "diagnosis/server_samples.h"
#include "pgring/statistics/median_interval.h"

namespace pgring {

// What the run itself knows; 0: not known.
struct CauseEnvironment {
  double mean_in_use = 0;  // connections that had an operation
};

struct ClassShare {
  WaitClass wait_class = WaitClass::kOther;
  double share = 0;
  Interval interval = {0, 1};
};

enum class SampleCheck : uint8_t {
  kAgrees,       // with the server's counters of time
  kDisagrees,    // the samples are not trusted
  kNotPossible,  // the counters do not exist or are not the run's alone
};

struct Cause {
  // Classes that were seen, the largest first; empty without a session.
  std::vector<ClassShare> shares;
  // Whose interval lies above those of all others.
  std::optional<WaitClass> named;
  // Most of the connections in use had no session at work: the operations were elsewhere. Where
  // sessions were on a processor, fewer than one on average: a session whose request has come is at
  // work only once it gets a processor, so that a few may be all that the processors can do.
  bool few_at_work = false;
  SampleCheck check = SampleCheck::kNotPossible;
  // Why it could not be made, or what disagrees.
  std::string check_text;
  // Sessions executing a statement, and idle in a transaction, on average.
  double active = 0;
  double idle_in_transaction = 0;

  // For "What limited it: …", without a full stop, with the share and its interval; what is seen
  // instead where no class is named. Empty without a session.
  std::string summary;
  // What to do: a sentence; empty where no class is named.
  std::string advice;

  // Whether the summary tells a cause that holds. It does where the samples agree with the counters
  // or cannot be checked; and where they differ, but the class that is named is the largest by the
  // counters all the same.
  bool is_trusted = false;
};

// Fewer blocks name no class: a second at the usual rate of samples.
inline constexpr int kFewestBlocks = 5;

Cause FindCause(const ServerSamples& samples, const CauseEnvironment& environment);

}  // namespace pgring

#endif  // PGRING_DIAGNOSIS_CAUSE_H_
