#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "pgring/base/random.h"
#include "pgring/uring/reactor.h"
#include "pgring/uring/simulated_backend.h"
#include "scripted_backend.h"
#include "support/property_seeds.h"
#include "support/resume_probe.h"

namespace pgring {
namespace {

using ::testing::AnyOf;

// Starts, cancels, abandons and completes at random, with stale completions between, against a
// model that knows for each submission the one result that belongs to it: each operation must end
// exactly when its own completion came, with that completion's result.
class ReactorModel {
 public:
  explicit ReactorModel(uint64_t seed) : random_(seed), entries_(kOperations) {
    auto backend = std::make_unique<ScriptedBackend>();
    backend_ = backend.get();
    reactor_ = std::make_unique<Reactor>(std::move(backend));
    for (auto& entry : entries_) entry = std::make_unique<Entry>(reactor_.get());
  }

  void Step() {
    const size_t chosen = random_.Below(kOperations);
    switch (random_.Below(6)) {
      case 0:
      case 1:
        Start(entries_[chosen].get());
        break;
      case 2:
        entries_[chosen]->operation.Cancel();
        NoteCancels();
        break;
      case 3:
        Abandon(chosen);
        break;
      default:
        Turn(0.3);
    }
    Check();
  }

  void Finish() {
    for (auto& entry : entries_) entry->operation.Cancel();
    NoteCancels();
    Turn(1);
    Turn(1);
    Check();
    EXPECT_EQ(reactor_->in_flight(), 0u);
    EXPECT_EQ(reactor_->stats().stale_completions, stale_);
  }

 private:
  static constexpr size_t kOperations = 12;

  struct Entry {
    explicit Entry(Reactor* reactor) : operation(reactor) {
      waiter.handle = probe.handle();
      operation.SetWaiter(&waiter);
    }
    ResumeProbe probe;
    ReadyNode waiter;
    RingOperation operation;
    bool expect_in_flight = false;
    int32_t expect_result = 0;
    int ends = 0;
  };
  struct Outstanding {
    Entry* entry;  // nullptr: abandoned
    int32_t result;
  };

  void Start(Entry* entry) {
    // The waiter of the last wait must have run before the next.
    if (entry->operation.in_flight() || entry->waiter.linked()) return;
    entry->operation.StartPoll(3, 1);
    const uint64_t user_data = backend_->queued().back().user_data;
    ++noted_;
    const uint32_t index = RingOperationId::Decode(user_data).index;
    ASSERT_EQ(outstanding_.count(user_data), 0u);
    ASSERT_EQ(freed_in_this_turn_.count(index), 0u) << "slot " << index << " was reused too early";
    outstanding_[user_data] = {entry, ++next_result_};
    entry->expect_in_flight = true;
  }

  void Abandon(size_t chosen) {
    Entry* entry = entries_[chosen].get();
    for (auto& [user_data, outstanding] : outstanding_) {
      if (outstanding.entry == entry) outstanding.entry = nullptr;
    }
    entries_[chosen] = std::make_unique<Entry>(reactor_.get());
    NoteCancels();
  }

  void NoteCancels() {
    for (; noted_ < backend_->queued().size(); ++noted_) {
      const ScriptedBackend::Queued& queued = backend_->queued()[noted_];
      ASSERT_TRUE(queued.is_cancel);
      ASSERT_EQ(outstanding_.count(queued.target), 1u) << "a cancel of something that has ended";
      cancels_.push_back(queued.user_data);
    }
  }

  // Each outstanding completion comes now with probability `chance`.
  void Turn(double chance) {
    std::vector<Completion> completions;
    for (const auto& [user_data, outstanding] : outstanding_) {
      if (random_.Chance(chance)) completions.push_back({user_data, outstanding.result});
    }
    const size_t ended = completions.size();
    for (size_t i = 0; i < ended; ++i) ended_.push_back(completions[i].user_data);
    const auto stay = std::partition(cancels_.begin(), cancels_.end(),
                                     [&](uint64_t) { return !random_.Chance(chance); });
    for (auto cancel = stay; cancel != cancels_.end(); ++cancel)
      completions.push_back({*cancel, 0});
    cancels_.erase(stay, cancels_.end());
    random_.Shuffle(&completions);
    for (const Completion& completion : completions) {
      backend_->Complete(completion.user_data, completion.result);
    }
    // One that has ended before or in this very batch comes again, with a result of its own.
    if (!ended_.empty() && random_.Chance(0.3)) {
      backend_->Complete(ended_[random_.Below(ended_.size())], -1);
      ++stale_;
    }
    freed_in_this_turn_.clear();
    ASSERT_TRUE(reactor_->Turn().ok());
    for (const Completion& completion : completions) NoteEnd(completion.user_data);
  }

