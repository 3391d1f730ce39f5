#include "pgring/uring/ready_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "support/resume_probe.h"

namespace pgring {
namespace {

using ::testing::ElementsAre;

// A node whose coroutine writes its number and does something.
struct Entry {
  Entry(int number, std::vector<int>* log, const std::function<void()>& action = nullptr)
      : probe([number, log, action] {
          log->push_back(number);
          if (action) action();
        }) {
    node.handle = probe.handle();
  }
  ResumeProbe probe;
  ReadyNode node;
};

TEST(ReadyQueueTest, RunsInTheOrderOfPosting) {
  ReadyQueue ready;
  std::vector<int> log;
  Entry one(1, &log), two(2, &log), three(3, &log);
  EXPECT_TRUE(ready.empty());
  ready.Post(&two.node);
  ready.Post(&three.node);
  ready.Post(&one.node);
  EXPECT_FALSE(ready.empty());
  EXPECT_THAT(log, ElementsAre());
  ready.RunBatch();
  EXPECT_THAT(log, ElementsAre(2, 3, 1));
  EXPECT_TRUE(ready.empty());
}

TEST(ReadyQueueTest, WhatIsPostedMeanwhileWaitsForTheNextBatch) {
  ReadyQueue ready;
  std::vector<int> log;
  Entry late(3, &log);
  Entry one(1, &log, [&ready, &late] { ready.Post(&late.node); });
  Entry two(2, &log);
  ready.Post(&one.node);
  ready.Post(&two.node);
  ready.RunBatch();
  EXPECT_THAT(log, ElementsAre(1, 2));
  EXPECT_FALSE(ready.empty());
  ready.RunBatch();
  EXPECT_THAT(log, ElementsAre(1, 2, 3));
}

TEST(ReadyQueueTest, NodeMayPostItselfAgain) {
  ReadyQueue ready;
  std::vector<int> log;
  std::unique_ptr<Entry> again;
  again = std::make_unique<Entry>(1, &log, [&ready, &again] { ready.Post(&again->node); });
  ready.Post(&again->node);
  for (int batch = 0; batch < 3; ++batch) ready.RunBatch();
  EXPECT_THAT(log, ElementsAre(1, 1, 1));
  EXPECT_FALSE(ready.empty());
}

TEST(ReadyQueueTest, ContinuationRunsRightAfterWhoPostedIt) {
  ReadyQueue ready;
  std::vector<int> log;
  Entry grandparent(3, &log);
  Entry parent(2, &log, [&ready, &grandparent] { ready.PostContinuation(&grandparent.node); });
  Entry child(1, &log, [&ready, &parent] { ready.PostContinuation(&parent.node); });
  Entry other(4, &log);
  ready.Post(&child.node);
  ready.Post(&other.node);
  ready.RunBatch();
  EXPECT_THAT(log, ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(ready.empty());
}

TEST(ReadyQueueTest, ContinuationIsSomethingReady) {
  ReadyQueue ready;
  std::vector<int> log;
  Entry parent(1, &log);
  ready.PostContinuation(&parent.node);
  EXPECT_FALSE(ready.empty());
  ready.RunBatch();
  EXPECT_THAT(log, ElementsAre(1));
  EXPECT_TRUE(ready.empty());
}

TEST(ReadyQueueTest, NodeDestroyedInItsBatchIsNotRun) {
  ReadyQueue ready;
  std::vector<int> log;
  auto victim = std::make_unique<Entry>(2, &log);
  Entry one(1, &log, [&victim] { victim.reset(); });
  Entry three(3, &log);
  ready.Post(&one.node);
  ready.Post(&victim->node);
  ready.Post(&three.node);
  ready.RunBatch();
  EXPECT_THAT(log, ElementsAre(1, 3));
}

TEST(ReadyQueueDeathTest, NodeCanBePostedOnceUntilItHasRun) {
  ReadyQueue ready;
  ReadyNode node;
  ready.Post(&node);
  EXPECT_DEATH(ready.Post(&node), "one list at a time");
}

}  // namespace
}  // namespace pgring
