// What is observed of this process and of the server while a run is measured: a list of probes, all
// of which start when the measured phase does and stop when the run has ended.
//
// Not thread-safe, but Start may be called on another thread than the rest. Cannot fail: what a
// system does not tell stays empty.
#ifndef PGRING_EXPERIMENT_PROBES_H_
#define PGRING_EXPERIMENT_PROBES_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <vector>

#include "run/run.h"

namespace pgring {

class Probe {
 public:
  virtual ~Probe() = default;
  virtual void Start() = 0;
  virtual void Stop() = 0;
  // Puts what was seen between the two into the run.
  virtual void Collect(Run* run) const = 0;
};

class Probes final : public Probe {
 public:
  void Add(std::unique_ptr<Probe> probe) { probes_.push_back(std::move(probe)); }
  void Start() override;
  // In the opposite order, so that the probe that was added last sees nothing of what the others
  // cost.
  void Stop() override;
  void Collect(Run* run) const override;

 private:
  std::vector<std::unique_ptr<Probe>> probes_;
};

// CPU time and context switches of this process.
std::unique_ptr<Probe> MakeProcessCostProbe();
// The most memory that this process had since the probe was made: the system's record begins anew
// then.
std::unique_ptr<Probe> MakePeakMemoryProbe();
// CPU time of a server on this machine and of all its processes.
std::unique_ptr<Probe> MakeServerCostProbe(pid_t postmaster);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_PROBES_H_