  void NoteEnd(uint64_t user_data) {
    const auto found = outstanding_.find(user_data);
    if (found == outstanding_.end()) return;  // a cancel
    freed_in_this_turn_.insert(RingOperationId::Decode(user_data).index);
    if (Entry* entry = found->second.entry; entry != nullptr) {
      entry->expect_in_flight = false;
      entry->expect_result = found->second.result;
      ++entry->ends;
    }
    outstanding_.erase(found);
  }

  void Check() {
    ASSERT_EQ(reactor_->in_flight(), outstanding_.size() + cancels_.size());
    ASSERT_EQ(reactor_->stats().stale_completions, stale_);
    for (const auto& entry : entries_) {
      ASSERT_EQ(entry->operation.in_flight(), entry->expect_in_flight);
      if (!entry->expect_in_flight) {
        ASSERT_EQ(entry->operation.result(), entry->expect_result);
      }
      ASSERT_EQ(entry->probe.resumed() + (entry->waiter.linked() ? 1 : 0), entry->ends);
    }
  }

  Random random_;
  ScriptedBackend* backend_ = nullptr;
  std::unique_ptr<Reactor> reactor_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::map<uint64_t, Outstanding> outstanding_;
  std::vector<uint64_t> cancels_;
  std::vector<uint64_t> ended_;
  std::set<uint32_t> freed_in_this_turn_;
  size_t noted_ = 0;
  int32_t next_result_ = 0;
  int64_t stale_ = 0;
};

TEST(ReactorPropertyTest, EveryOperationEndsOnceWithItsOwnResult) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    ReactorModel model(seed);
    for (int step = 0; step < 1'000; ++step) {
      model.Step();
      if (::testing::Test::HasFatalFailure()) return;
    }
    model.Finish();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Random faults of the simulator, random load: whatever happens, everything ends and nothing is
// stale.
void RunSwarm(uint64_t seed) {
  Random random(seed);
  SimulatedBackendOptions options;
  options.seed = seed;
  options.shuffle_completions = random.Chance(0.8);
  options.max_delay_ns = random.Chance(0.5) ? random.Between(1, 1'000'000) : 0;
  options.cancel_loses_race = random.Chance(0.5) ? random.Unit() : 0;
  options.early_return = random.Chance(0.5) ? random.Unit() * 0.9 : 0;
  options.poll_failure = random.Chance(0.3) ? random.Unit() * 0.5 : 0;
  auto owned = std::make_unique<SimulatedBackend>(options);
  SimulatedBackend* backend = owned.get();
  Reactor reactor(std::move(owned));
  std::vector<int> descriptors;
  for (int i = 0; i < 8; ++i) descriptors.push_back(backend->NewDescriptor());
  std::vector<std::unique_ptr<RingOperation>> operations(20);
  for (auto& operation : operations) operation = std::make_unique<RingOperation>(&reactor);
  TimerNode end_of_wait;
  for (int step = 0; step < 500; ++step) {
    auto& operation = operations[random.Below(operations.size())];
    const int descriptor = descriptors[random.Below(descriptors.size())];
    const int64_t choice = random.Between(0, 9);
    if (choice < 4) {
      if (!operation->in_flight()) operation->StartPoll(descriptor, POLLIN);
    } else if (choice == 4) {
      operation->Cancel();
    } else if (choice == 5) {
      operation = std::make_unique<RingOperation>(&reactor);
    } else if (choice < 8) {
      const int64_t time_ns = reactor.clock().NowNs() + random.Between(0, 1'000'000);
      backend->SetEventsAt(descriptor, time_ns, random.Chance(0.5) ? POLLIN : 0);
    } else {
      // Something must be there to end the wait.
      reactor.timers()->Disarm(&end_of_wait);
      reactor.timers()->Arm(&end_of_wait, reactor.clock().NowNs() + random.Between(1, 1'000'000));
      ASSERT_TRUE(reactor.Turn().ok());
    }
  }
  reactor.timers()->Disarm(&end_of_wait);
  for (auto& operation : operations) operation->Cancel();
  for (int turn = 0; reactor.in_flight() > 0; ++turn) {
    ASSERT_LT(turn, 100'000);
    ASSERT_TRUE(reactor.Turn().ok());
  }
  EXPECT_EQ(backend->polls_in_flight(), 0u);
  EXPECT_EQ(reactor.stats().stale_completions, 0);
  EXPECT_EQ(backend->stats().submissions, backend->stats().completions);
  for (const auto& operation : operations) {
    EXPECT_FALSE(operation->in_flight());
    EXPECT_THAT(operation->result(), AnyOf(0, POLLIN, -ECANCELED, options.poll_failure_result));
  }
}

TEST(ReactorPropertyTest, EverythingEndsUnderRandomFaults) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    RunSwarm(seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace pgring
