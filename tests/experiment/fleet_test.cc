// How workers meet at a real server: what they exchange, when they start, and what the bound on
// their clocks is worth when those are far apart.
#include "experiment/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pgring/base/clock.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

// Another machine's: it began to count at another time.
class OffsetClock final : public Clock {
 public:
  explicit OffsetClock(int64_t offset_ns) : offset_ns_(offset_ns) {}
  int64_t NowNs() const override { return SteadyClock::Get()->NowNs() + offset_ns_; }
  int64_t offset_ns() const { return offset_ns_; }

 private:
  const int64_t offset_ns_;
};

ComparisonPlan SomePlan() {
  ComparisonPlan plan;
  ScenarioPlan scenario;
  scenario.type = FindScenarioType("window");
  scenario.label = "window:4";
  scenario.limit = 4;
  scenario.pool.size = 4;
  plan.scenarios = {scenario};
  return plan;
}

class FleetTest : public ::testing::Test {
 protected:
  // Runs `work` with a worker of each rank, on threads in place of machines.
  template <typename Work>
  void InFleet(const std::string& id, const std::vector<const Clock*>& clocks, const Work& work) {
    const int size = static_cast<int>(clocks.size());
    const ConnectionParameters parameters = ServerParameters();
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back([&, rank] {
        Interrupt interrupt;
        auto fleet =
            Fleet::Join({.id = id, .rank = rank, .size = size, .timeout_s = 20}, SomePlan(),
                        parameters, &interrupt, clocks[static_cast<size_t>(rank)]);
        ASSERT_TRUE(fleet.ok()) << fleet.status();
        work(fleet->get());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(FleetTest, NumbersAreExchangedAndOneThatGoesIsNamed) {
  const std::vector<const Clock*> clocks(3, SteadyClock::Get());
  InFleet("numbers", clocks, [](Fleet* fleet) {
    const int rank = fleet->plan().rank;
    const auto numbers = fleet->Exchange(rank * 10 - 1);
    ASSERT_TRUE(numbers.ok()) << numbers.status();
    EXPECT_THAT(*numbers, ElementsAre(Optional(-1), Optional(9), Optional(19)));
    EXPECT_EQ(*fleet->Sum(int64_t{1} << (40 + rank)), int64_t{7} << 40);
    EXPECT_EQ(*fleet->OfFirst(rank == 0 ? 42 : 7), 42);
    if (rank == 2) return;
    // It is waited for until its session has ended.
    EXPECT_EQ(*fleet->Sum(rank + 1), 3);
    ASSERT_EQ(fleet->lost().size(), 1u);
    EXPECT_EQ(fleet->lost().begin()->first, 2);
    // Who goes first must not be missed in what the other still waits for.
    (void)fleet->Sum(0);
  });
}

TEST_F(FleetTest, ClocksThatAreFarApartStartWithinTheirBounds) {
  const std::array<OffsetClock, 3> clocks = {OffsetClock(0),
                                             OffsetClock(-3'600 * kNanosecondsPerSecond),
                                             OffsetClock(86'400 * kNanosecondsPerSecond + 12'345)};
  for (int round = 0; round < 3; ++round) {
    std::array<int64_t, 3> starts_ns = {};
    std::array<int64_t, 3> bounds_ns = {};
    InFleet("clocks", {&clocks[0], &clocks[1], &clocks[2]}, [&](Fleet* fleet) {
      std::string findings = fleet->is_first() ? "13" : "";
      ASSERT_TRUE(fleet->Begin(absl::OkStatus(), &findings).ok());
      EXPECT_EQ(findings, "13");
      const absl::StatusOr<int64_t> start_ns = fleet->Await();
      ASSERT_TRUE(start_ns.ok()) << start_ns.status();
      const auto rank = static_cast<size_t>(fleet->plan().rank);
      // By one clock.
      starts_ns[rank] = *start_ns - clocks[rank].offset_ns();
      bounds_ns[rank] = fleet->clock_bound_ns();
      EXPECT_GE(fleet->late_ns(), 0);
      (void)fleet->Sum(1);
    });
    for (size_t rank = 1; rank < 3; ++rank) {
      EXPECT_LE(std::abs(starts_ns[rank] - starts_ns[0]), bounds_ns[rank] + bounds_ns[0]);
      EXPECT_GT(bounds_ns[rank], 0);
    }
  }
}

TEST_F(FleetTest, WhatTheFirstOneCouldNotPrepareNobodyBegins) {
  InFleet("prepared", {SteadyClock::Get(), SteadyClock::Get()}, [](Fleet* fleet) {
    std::string findings;
    const absl::Status begun = fleet->Begin(
        fleet->is_first() ? absl::PermissionDeniedError("no rights") : absl::OkStatus(), &findings);
    EXPECT_THAT(std::string(begun.message()),
                HasSubstr(fleet->is_first() ? "no rights" : "worker 0 could not prepare it"));
    (void)fleet->Sum(1);
  });
}

}  // namespace
}  // namespace pgring
