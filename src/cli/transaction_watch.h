// What -l and -P see of a run: writes pgbench's transaction log and keeps the totals that pgbench's
// progress lines are made from.
//
// One for a whole comparison, told of each run's begin and end. OnOperationEnded is called on the
// runner's threads, Totals on the progress display's.
#ifndef PGRING_CLI_TRANSACTION_WATCH_H_
#define PGRING_CLI_TRANSACTION_WATCH_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/options.h"
#include "pgring/base/random.h"
#include "report/log_file.h"
#include "report/pgbench_log.h"
#include "report/pgbench_progress.h"
#include "run/operation_log.h"
#include "run/run_progress.h"

namespace pgring {

class TransactionWatch final : public OperationLog {
 public:
  TransactionWatch(const OutputOptions& output, const LoadPlan& load, uint64_t seed);
  // Of a worker: its log is called after the process that forked it and its rank, as pgbench's
  // after its threads; its totals are told to `totals`, which outlives it.
  void BecomeWorkers(int64_t process_id, int rank, LiveTotals* totals);

  // Whether anything was asked for that needs it.
  bool wanted() const { return output_.log || output_.progress_interval_s.has_value(); }

  // With a log: whether its files can be created, before anything is measured.
  absl::Status CheckLog() const;

  // The run that comes is one of workers, which have logs of their own: its totals are theirs.
  void FollowWorkers(std::shared_ptr<const RunProgress> progress);

  // `label` names the log's file where there are several runs: "pgbench_log.window.123".
  absl::Status StartRun(const std::string& label);
  // Says whether the whole log was written.
  absl::Status EndRun();

  void OnOperationEnded(const EndedOperation& ended) override;
  PgbenchProgressTotals Totals() const;

 private:
  PgbenchTransaction TransactionOf(const EndedOperation& ended);
  void Write(const PgbenchTransaction& transaction);
  int64_t EpochUs(int64_t steady_ns) const { return (steady_ns + epoch_offset_ns_) / 1'000; }

  void TellTotals() const;

  const OutputOptions& output_;
  int64_t process_id_;
  int rank_ = 0;
  LiveTotals* told_totals_ = nullptr;
  std::shared_ptr<const RunProgress> workers_;  // nullptr: this process runs the operations
  PgbenchLogFormat format_;
  mutable std::mutex mutex_;
  PgbenchProgressTotals totals_;
  // Of the run in progress.
  int64_t epoch_offset_ns_ = 0;
  std::vector<int64_t> numbers_;  // of each client's last transaction
  std::unique_ptr<LogFile> file_;
  std::optional<PgbenchAggregator> aggregator_;
  absl::Status written_;
  Random sampling_;
};

}  // namespace pgring

#endif  // PGRING_CLI_TRANSACTION_WATCH_H_
