// The fixture of every test that turns a reactor, typed over the worlds:
//
//   template <typename World>
//   class SleepTest : public ReactorTest<World> {};
//   TYPED_TEST_SUITE(SleepTest, ReactorWorlds, ReactorWorldNames);
//   TYPED_TEST(SleepTest, ...) { this->reactor() ... this->world() ... }
//
// Each test begins with a reactor on default options; Open() replaces it. Where the kernel refuses
// io_uring, the kernel's half is skipped with the reason. After each test the fixture expects that
// no stale completion was seen and that the descriptors open are those of before.
#ifndef PGRING_TESTS_SUPPORT_REACTOR_FIXTURE_H_
#define PGRING_TESTS_SUPPORT_REACTOR_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "pgring/uring/reactor.h"
#include "support/reactor_world.h"
#include "support/resume_probe.h"

namespace pgring {

using ReactorWorlds = ::testing::Types<KernelWorld, SimulatedWorld>;
using KernelWorldOnly = ::testing::Types<KernelWorld>;
using SimulatedWorldOnly = ::testing::Types<SimulatedWorld>;

struct ReactorWorldNames {
  template <typename World>
  static std::string GetName(int) {
    return World::kSimulated ? "Simulated" : "Kernel";
  }
};

template <typename World>
class ReactorTest : public ::testing::Test {
 public:
  // More turns than any test needs.
  static constexpr int kMaxTurns = 1'000'000;

 protected:
  void SetUp() override {
    open_descriptors_ = CountOpenDescriptors();
    Open(ReactorWorldOptions());
    if (reactor_ == nullptr) GTEST_SKIP() << refusal_.ToString();
  }

  void TearDown() override {
    if (reactor_ != nullptr) {
      EXPECT_EQ(reactor_->stats().stale_completions, 0);
    }
    CloseReactor();
    world_.reset();
    EXPECT_EQ(CountOpenDescriptors(), open_descriptors_);
  }

  // A fresh world and reactor.
  void Open(const ReactorWorldOptions& options) {
    CloseReactor();
    world_ = std::make_unique<World>(options);
    absl::StatusOr<std::unique_ptr<Backend>> backend = world_->CreateBackend();
    refusal_ = backend.status();
    if (backend.ok()) reactor_ = std::make_unique<Reactor>(*std::move(backend));
  }

  // Destroys the reactor and leaves the world.
  void CloseReactor() { reactor_.reset(); }

  World* world() { return world_.get(); }
  Reactor* reactor() { return reactor_.get(); }
  int64_t NowNs() const { return reactor_->clock().NowNs(); }

  // Turns until `ended` holds. On the kernel a turn waits, so what never comes is a test time-out.
  template <typename Predicate>
  void TurnUntil(Predicate ended) {
    for (int turn = 0; !ended(); ++turn) {
      ASSERT_LT(turn, kMaxTurns);
      ASSERT_TRUE(reactor_->HasWork()) << "nothing is left that could end this wait";
      const absl::Status turned = reactor_->Turn();
      ASSERT_TRUE(turned.ok()) << turned;
    }
  }

  void TurnUntilIdle() {
    TurnUntil([this] { return !reactor_->HasWork(); });
  }

  // One turn that submits and looks but does not wait, because something is ready after its batch.
  void Look() {
    ResumeProbe never_resumed;
    ReadyNode still_ready;
    still_ready.handle = never_resumed.handle();
    ResumeProbe poster([this, &still_ready] { reactor_->ready()->PostForNextTurn(&still_ready); });
    ReadyNode first;
    first.handle = poster.handle();
    reactor_->ready()->Post(&first);
    const absl::Status turned = reactor_->Turn();
    EXPECT_TRUE(turned.ok()) << turned;
  }

 private:
  static int64_t CountOpenDescriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  }

  int64_t open_descriptors_ = 0;
  absl::Status refusal_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_REACTOR_FIXTURE_H_
