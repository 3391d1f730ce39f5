#include <gtest/gtest.h>

#include <deque>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "pgring/base/random.h"
#include "pgring/coro/semaphore.h"
#include "support/coro_fixture.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using Permits = std::map<int, Permit>;

struct Grant {
  int number;
  int64_t units;
  bool operator==(const Grant& other) const = default;
};

Task<void> Acquirer(Semaphore* semaphore, int64_t units, int number, std::vector<Grant>* log,
                    Permits* permits) {
  Permit permit = co_await semaphore->Acquire(units);
  log->push_back(Grant{number, permit.units()});
  (*permits)[number] = std::move(permit);
}

// A semaphore under random use beside the plainest model of what it promises: a line, a number of
// free units, and the front of the line is served as soon as it fits.
class SemaphoreModel {
 public:
  SemaphoreModel(ReadyQueue* ready, uint64_t seed)
      : random_(seed),
        ready_(ready),
        capacity_(random_.Between(1, 10)),
        semaphore_(ready, capacity_),
        available_(capacity_) {}

  void Step() {
    switch (random_.Below(10)) {
      case 0:
      case 1:
      case 2:
        Acquire();
        break;
      case 3:
      case 4:
        Release();
        break;
      case 5:
        Split();
        break;
      case 6:
        DestroyWaiting();
        break;
      case 7:
        DestroyGranted();
        break;
      default:
        RunBatch();
    }
    // Rare, because nothing is granted after it.
    if (random_.Chance(0.001)) Close();
    Check();
  }

  void Finish() {
    line_.clear();
    granted_.clear();
    tasks_.clear();
    permits_.clear();
    EXPECT_TRUE(ready_->empty());
    EXPECT_EQ(semaphore_.available(), capacity_);
    EXPECT_FALSE(semaphore_.has_waiters());
  }

 private:
  void Acquire() {
    const int number = next_number_++;
    const int64_t units = random_.Between(1, capacity_);
    tasks_.emplace(number, Acquirer(&semaphore_, units, number, &log_, &permits_));
    StartOn(ready_, tasks_.at(number));
    if (closed_) {
      expected_log_.push_back(Grant{number, 0});
    } else if (line_.empty() && units <= available_) {
      available_ -= units;
      expected_log_.push_back(Grant{number, units});
    } else {
      line_.push_back(Grant{number, units});
    }
  }

  void Serve() {
    while (!line_.empty() && line_.front().units <= available_) {
      available_ -= line_.front().units;
      granted_.push_back(line_.front());
      line_.pop_front();
    }
  }

  Permits::iterator AnyPermit() {
    auto chosen = permits_.begin();
    std::advance(chosen, random_.Between(0, static_cast<int64_t>(permits_.size()) - 1));
    return chosen;
  }

  void Release() {
    if (permits_.empty()) return;
    const auto chosen = AnyPermit();
    available_ += chosen->second.units();
    permits_.erase(chosen);
    Serve();
  }

  void Split() {
    if (permits_.empty()) return;
    Permit& whole = AnyPermit()->second;
    if (whole.units() == 0) return;
    const int64_t units = random_.Between(1, whole.units());
    permits_[next_number_++] = whole.Split(units);
  }

  void DestroyWaiting() {
    if (line_.empty()) return;
    const auto chosen = line_.begin() + random_.Between(0, static_cast<int64_t>(line_.size()) - 1);
    const int number = chosen->number;
    line_.erase(chosen);
    tasks_.erase(number);
    Serve();
  }

  void DestroyGranted() {
    if (granted_.empty()) return;
    const auto chosen =
        granted_.begin() + random_.Between(0, static_cast<int64_t>(granted_.size()) - 1);
    const Grant grant = *chosen;
    granted_.erase(chosen);
    tasks_.erase(grant.number);
    available_ += grant.units;
    Serve();
  }

  void RunBatch() {
    ready_->RunBatch();
    for (const Grant& grant : granted_) expected_log_.push_back(grant);
    granted_.clear();
  }

  void Close() {
    semaphore_.Close();
    closed_ = true;
    for (const Grant& waiting : line_) granted_.push_back(Grant{waiting.number, 0});
    line_.clear();
  }

  void Check() {
    ASSERT_EQ(semaphore_.available(), available_);
    ASSERT_EQ(semaphore_.has_waiters(), !line_.empty());
    ASSERT_EQ(ready_->empty(), granted_.empty());
    // In order, with the units asked, and no waiter resumed but by RunBatch.
    ASSERT_TRUE(log_ == expected_log_);
  }

  Random random_;
  ReadyQueue* const ready_;
  const int64_t capacity_;
  Semaphore semaphore_;
  Permits permits_;
  std::map<int, Task<void>> tasks_;
  std::vector<Grant> log_;
  int next_number_ = 0;

  int64_t available_;
  bool closed_ = false;
  std::deque<Grant> line_;
  std::vector<Grant> granted_;
  std::vector<Grant> expected_log_;
};

class SemaphorePropertyTest : public ReadyQueueTest {};

TEST_F(SemaphorePropertyTest, BehavesAsItsModel) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    SemaphoreModel model(ready(), seed);
    for (int step = 0; step < 1'000; ++step) {
      model.Step();
      if (::testing::Test::HasFatalFailure()) break;
    }
    model.Finish();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace pgring
