// What the server's sessions were seen to do during a run: samples of pg_stat_activity, the
// server's own counters around the run, and what taking both cost. Plain data whose parts add up
// exactly; nothing here can fail.
//
// One process of those that share a run samples, for all of them: Add is for parts that saw
// different times, such as repeats.
#ifndef PGRING_DIAGNOSIS_SERVER_SAMPLES_H_
#define PGRING_DIAGNOSIS_SERVER_SAMPLES_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diagnosis/scan_findings.h"
#include "diagnosis/wait_events.h"
#include "pgring/statistics/proportion.h"

namespace pgring {

class Archive;
struct Cause;

// What one row of a sample counts.
struct WaitKey {
  std::string state;            // "active", "idle in transaction"
  std::string wait_event_type;  // empty: the session does not wait
  std::string wait_event;       // by its name of PostgreSQL 13 to 16 where it has one
  std::optional<int64_t> query_id;
};
bool operator<(const WaitKey& left, const WaitKey& right);
bool operator==(const WaitKey& left, const WaitKey& right);

// The sessions that one sample saw at work or in a transaction.
using SampledSessions = std::map<WaitKey, int64_t>;

// Samples that follow each other see the same transactions and the same checkpoint: they are
// counted in blocks of this many (about 0.2 s), and the blocks are what the intervals are made of.
inline constexpr int kSamplesInBlock = 10;

// The samples of one phase.
class SampleTally {
 public:
  void Add(const SampledSessions& sample);
  // Closes the block that has begun; no sample may follow.
  void Finish();
  // Both are finished.
  void Add(const SampleTally& other);

  int64_t samples() const { return samples_; }
  // Samples that saw any session whose class is known.
  int64_t samples_with_sessions() const { return samples_with_sessions_; }
  int64_t sessions() const { return Class(WaitClass::kCpu).denominator; }
  const SampledSessions& counts() const { return counts_; }
  // Of the sessions seen whose class is known, those of that class, which is not kUndecided.
  const RatioSums& Class(WaitClass wait_class) const {
    return classes_[static_cast<size_t>(wait_class)];
  }
  // Sessions per sample: all, those that execute a statement, those idle in a transaction.
  const RatioSums& Total() const { return total_; }
  const RatioSums& Active() const { return active_; }
  const RatioSums& IdleInTransaction() const { return idle_in_transaction_; }

  friend bool operator==(const SampleTally& left, const SampleTally& right);
  // Of a finished one.
  friend void Archived(Archive* archive, SampleTally* tally);

 private:
  struct Block {
    int64_t samples = 0;
    int64_t active = 0;
    int64_t idle_in_transaction = 0;
    std::array<int64_t, kWaitClassCount> classes = {};
  };

  int64_t samples_ = 0;
  int64_t samples_with_sessions_ = 0;
  SampledSessions counts_;
  std::array<RatioSums, kWaitClassCount> classes_;
  RatioSums total_;
  RatioSums active_;
  RatioSums idle_in_transaction_;
  Block block_;
};

struct SamplerCost {
  int64_t queries = 0;
  double server_s = 0;  // at work on them, by the server's clock
  double user_s = 0;    // CPU time of the sampler's thread
  double system_s = 0;
  double span_s = 0;  // for how long it sampled

  void Add(const SamplerCost& other);
};

// Differences of the server's counters, by "view.column" in the names of the version at hand.
using ServerCounters = std::map<std::string, double>;

struct TableActivity {
  int64_t sequential_scans = 0;
  int64_t sequential_tuples = 0;
  int64_t index_scans = 0;
  int64_t index_tuples = 0;

  void Add(const TableActivity& other);
};

struct ServerSamples {
  SampleTally measured;
  // From before the first connection to the end of the last one, warm-up included: what the
  // counters cover too, because a session's counts appear when it ends at the latest.
  SampleTally whole;
  // All but its CPU time, which is of the measured phase.
  SamplerCost whole_cost;
  ServerCounters counters;
  std::map<std::string, TableActivity> tables;  // by name, with its schema where that is needed
  // Waits for a lock and rows locked, by the kind of lock and the table.
  std::map<std::pair<std::string, std::string>, int64_t> locks;
  // Rows of sessions of ours whose state the role may not see.
  int64_t hidden_rows = 0;
  // Active sessions of other programs in the same database, and rows of others that are hidden.
  int64_t other_active = 0;
  // The server's sessions outlive the run, so that the counters are not those of the run.
  bool behind_pooler = false;
  SamplerCost cost;  // of the measured phase
  std::vector<ScanFinding> scans;
  std::vector<ForeignKeyFinding> foreign_keys;
  // Of samples that were saved: what they said, for the samples themselves are gone.
  std::shared_ptr<const Cause> saved_cause;

  void Add(const ServerSamples& other);
  // Nothing where the server does not count it.
  std::optional<double> Counter(const std::string& name) const;
};
// Without a saved cause: that is of samples that are gone.
void Archived(Archive* archive, ServerSamples* samples);

}  // namespace pgring

#endif  // PGRING_DIAGNOSIS_SERVER_SAMPLES_H_
