// The answer before the tables, as a reader gets it: whole sentences for each kind of outcome.
#include "report/in_short.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pgring/base/clock.h"
#include "support/made_up_comparison.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kMillisecond = kNanosecondsPerMillisecond;

const std::vector<double> kTen = {10, 10, 10, 10, 10, 10};
const std::vector<double> kFive = {5.0, 4.9, 5.1, 4.8, 5.2, 5.0};
const std::vector<double> kAlmostFive = {5.02, 4.92, 5.1, 4.83, 5.19, 5.01};
const std::vector<double> kFiveOrSo = {5.6, 4.6, 5.7, 4.5, 5.9, 4.9};

constexpr const char* kTune =
    "Next: pgring tune, with the same target and workload, finds the limit that does best.";
constexpr const char* kWindowWaited =
    "What limited window is not known: pgring and the server used 1.5 of 2 processors, and "
    "operations waited for something else, such as commits, locks, the network or other programs.";

// Of each run: how many processors the client and the server kept busy.
void SetBusy(double client, double server, ComparisonResult* result) {
  result->environment.cpu_count = 2;
  for (pgring::Run& run : result->runs) {
    run.client.user_s = client * run.duration_s();
    run.server = TreeCost{server * run.duration_s(), 0};
  }
}

// As when the server is on another machine.
void SetBusyFarAway(double client, ComparisonResult* result) {
  SetBusy(client, 0, result);
  for (pgring::Run& run : result->runs) run.server.reset();
}

// Every text has the form that the header promises.
std::vector<std::string> SentencesOf(const ComparisonResult& result) {
  const std::vector<std::string> sentences = InShort(result, Summarize(result));
  EXPECT_LE(sentences.size(), kMaxSentences);
  for (const std::string& sentence : sentences) {
    EXPECT_TRUE(sentence.ends_with('.')) << sentence;
    EXPECT_FALSE(sentence.ends_with("..")) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  }
  return sentences;
}

ComparisonResult BusySingles(const std::vector<MadeUpScenario>& scenarios) {
  ComparisonResult result = MadeUpSingles(scenarios);
  SetBusy(0.25, 1.25, &result);
  return result;
}

ComparisonResult BusyBlocks(const std::vector<MadeUpScenario>& scenarios) {
  ComparisonResult result = MadeUpBlocks(scenarios);
  SetBusy(0.25, 1.25, &result);
  return result;
}

void Invalidate(pgring::Run* run) { run->verdict.reasons = {"made up"}; }

TEST(InShortTest, NothingWithoutRuns) { EXPECT_THAT(SentencesOf(ComparisonResult()), IsEmpty()); }

TEST(InShortTest, SingleRuns) {
  EXPECT_THAT(
      SentencesOf(BusySingles({{"sync", {10}}, {"chunked", {8}}, {"window", {4}}})),
      ElementsAre(
          "window was fastest: 250 operations per second, 99 % of them within 10.0 ms; 2.50 "
          "times as fast as sync.",
          "One run of each does not show how much of the differences is chance: --repeat 6 "
          "gives intervals.",
          kWindowWaited, kTune));
}

TEST(InShortTest, SingleRunsThatComeNearEachOther) {
  EXPECT_THAT(SentencesOf(BusySingles({{"sync", {10}}, {"chunked", {5.1}}, {"window", {5}}})),
              Contains("One run of each does not show how much of the differences is chance, and "
                       "chunked came within 5 % of the fastest: --repeat 6 gives intervals."));
}

TEST(InShortTest, TheFirstScenarioCanBeTheFastest) {
  EXPECT_THAT(SentencesOf(BusySingles({{"window", {4}}, {"sync", {10}}})),
              Contains("window was fastest: 250 operations per second, 99 % of them within 10.0 "
                       "ms; 2.50 times as fast as sync."));
}

TEST(InShortTest, TooFewOperationsForATail) {
  EXPECT_THAT(SentencesOf(BusySingles({{"sync", {10}, 99}, {"window", {4}, 99}})),
              Contains("window was fastest: 24.8 operations per second; 2.50 times as fast as "
                       "sync."));
}

