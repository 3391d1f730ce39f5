// Processes on one machine or many, started by an engine that exists (mpirun, srun, a Kubernetes
// Job), that act as one client. They meet at the database, which all of them reach anyway: each has
// a session there, in which it holds an advisory lock on (fleet, rank), as long as it lives, and
// says what there is to be said in its application_name. Nothing is written, so a hot standby does.
//
// What they exchange are numbers, one by each worker at a time: an exchange is a barrier as well.
// A worker that has gone or does not answer is named, and the others go on without it.
//
// Borrows what it is given. Not thread-safe.
#ifndef PGRING_EXPERIMENT_FLEET_H_
#define PGRING_EXPERIMENT_FLEET_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pgring/base/clock.h"
#include "pgring/base/interrupt.h"
#include "pgring/postgres/blocking_session.h"
#include "pgring/postgres/connection_parameters.h"
#include "run/plan.h"
#include "run/run.h"
#include "run/start_line.h"
#include "workload/workload.h"

namespace pgring {

struct FleetPlan {
  std::string id;
  int rank = 0;
  int size = 1;
  // For how long workers that are missing, or do not answer, are waited for.
  double timeout_s = 60;
};

// What all workers of a run did together, as far as its verification needs it.
struct FleetWork {
  CommittedWork work;
  bool interrupted = false;  // one of them was
};

class Fleet final : public StartLine {
 public:
  // Waits until all workers are there, and checks that they have the same version and plan. Fails
  // in one line that names the workers it is about. `control` leads to the server itself, not to a
  // pooler.
  static absl::StatusOr<std::unique_ptr<Fleet>> Join(const FleetPlan& plan,
                                                     const ComparisonPlan& comparison,
                                                     const ConnectionParameters& control,
                                                     const Interrupt* interrupt,
                                                     const Clock* clock = SteadyClock::Get());
  ~Fleet() override;
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  const FleetPlan& plan() const { return plan_; }
  bool is_first() const { return plan_.rank == 0; }
  // Drawn by the first worker when they came together.
  uint64_t gathering() const { return gathering_; }
  // Workers that are gone, and why: "ended", "did not answer for 60 s".
  const std::map<int, std::string>& lost() const { return lost_; }

  // The number that each of them gives, by rank; nothing of those that are gone. numbers >= -1.
  // Waits for those that do not answer for the fleet's timeout and `patience_ns` more.
  absl::StatusOr<std::vector<std::optional<int64_t>>> Exchange(int64_t number,
                                                               int64_t patience_ns = 0);
  // Of those that are there.
  absl::StatusOr<int64_t> Sum(int64_t number, int64_t patience_ns = 0);
  // The first worker's, which the others' `number` does not matter to. Unavailable: it is gone.
  absl::StatusOr<int64_t> OfFirst(int64_t number);

  // A run: the first worker has prepared it, or not; the others get to know what it has found out
  // (see Workload::Findings). An error: it is not to be begun.
  absl::Status Begin(const absl::Status& prepared, std::string* findings);
  // It has ended here; waits for the others.
  absl::StatusOr<FleetWork> End(const Run& run);

  // The start of a run, at one moment of the server's clock. An error: a worker is gone.
  absl::StatusOr<int64_t> Await() override;
  // Of the last start: when it was by this worker's clock, how late it began, and how far the
  // estimate of the difference between its clock and the server's may be off.
  int64_t start_ns() const { return start_ns_; }
  int64_t late_ns() const { return late_ns_; }
  int64_t clock_bound_ns() const { return clock_bound_ns_; }

 private:
  // What a worker said last.
  struct Word {
    int64_t phase = 0;
    int64_t number = 0;
    int64_t number_before = 0;
  };

  Fleet(FleetPlan plan, const ConnectionParameters& control, const Interrupt* interrupt,
        const Clock* clock);
  std::string Name() const;
  absl::Status Connect();
  absl::Status TakePlace();
  absl::Status CheckSame(const ComparisonPlan& comparison);
  absl::Status ExpectSame(int64_t number, const std::string& what);
  absl::Status Say(int64_t number);
  absl::StatusOr<std::map<int, Word>> Listen();
  void NoteLost(const std::map<int, Word>& words);
  absl::Status EstimateClock();
  std::string MissingText(const std::map<int, Word>& words) const;

  const FleetPlan plan_;
  ConnectionParameters parameters_;
  const Interrupt* const interrupt_;
  const Clock* const clock_;
  const uint32_t key_;
  std::unique_ptr<BlockingSession> session_;
  uint64_t gathering_ = 0;
  int64_t phase_ = 0;
  int64_t said_ = 0;
  bool has_met_ = false;      // all of them
  bool has_started_ = false;  // in this run
  std::map<int, std::string> lost_;
  int64_t offset_ns_ = 0;  // of the server's clock to this one
  int64_t clock_bound_ns_ = 0;
  int64_t start_ns_ = 0;
  int64_t late_ns_ = 0;
};

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_FLEET_H_
