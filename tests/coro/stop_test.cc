#include "pgring/coro/stop.h"

#include <gtest/gtest.h>

#include <memory>

#include "support/coro_fixture.h"
#include "support/resume_probe.h"

namespace pgring {
namespace {

class StopTest : public ReadyQueueTest {};

struct Waiting {
  Waiting() {
    node.handle = probe.handle();
    waiter.node = &node;
  }
  ResumeProbe probe;
  ReadyNode node;
  StopWaiter waiter;
};

TEST_F(StopTest, TokenFollowsItsSource) {
  StopSource source(ready());
  const StopToken token(&source);
  const StopToken copy = token;
  EXPECT_FALSE(source.stop_requested());
  EXPECT_FALSE(token.stop_requested());
  source.RequestStop();
  EXPECT_TRUE(source.stop_requested());
  EXPECT_TRUE(token.stop_requested());
  EXPECT_TRUE(copy.stop_requested());
}

TEST_F(StopTest, TokenWithoutASourceNeverStops) {
  const StopToken token;
  EXPECT_FALSE(token.stop_requested());
  Waiting waiting;
  token.Register(&waiting.waiter);
  EXPECT_FALSE(waiting.waiter.linked());
}

TEST_F(StopTest, PostsEveryWaiterOnceAndResumesNone) {
  StopSource source(ready());
  const StopToken token(&source);
  Waiting one;
  Waiting two;
  token.Register(&one.waiter);
  token.Register(&two.waiter);
  source.RequestStop();
  source.RequestStop();
  EXPECT_EQ(one.probe.resumed(), 0);
  RunReady();
  EXPECT_EQ(one.probe.resumed(), 1);
  EXPECT_EQ(two.probe.resumed(), 1);
  source.RequestStop();
  EXPECT_TRUE(ready()->empty());
}

TEST_F(StopTest, WaiterLeavesWhenDestroyed) {
  StopSource source(ready());
  const StopToken token(&source);
  auto gone = std::make_unique<Waiting>();
  Waiting stays;
  token.Register(&gone->waiter);
  token.Register(&stays.waiter);
  gone.reset();
  source.RequestStop();
  RunReady();
  EXPECT_EQ(stays.probe.resumed(), 1);
}

TEST_F(StopTest, WhatIsReadyAlreadyIsNotPostedAgain) {
  StopSource source(ready());
  const StopToken token(&source);
  Waiting waiting;
  token.Register(&waiting.waiter);
  ready()->Post(&waiting.node);
  source.RequestStop();
  RunReady();
  EXPECT_EQ(waiting.probe.resumed(), 1);
}

}  // namespace
}  // namespace pgring