TEST(InShortTest, DifferentNumbersOfOperations) {
  EXPECT_THAT(
      SentencesOf(BusySingles({{"sync", {10}}, {"window", {20}, 6'000}})),
      Contains("window was fastest: 300 operations per second, 99 % of them within 10.0 ms; "
               "3.00 times the throughput of sync."));
}

TEST(InShortTest, SixBlocksWithAClearWinner) {
  EXPECT_THAT(
      SentencesOf(BusyBlocks({{"sync", kTen}, {"window", kFive}})),
      ElementsAre(
          "window was fastest: 200 operations per second, 99 % of them within 10.0 ms; 2.00 "
          "(1.92-2.08) times as fast as sync.",
          "6 blocks show that it is faster than sync.", kWindowWaited, kTune));
  EXPECT_THAT(SentencesOf(BusyBlocks({{"sync", kTen}, {"threads", kTen}, {"window", kFive}})),
              Contains("6 blocks show that it is faster than each of the others."));
}

TEST(InShortTest, SixBlocksThatDoNotDecide) {
  ComparisonResult result = BusyBlocks({{"sync", kTen}, {"window", kFive}, {"chunked", kFiveOrSo}});
  EXPECT_THAT(
      SentencesOf(result),
      ElementsAre(
          "window was fastest: 200 operations per second, 99 % of them within 10.0 ms; 2.00 "
          "(1.92-2.08) times as fast as sync.",
          "Whether it is faster than chunked is not decided by 6 blocks.", kWindowWaited,
          "Next: longer runs, or --until 2, which repeats until every ratio is known to "
          "within 2 %."));
  // Those who have asked for that already get another advice.
  result.plan.repeat.until_percent = 50;
  EXPECT_EQ(SentencesOf(result).back(),
            "Next: a smaller --until, which goes on until the ratios are known better.");
  result.plan.repeat.max_blocks = 6;
  EXPECT_EQ(SentencesOf(result).back(),
            "Next: longer runs, which differ less among each other, or a higher --max-repeat.");
}

// It was said not to be decided, and more blocks were advised, where the blocks had decided it.
TEST(InShortTest, SixBlocksThatShowNoDifference) {
  EXPECT_THAT(
      SentencesOf(BusyBlocks({{"sync", kTen}, {"window", kFive}, {"chunked", kAlmostFive}})),
      AllOf(Contains("6 blocks show no difference beyond 2 % between it and chunked."),
            Contains(kTune)));
  EXPECT_THAT(SentencesOf(BusyBlocks({{"window", kFive},
                                      {"chunked", kAlmostFive},
                                      {"pipelined", kFiveOrSo},
                                      {"threads", kFiveOrSo}})),
              Contains("Whether it is faster than pipelined or threads is not decided by 6 blocks; "
                       "from chunked it does not differ by more than 2 %."));
}

TEST(InShortTest, FewerThanSixBlocks) {
  EXPECT_THAT(
      SentencesOf(BusyBlocks({{"sync", {10, 10, 10}}, {"window", {5, 5, 5}}})),
      ElementsAre(
          "window was fastest: 200 operations per second, 99 % of them within 10.0 ms; 2.00 "
          "times as fast as sync.",
          "3 whole blocks do not show how much of the differences is chance: it takes 6 for "
          "intervals.",
          kWindowWaited, kTune));
}

TEST(InShortTest, OneScenario) {
  EXPECT_THAT(
      SentencesOf(BusySingles({{"window", {4}}})),
      ElementsAre("window did 250 operations per second, 99 % of them within 10.0 ms.",
                  "One run does not show how much of that is chance: --repeat 6 gives intervals.",
                  "What limited it is not known: pgring and the server used 1.5 of 2 processors, "
                  "and operations waited for something else, such as commits, locks, the network "
                  "or other programs.",
                  kTune));
  EXPECT_EQ(SentencesOf(BusyBlocks({{"window", {4}}}))[1],
            "1 whole block does not show how much of that is chance: it takes 6 for intervals.");
  EXPECT_EQ(SentencesOf(BusyBlocks({{"window", kFive}}))[1],
            "By 6 blocks that throughput is known to be from 192 to 208.");
}

TEST(InShortTest, AnInvalidRunAmongSeveral) {
  ComparisonResult result = BusySingles({{"sync", {10}}, {"chunked", {2}}, {"window", {4}}});
  Invalidate(&result.runs[1]);
  EXPECT_THAT(
      SentencesOf(result),
      ElementsAre(
          "1 of 3 scenarios has no valid run; the answer is about the others.",
          "window was fastest: 250 operations per second, 99 % of them within 10.0 ms; 2.50 "
          "times as fast as sync.",
          "One run of each does not show how much of the differences is chance: --repeat 6 "
          "gives intervals.",
          kWindowWaited, kTune));
  // Of the first one nothing is left to be compared with.
  Invalidate(&result.runs[0]);
  EXPECT_THAT(SentencesOf(result),
              AllOf(Contains("2 of 3 scenarios have no valid run; the answer is about the others."),
                    Contains("window did 250 operations per second, 99 % of them within 10.0 ms."),
                    Contains(StartsWith("What limited it is not known: "))));
}

TEST(InShortTest, ScenariosThatAnInterruptLeftOut) {
  ComparisonResult result = BusySingles({{"sync", {10}}, {"window", {4}}, {"chunked", {2}}});
  result.runs.pop_back();
  EXPECT_EQ(SentencesOf(result).front(),
            "1 of 3 scenarios has no valid run; the answer is about the others.");
}

TEST(InShortTest, NoValidRun) {
  ComparisonResult result = BusySingles({{"sync", {10}}, {"window", {4}}});
  for (pgring::Run& run : result.runs) Invalidate(&run);
  EXPECT_THAT(SentencesOf(result),
              ElementsAre("No run is valid: there is no answer in these figures."));
  ComparisonResult alone = BusySingles({{"window", {4}}});
  alone.runs[0].interrupted = true;
  EXPECT_THAT(SentencesOf(alone),
              ElementsAre("The run is not valid: there is no answer in its figures."));
  ComparisonResult broken = BusyBlocks({{"sync", {10}}, {"window", {4}}});
  Invalidate(&broken.blocks[0].runs[1]);
  broken.ChooseRuns();
  // The other run is valid, and has nothing beside it.
  EXPECT_THAT(SentencesOf(broken), ElementsAre("No block has a valid run of every scenario: there "
                                               "is no answer in these figures."));
  ComparisonResult broken_alone = BusyBlocks({{"window", {4, 4}}});
  for (Block& block : broken_alone.blocks) Invalidate(&block.runs[0]);
  broken_alone.ChooseRuns();
  EXPECT_THAT(SentencesOf(broken_alone),
              ElementsAre("No block has a valid run: there is no answer in these figures."));
}

ComparisonResult OpenLoop(const std::vector<MadeUpScenario>& scenarios) {
  ComparisonResult result = BusySingles(scenarios);
  result.plan.load.rate_per_s = 100;
  for (pgring::Run& run : result.runs) run.load = result.plan.load;
  return result;
}

ComparisonResult OpenLoopBlocks(const std::vector<MadeUpScenario>& scenarios) {
  ComparisonResult result = BusyBlocks(scenarios);
  result.plan.load.rate_per_s = 100;
  return result;
}

// The schedule sets the throughput, so the response times are what counts.
TEST(InShortTest, OpenLoop) {
  ComparisonResult result = OpenLoop({{"chunked", {10}}, {"window", {10.1}}});
  SetLatencies(1'000, 0, 4 * kMillisecond, &result.runs[1]);
  EXPECT_THAT(
      SentencesOf(result),
      ElementsAre(
          "window had the lowest p99 of the response times: 99.0 operations per second, 99 % of "
          "them within 4.00 ms.",
          "One run of each does not show how much of the differences is chance: --repeat 6 "
          "gives medians.",
          "What limited window: the 100 operations per second that were asked for.",
          "Next: raise the rate (-R) step by step to see from where on response times grow."));
}

// A winner was named by medians whose intervals overlapped.
TEST(InShortTest, OpenLoopInBlocks) {
  ComparisonResult result = OpenLoopBlocks({{"chunked", kTen}, {"window", kTen}});
  const auto set_latency = [&result](size_t block, int64_t latency_ns) {
    for (pgring::Run& run : result.blocks[block].runs) {
      if (run.scenario.label == "window") SetLatencies(1'000, 0, latency_ns, &run);
    }
  };
  for (size_t block = 0; block < result.blocks.size(); ++block) set_latency(block, kMillisecond);
  result.ChooseRuns();
  EXPECT_THAT(SentencesOf(result),
              Contains("By 6 blocks the interval of its p99 lies below those of the others."));
  set_latency(0, 400 * kMillisecond);
  result.ChooseRuns();
  EXPECT_THAT(
      SentencesOf(result),
      Contains("Whether its p99 is lower than that of chunked is not decided by 6 blocks."));
}

TEST(InShortTest, OpenLoopWhoseScheduleWasNotKept) {
  ComparisonResult result = OpenLoop({{"chunked", {20}}, {"window", {20}}});
  result.runs[1].verdict.unstable = true;
  EXPECT_THAT(SentencesOf(result),
              ElementsAre("The schedule was not kept, so the response times say how long the queue "
                          "grew, and these figures do not say which scenario is best; ask for a "
                          "lower rate."));
}

TEST(InShortTest, BlocksThatDoNotCountAndFailuresAreSaid) {
  ComparisonResult result = BusyBlocks({{"sync", kTen}, {"window", kFive}});
  Invalidate(&result.blocks[2].runs[0]);
  result.ChooseRuns();
  EXPECT_EQ(SentencesOf(result).front(),
            "1 of 6 blocks does not count, because a run is missing or not valid.");
  ComparisonResult failing = BusySingles({{"window", {4}}});
  for (int i = 0; i < 1'000; ++i) {
    failing.runs[0].recorder.Scheduled(0, 0);
    failing.runs[0].recorder.Failed(0, {}, "40001");
  }
  EXPECT_THAT(SentencesOf(failing), Contains("Mind that 50 % of window's operations failed."));
}

// The one with the highest throughput was said to have the shortest response times.
TEST(InShortTest, OpenLoopWithTooFewOperations) {
  EXPECT_THAT(SentencesOf(OpenLoop({{"chunked", {1}, 99}, {"window", {1}, 99}})),
              ElementsAre("With fewer than 100 operations a run does not show how long the slowest "
                          "take, so these figures do not say which scenario is best."));
}

std::string LimitSentence(const ComparisonResult& result) {
  for (const std::string& sentence : SentencesOf(result)) {
    if (sentence.starts_with("What limited")) return sentence;
  }
  return "";
}

TEST(InShortLimitTest, TheMachine) {
  ComparisonResult result = MadeUpSingles({{"window", {4}}});
  SetBusy(0.5, 1.4, &result);
  EXPECT_EQ(
      LimitSentence(result),
      "What limited it: the machine, whose 2 processors were busy 95 % of the time, mostly in "
      "the server.");
  SetBusy(1.1, 0.8, &result);
  EXPECT_EQ(
      LimitSentence(result),
      "What limited it: the machine, whose 2 processors were busy 95 % of the time, mostly in "
      "pgring itself.");
  // Clocks of two kinds: what they give together is no more than there is.
  SetBusy(0.5, 0.6, &result);
  result.environment.cpu_count = 1;
  EXPECT_EQ(LimitSentence(result),
            "What limited it: the machine, whose processor was busy 100 % of the time, mostly in "
            "the server.");
}

TEST(InShortLimitTest, TheClientsMachineWhenTheServerIsFarAway) {
  ComparisonResult result = MadeUpSingles({{"threads", {4}}});
  SetBusyFarAway(1.9, &result);
  EXPECT_EQ(
      LimitSentence(result),
      "What limited it: the client's machine, whose 2 processors were busy 95 % of the time.");
}

// The reactor is one thread, however many processors there are.
TEST(InShortLimitTest, TheClientsThread) {
  ComparisonResult result = MadeUpSingles({{"window", {4}}});
  SetBusy(0.95, 0.5, &result);
  EXPECT_EQ(LimitSentence(result),
            "What limited it: the client, whose thread was busy 95 % of the time.");
  ComparisonResult threads = MadeUpSingles({{"threads", {4}}});
  SetBusy(0.95, 0.5, &threads);
  EXPECT_THAT(LimitSentence(threads), Not(testing::HasSubstr("thread was busy")));
}

TEST(InShortLimitTest, OneOperationAtATime) {
  EXPECT_EQ(LimitSentence(BusySingles({{"sync", {4}}})),
            "What limited it: it runs one operation at a time, so every wait adds up.");
}

TEST(InShortLimitTest, TheConnections) {
  ComparisonResult result = BusySingles({{"async", {4}}});
  SetLatencies(1'000, 60 * kMillisecond, 20 * kMillisecond, &result.runs[0]);
  EXPECT_EQ(LimitSentence(result),
            "What limited it: its 100 connections; operations waited 60.0 ms for one on average, "
            "longer than they were then at work.");
  result.runs[0].scenario.pool.size = 1;
  EXPECT_EQ(
      LimitSentence(result),
      "What limited it: its 1 connection; operations waited 60.0 ms for it on average, longer "
      "than they were then at work.");
}

TEST(InShortLimitTest, SomethingAtTheServer) {
  EXPECT_EQ(LimitSentence(BusySingles({{"sync", {10}}, {"window", {4}}})), kWindowWaited);
}

TEST(InShortLimitTest, SomethingThatCannotBeSeenFromHere) {
  ComparisonResult result = MadeUpSingles({{"window", {4}}});
  SetBusyFarAway(0.35, &result);
  EXPECT_EQ(LimitSentence(result),
            "What limited it is not known: the client used 0.35 of 2 processors, and the server's "
            "cannot be seen from here.");
}

std::string NextSentence(const ComparisonResult& result) {
  const std::string last = SentencesOf(result).back();
  return last.starts_with("Next: ") ? last : "";
}

TEST(InShortNextTest, NoAdviceThatWasTakenAlready) {
  EXPECT_EQ(NextSentence(BusySingles({{"window:20", {5}}, {"window:40", {4}}, {"window:80", {5}}})),
            "");
  EXPECT_EQ(
      NextSentence(BusySingles({{"window:20", {5}}, {"window:40", {4.5}}, {"window:80", {4}}})),
      kTune);
}

TEST(InShortNextTest, NoAdviceThatCannotBeTaken) {
  // One thread and no limit at all have none that could be looked for; the default type has.
  for (const char* label : {"sync", "async"}) {
    EXPECT_EQ(NextSentence(BusySingles({{label, {5}}})), kTune);
  }
  EXPECT_EQ(NextSentence(BusySingles({{"window:100000", {5}}})), "");
}

TEST(InShortNextTest, TheAdviceKeepsWhatIsDriven) {
  ComparisonResult result = BusySingles({{"window", {5}}});
  result.runs[0].scenario.pipeline = true;
  EXPECT_THAT(NextSentence(result), StartsWith("Next: pgring tune --scenario pipelined, with"));
  ComparisonResult pipelined = BusySingles({{"pipelined", {5}}});
  pipelined.runs[0].scenario.pipeline = true;
  EXPECT_THAT(NextSentence(pipelined), StartsWith("Next: pgring tune --scenario pipelined, with"));
  EXPECT_THAT(NextSentence(BusySingles({{"chunked:40", {5}}})),
              StartsWith("Next: pgring tune --scenario chunked, with"));
}

}  // namespace
}  // namespace pgring
