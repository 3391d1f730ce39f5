#include "cli/scenario_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pgring/postgres/pool.h"
#include "run/blocking_runner.h"

namespace pgring {
namespace {

using testing::HasSubstr;

std::vector<ScenarioPlan> ParsedScenarios(const std::string& text,
                                          const ScenarioDefaults& defaults = ScenarioDefaults()) {
  auto plans = ParseScenarios(text, defaults);
  EXPECT_TRUE(plans.ok()) << plans.status();
  return plans.ok() ? *plans : std::vector<ScenarioPlan>();
}

ScenarioPlan One(const std::string& text, const ScenarioDefaults& defaults = ScenarioDefaults()) {
  const std::vector<ScenarioPlan> plans = ParsedScenarios(text, defaults);
  EXPECT_EQ(plans.size(), 1U);
  return plans.empty() ? ScenarioPlan() : plans.front();
}

std::string ScenariosRefusal(const std::string& text,
                             const ScenarioDefaults& defaults = ScenarioDefaults()) {
  const auto plans = ParseScenarios(text, defaults);
  EXPECT_FALSE(plans.ok()) << "accepted: " << text;
  return std::string(plans.status().message());
}

TEST(ScenarioListTest, TakesTheDefaultsOfTheContract) {
  const std::vector<ScenarioPlan> plans = ParsedScenarios("sync,threads,async,chunked,window");
  ASSERT_EQ(plans.size(), 5U);
  for (size_t i = 0; i < plans.size(); ++i) {
    EXPECT_EQ(plans[i].type, &ScenarioTypes()[i]);
    EXPECT_EQ(plans[i].label, ScenarioTypes()[i].name);
    EXPECT_EQ(plans[i].pool.max_overflow, 0);
    EXPECT_EQ(plans[i].pool.timeout_s, 0);
  }
  EXPECT_EQ(plans[0].limit, 1);
  EXPECT_EQ(plans[0].pool.size, 1);
  EXPECT_EQ(plans[1].limit, 40);
  EXPECT_EQ(plans[1].pool.size, 40);
  EXPECT_EQ(plans[2].limit, std::nullopt);
  EXPECT_EQ(plans[2].pool.size, 100);
  EXPECT_EQ(plans[3].limit, 40);
  EXPECT_EQ(plans[3].pool.size, 40);
  EXPECT_EQ(plans[4].limit, 40);
  EXPECT_EQ(plans[4].pool.size, 40);
  EXPECT_FALSE(plans[1].connections_given) << "as those of the others";
  EXPECT_FALSE(plans[2].connections_given) << "a default may give way to the server's limit";
  EXPECT_FALSE(plans[4].connections_given);
}

TEST(ScenarioListTest, EverySettingOnce) {
  // Was accepted as window:4.
  EXPECT_THAT(ScenariosRefusal("window:1:2:4"),
              HasSubstr("the limit is set twice, to 1 and to \"2\""));
  EXPECT_THAT(ScenariosRefusal("window:limit=1:2"), HasSubstr("the limit is set twice"));
  EXPECT_THAT(ScenariosRefusal("async:pool=1:pool=1"), HasSubstr("pool is set twice"));
  EXPECT_THAT(ScenariosRefusal("window:overflow=0:overflow=3"), HasSubstr("overflow is set twice"));
  EXPECT_THAT(ScenariosRefusal("window:timeout=1:timeout=2"), HasSubstr("timeout is set twice"));
}

TEST(ScenarioListTest, NamesThatAreNearAreSuggested) {
  EXPECT_THAT(ScenariosRefusal("windw:20"), HasSubstr("did you mean window?"));
  EXPECT_THAT(ScenariosRefusal("asnyc"), HasSubstr("did you mean async?"));
  EXPECT_THAT(ScenariosRefusal("window:pol=20"), HasSubstr("did you mean pool?"));
}

TEST(ScenarioListTest, KeepsTheOrderAndAllowsSpaces) {
  const std::vector<ScenarioPlan> plans = ParsedScenarios("window, sync ,async");
  ASSERT_EQ(plans.size(), 3U);
  EXPECT_EQ(plans[0].label, "window");
  EXPECT_EQ(plans[1].label, "sync");
  EXPECT_EQ(plans[2].label, "async");
}

TEST(ScenarioListTest, PipeliningIsAScenarioASettingAndADefault) {
  const ScenarioPlan pipelined = One("pipelined:10");
  EXPECT_EQ(pipelined.type->limiter, "window");
  EXPECT_TRUE(pipelined.pipeline);
  EXPECT_EQ(pipelined.limit, 10);
  EXPECT_TRUE(One("chunked:10:pipeline").pipeline);
  EXPECT_FALSE(One("window").pipeline);

  ScenarioDefaults defaults;
  defaults.pipeline = true;
  const auto plans = ParseScenarios("sync,threads,async,window:pipeline,pipelined", defaults);
  ASSERT_TRUE(plans.ok()) << plans.status();
  std::vector<std::string> labels;
  for (const ScenarioPlan& plan : *plans) {
    labels.push_back(plan.label);
    EXPECT_EQ(plan.pipeline, plan.type->driver->uses_io_uring) << plan.label;
  }
  EXPECT_EQ(labels, (std::vector<std::string>{"sync", "threads", "async:pipeline",
                                              "window:pipeline", "pipelined"}));
}

TEST(ScenarioListTest, MultiplexedHasFewerConnections) {
  EXPECT_EQ(One("multiplexed").limit, 40);
  EXPECT_EQ(One("multiplexed").pool.size, 5);
  EXPECT_EQ(One("multiplexed:33").pool.size, 5);
  EXPECT_EQ(One("multiplexed:1").pool.size, 1);
  const ScenarioPlan own = One("multiplexed:40:pool=7");
  EXPECT_EQ(own.pool.size, 7);
  EXPECT_TRUE(own.type->shares_connections);
  EXPECT_TRUE(own.pipeline);
  EXPECT_EQ(own.pool.max_overflow, 0);
  EXPECT_TRUE(own.connections_given);
  for (const char* text : {"multiplexed:overflow=1", "multiplexed:timeout=1"}) {
    EXPECT_FALSE(ParseScenarios(text, ScenarioDefaults()).ok()) << text;
  }
}

TEST(ScenarioListTest, ReadsAScenariosOwnSettings) {
  const ScenarioPlan chunked = One("chunked:10");
  EXPECT_EQ(chunked.type, FindScenarioType("chunked"));
  EXPECT_EQ(chunked.label, "chunked:10");
  EXPECT_EQ(chunked.limit, 10);
  EXPECT_EQ(chunked.pool.size, 10) << "a connection for each operation of the chunk";
  EXPECT_TRUE(chunked.connections_given);

  const ScenarioPlan window = One("window:limit=20:pool=10:overflow=3:timeout=0.5");
  EXPECT_EQ(window.limit, 20);
  EXPECT_EQ(window.pool.size, 10);
  EXPECT_EQ(window.pool.max_overflow, 3);
  EXPECT_EQ(window.pool.timeout_s, 0.5);

  const ScenarioPlan async = One("async:pool=200");
  EXPECT_EQ(async.limit, std::nullopt);
  EXPECT_EQ(async.pool.size, 200);
  EXPECT_TRUE(async.connections_given);

  EXPECT_EQ(One("threads:8").pool.size, 8);
}

TEST(ScenarioListTest, OwnSettingsWinOverTheOptions) {
  ScenarioDefaults defaults;
  defaults.limit = 7;
  defaults.pool_size = 9;
  defaults.max_overflow = 2;
  defaults.pool_timeout_s = 3;
  const ScenarioPlan plain = One("window", defaults);
  EXPECT_EQ(plain.limit, 7);
  EXPECT_EQ(plain.pool.size, 9);
  EXPECT_EQ(plain.pool.max_overflow, 2);
  EXPECT_EQ(plain.pool.timeout_s, 3);
  EXPECT_TRUE(plain.connections_given);
  const ScenarioPlan own = One("window:5:pool=6:overflow=0:timeout=1", defaults);
  EXPECT_EQ(own.limit, 5);
  EXPECT_EQ(own.pool.size, 6);
  EXPECT_EQ(own.pool.max_overflow, 0);
  EXPECT_EQ(own.pool.timeout_s, 1);
  const ScenarioPlan sync = One("sync", defaults);
  EXPECT_EQ(sync.limit, 1);
  EXPECT_EQ(sync.pool.size, 1);
  EXPECT_EQ(One("threads", defaults).pool.size, 7);
}

TEST(ScenarioListTest, GivesEveryRunALabelOfItsOwn) {
  const std::vector<ScenarioPlan> plans = ParsedScenarios("sync,sync,window:5,sync,window:5");
  std::vector<std::string> labels;
  for (const ScenarioPlan& plan : plans) labels.push_back(plan.label);
  EXPECT_THAT(labels, testing::ElementsAre("sync", "sync#2", "window:5", "sync#3", "window:5#2"));
}

TEST(ScenarioListTest, TakesTheLimitsThemselves) {
  EXPECT_EQ(One("window:1").limit, 1);
  EXPECT_EQ(One("window:" + std::to_string(kMaxLimit) + ":pool=1").limit, kMaxLimit);
  EXPECT_EQ(One("async:pool=" + std::to_string(kMaxPoolConnections)).pool.size,
            kMaxPoolConnections);
  EXPECT_EQ(One("threads:" + std::to_string(kMaxBlockingThreads)).limit, kMaxBlockingThreads);
}

TEST(ScenarioListTest, RefusesWhatAScenarioDoesNotHave) {
  EXPECT_THAT(ScenariosRefusal("sync:5"), HasSubstr("sync is one thread"));
  EXPECT_THAT(ScenariosRefusal("sync:pool=5"), HasSubstr("sync is one thread"));
  EXPECT_THAT(ScenariosRefusal("threads:pool=5"), HasSubstr("set only its limit"));
  EXPECT_THAT(ScenariosRefusal("threads:4:timeout=5"), HasSubstr("set only its limit"));
  EXPECT_THAT(ScenariosRefusal("async:5"), HasSubstr("async has no limit"));
}

TEST(ScenarioListTest, RefusesUnknownNamesAndSettings) {
  EXPECT_THAT(ScenariosRefusal("turbo"),
              testing::AllOf(HasSubstr("\"turbo\""), HasSubstr("known are"), HasSubstr("window")));
  EXPECT_THAT(ScenariosRefusal("Sync"), HasSubstr("no such scenario"));
  EXPECT_THAT(ScenariosRefusal(""), HasSubstr("no such scenario"));
  EXPECT_THAT(ScenariosRefusal("sync,"), HasSubstr("no such scenario"));
  EXPECT_THAT(ScenariosRefusal("window:speed=9"), HasSubstr("unknown setting \"speed\""));
}

TEST(ScenarioListTest, RefusesNumbersOutOfRange) {
  EXPECT_THAT(ScenariosRefusal("window:0"), HasSubstr("from 1 to 100000, not \"0\""));
  EXPECT_THAT(ScenariosRefusal("window:100001"), HasSubstr("the limit must be"));
  EXPECT_THAT(ScenariosRefusal("window:"), HasSubstr("not \"\""));
  EXPECT_THAT(ScenariosRefusal("window:5x"), HasSubstr("not \"5x\""));
  EXPECT_THAT(ScenariosRefusal("window:limit=99999999999"), HasSubstr("the limit must be"));
  EXPECT_THAT(ScenariosRefusal("async:pool=0"), HasSubstr("pool must be"));
  EXPECT_THAT(ScenariosRefusal("async:overflow=-1"), HasSubstr("overflow must be"));
  EXPECT_THAT(ScenariosRefusal("async:timeout=-1"), HasSubstr("timeout must be"));
  EXPECT_THAT(ScenariosRefusal("async:timeout=nan"), HasSubstr("timeout must be"));
  EXPECT_THAT(ScenariosRefusal("async:timeout=86401"), HasSubstr("timeout must be"));
  EXPECT_THAT(ScenariosRefusal("threads:" + std::to_string(kMaxBlockingThreads + 1)),
              HasSubstr("threads"));
  EXPECT_THAT(ScenariosRefusal("async:pool=" + std::to_string(kMaxPoolConnections) + ":overflow=1"),
              HasSubstr("together exceed"));
}

TEST(ScenarioListTest, RefusesMoreScenariosThanAReportCanShow) {
  std::string most = "sync";
  for (int i = 1; i < kMaxScenarios; ++i) most += ",sync";
  EXPECT_EQ(ParsedScenarios(most).size(), static_cast<size_t>(kMaxScenarios));
  EXPECT_THAT(ScenariosRefusal(most + ",sync"), HasSubstr("at most"));
}

}  // namespace
}  // namespace pgring
