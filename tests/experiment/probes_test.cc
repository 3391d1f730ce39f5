// What is observed while a run is measured: in which order the probes begin and end, and what they
// leave in the run.
#include "experiment/probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pgring/metrics/process_cost.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

// Writes down when it is called, and leaves its name in the run.
class FakeProbe final : public Probe {
 public:
  FakeProbe(std::string name, std::vector<std::string>* events)
      : name_(std::move(name)), events_(events) {}
  void Start() override { events_->push_back(name_ + " starts"); }
  void Stop() override { events_->push_back(name_ + " stops"); }
  void Collect(pgring::Run* run) const override { run->remarks.push_back(name_); }

 private:
  const std::string name_;
  std::vector<std::string>* const events_;
};

double CpuSeconds(const ProcessCost& cost) { return cost.user_s + cost.system_s; }

void KeepBusyFor(double cpu_s) {
  const double until_s = CpuSeconds(SampleProcessCost()) + cpu_s;
  while (CpuSeconds(SampleProcessCost()) < until_s) {
  }
}

TEST(ProbesTest, TheLastOneSeesNothingOfTheOthers) {
  std::vector<std::string> events;
  Probes probes;
  for (const char* name : {"first", "second", "third"}) {
    probes.Add(std::make_unique<FakeProbe>(name, &events));
  }
  probes.Start();
  events.emplace_back("measured");
  probes.Stop();
  EXPECT_THAT(events, ElementsAre("first starts", "second starts", "third starts", "measured",
                                  "third stops", "second stops", "first stops"));
  pgring::Run run;
  probes.Collect(&run);
  EXPECT_THAT(run.remarks, ElementsAre("first", "second", "third"));
}

TEST(ProbesTest, NoProbesAreNoTrouble) {
  Probes probes;
  probes.Start();
  probes.Stop();
  pgring::Run run;
  probes.Collect(&run);
  EXPECT_THAT(run.remarks, ::testing::IsEmpty());
}

TEST(ProbesTest, TheProcessCostIsThatOfTheMeasuredPhase) {
  const std::unique_ptr<Probe> probe = MakeProcessCostProbe();
  const ProcessCost all_before = SampleProcessCost();
  KeepBusyFor(0.05);
  const ProcessCost before = SampleProcessCost();
  probe->Start();
  KeepBusyFor(0.02);
  probe->Stop();
  const ProcessCost after = SampleProcessCost();
  KeepBusyFor(0.05);
  pgring::Run run;
  probe->Collect(&run);
  EXPECT_GE(CpuSeconds(run.client), 0.02 - 1e-6);
  EXPECT_LE(CpuSeconds(run.client), CpuSeconds(after - before) + 1e-6);
  EXPECT_LT(CpuSeconds(run.client), CpuSeconds(after - all_before));
}

// A run that ended before its clock started cost nothing. It was told to have cost what the process
// had used since it began.
TEST(ProbesTest, WithoutAMeasuredPhaseThereIsNoCost) {
  KeepBusyFor(0.01);
  Probes probes;
  probes.Add(MakeServerCostProbe(getpid()));
  probes.Add(MakeProcessCostProbe());
  probes.Stop();
  pgring::Run run;
  probes.Collect(&run);
  EXPECT_EQ(CpuSeconds(run.client), 0);
  EXPECT_EQ(run.client.voluntary_switches, 0);
  EXPECT_FALSE(run.server.has_value());
}

TEST(ProbesTest, TheServersCostIsThatOfItsProcesses) {
  // This process stands for the server. The system counts in ticks of 10 ms.
  const std::unique_ptr<Probe> probe = MakeServerCostProbe(getpid());
  probe->Start();
  KeepBusyFor(0.05);
  probe->Stop();
  pgring::Run run;
  probe->Collect(&run);
  ASSERT_TRUE(run.server.has_value());
  EXPECT_GE(run.server->user_s + run.server->system_s, 0.02);
}

TEST(ProbesTest, OfAServerThatIsGoneNothingIsKnown) {
  constexpr pid_t kNoProcess = 4'194'305;  // above the highest pid that Linux has
  const std::unique_ptr<Probe> probe = MakeServerCostProbe(kNoProcess);
  probe->Start();
  probe->Stop();
  pgring::Run run;
  probe->Collect(&run);
  EXPECT_FALSE(run.server.has_value());
}

TEST(ProbesTest, PeakMemoryHoldsWhatWasFreedAgain) {
  constexpr size_t kMore = 32 << 20;
  const std::unique_ptr<Probe> probe = MakePeakMemoryProbe();
  const auto before = ResidentMemoryBytes();
  probe->Start();
  {
    const std::vector<char> touched(kMore, 'x');
    EXPECT_EQ(touched[kMore / 2], 'x');
  }
  probe->Stop();
  pgring::Run run;
  probe->Collect(&run);
  // Nothing where the kernel does not let a process begin its record anew.
  if (!run.peak_memory_bytes.has_value()) GTEST_SKIP() << "no peak of our own here";
  EXPECT_GE(*run.peak_memory_bytes, *before + static_cast<int64_t>(kMore) / 2);
}

}  // namespace
}  // namespace pgring
