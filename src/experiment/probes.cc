#include "experiment/probes.h"

#include "pgring/metrics/process_cost.h"

namespace pgring {
namespace {

class ProcessCostProbe final : public Probe {
 public:
  void Start() override { before_ = SampleProcessCost(); }
  void Stop() override {
    if (before_.has_value()) cost_ = SampleProcessCost() - *before_;
  }
  void Collect(Run* run) const override { run->client = cost_; }

 private:
  // Nothing: no measured phase began, and the process's whole life is not what it cost.
  std::optional<ProcessCost> before_;
  ProcessCost cost_;
};

class PeakMemoryProbe final : public Probe {
 public:
  PeakMemoryProbe() : is_ours_(ResetPeakMemory()) {}
  void Start() override {}
  void Stop() override {
    if (is_ours_) peak_bytes_ = PeakMemoryBytes();
  }
  void Collect(Run* run) const override { run->peak_memory_bytes = peak_bytes_; }

 private:
  const bool is_ours_;
  std::optional<int64_t> peak_bytes_;
};

class ServerCostProbe final : public Probe {
 public:
  explicit ServerCostProbe(pid_t postmaster) : postmaster_(postmaster) {}
  void Start() override { before_ = SampleTreeCost(postmaster_); }
  void Stop() override { after_ = SampleTreeCost(postmaster_); }
  void Collect(Run* run) const override {
    if (!before_.has_value() || !after_.has_value()) return;
    run->server = TreeCost{after_->user_s - before_->user_s, after_->system_s - before_->system_s};
  }

 private:
  const pid_t postmaster_;
  std::optional<TreeCost> before_;
  std::optional<TreeCost> after_;
};

}  // namespace

void Probes::Start() {
  for (const std::unique_ptr<Probe>& probe : probes_) probe->Start();
}

void Probes::Stop() {
  for (auto probe = probes_.rbegin(); probe != probes_.rend(); ++probe) (*probe)->Stop();
}

void Probes::Collect(Run* run) const {
  for (const std::unique_ptr<Probe>& probe : probes_) probe->Collect(run);
}

std::unique_ptr<Probe> MakeProcessCostProbe() { return std::make_unique<ProcessCostProbe>(); }

std::unique_ptr<Probe> MakePeakMemoryProbe() { return std::make_unique<PeakMemoryProbe>(); }

std::unique_ptr<Probe> MakeServerCostProbe(pid_t postmaster) {
  return std::make_unique<ServerCostProbe>(postmaster);
}

}  // namespace pgring
