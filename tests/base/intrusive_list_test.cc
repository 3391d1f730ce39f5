#include "pgring/base/intrusive_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace pgring {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Waiter : ListHook<> {
  explicit Waiter(int waiter_number) : number(waiter_number) {}
  int number;
};
using WaiterList = IntrusiveList<Waiter>;

std::vector<int> Numbers(const WaiterList& list) {
  std::vector<int> numbers;
  list.ForEach([&numbers](Waiter* waiter) { numbers.push_back(waiter->number); });
  return numbers;
}

TEST(IntrusiveListTest, IsEmptyAtFirst) {
  WaiterList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.front(), nullptr);
  EXPECT_EQ(list.PopFront(), nullptr);
  EXPECT_THAT(Numbers(list), IsEmpty());
}

TEST(IntrusiveListTest, IsFirstInFirstOut) {
  Waiter one(1), two(2), three(3);
  WaiterList list;
  list.PushBack(&one);
  list.PushBack(&two);
  list.PushBack(&three);
  EXPECT_EQ(list.PopFront(), &one);
  EXPECT_FALSE(one.linked());
  EXPECT_EQ(list.front(), &two);
  EXPECT_TRUE(two.linked());
  EXPECT_EQ(list.PopFront(), &two);
  EXPECT_EQ(list.PopFront(), &three);
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveListTest, PushFrontGoesBeforeAll) {
  Waiter one(1), two(2), three(3);
  WaiterList list;
  list.PushFront(&two);
  list.PushFront(&one);
  list.PushBack(&three);
  EXPECT_THAT(Numbers(list), ElementsAre(1, 2, 3));
}

TEST(IntrusiveListTest, DestroyedElementTakesItselfOff) {
  Waiter one(1), three(3);
  std::optional<Waiter> two(2);
  WaiterList list;
  list.PushBack(&one);
  list.PushBack(&*two);
  list.PushBack(&three);
  two.reset();
  EXPECT_THAT(Numbers(list), ElementsAre(1, 3));
}

TEST(IntrusiveListTest, UnlinkedElementCanBePushedAgain) {
  Waiter one(1), two(2);
  WaiterList list;
  list.PushBack(&one);
  list.PushBack(&two);
  one.Unlink();
  one.Unlink();
  EXPECT_THAT(Numbers(list), ElementsAre(2));
  list.PushBack(&one);
  EXPECT_THAT(Numbers(list), ElementsAre(2, 1));
}

TEST(IntrusiveListTest, ElementsOutliveTheList) {
  Waiter one(1);
  {
    WaiterList list;
    list.PushBack(&one);
  }
  EXPECT_FALSE(one.linked());
}

TEST(IntrusiveListTest, TakeAllAppendsInOrderAndEmptiesTheOther) {
  Waiter one(1), two(2), three(3), four(4), five(5);
  WaiterList list;
  WaiterList other;
  list.PushBack(&one);
  list.PushBack(&two);
  other.PushBack(&three);
  other.PushBack(&four);
  list.TakeAll(&other);
  EXPECT_THAT(Numbers(list), ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(other.empty());
  // The links are whole in both directions.
  three.Unlink();
  list.PushBack(&five);
  EXPECT_THAT(Numbers(list), ElementsAre(1, 2, 4, 5));
  other.PushBack(&three);
  EXPECT_THAT(Numbers(other), ElementsAre(3));
}

TEST(IntrusiveListTest, TakeAllOfAnEmptyListChangesNothing) {
  Waiter one(1);
  WaiterList list;
  WaiterList other;
  list.PushBack(&one);
  list.TakeAll(&other);
  EXPECT_THAT(Numbers(list), ElementsAre(1));
  other.TakeAll(&list);
  EXPECT_THAT(Numbers(other), ElementsAre(1));
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveListTest, ForEachMayUnlinkOrDestroyTheVisited) {
  auto one = std::make_unique<Waiter>(1);
  auto two = std::make_unique<Waiter>(2);
  Waiter three(3);
  WaiterList list;
  list.PushBack(one.get());
  list.PushBack(two.get());
  list.PushBack(&three);
  std::vector<int> visited;
  list.ForEach([&](Waiter* waiter) {
    visited.push_back(waiter->number);
    if (waiter == one.get()) one.reset();
    if (waiter == &three) three.Unlink();
  });
  EXPECT_THAT(visited, ElementsAre(1, 2, 3));
  EXPECT_THAT(Numbers(list), ElementsAre(2));
}

TEST(IntrusiveListTest, InsertSortedKeepsTheOrderAndPutsEqualsInOrderOfArrival) {
  const auto by_tens = [](const Waiter& left, const Waiter& right) {
    return left.number / 10 < right.number / 10;
  };
  Waiter a(20), b(10), c(30), d(21), e(5), f(31);
  WaiterList list;
  for (Waiter* waiter : {&a, &b, &c, &d, &e, &f}) list.InsertSorted(waiter, by_tens);
  EXPECT_THAT(Numbers(list), ElementsAre(5, 10, 20, 21, 30, 31));
}

// Tens of thousands of operations may wait in the pool's line, each of which joins at its end: the
// search for the place began at the front and made joining the line quadratic.
TEST(IntrusiveListTest, InsertSortedAtTheEndCostsOneComparison) {
  int comparisons = 0;
  const auto compare = [&comparisons](const Waiter& left, const Waiter& right) {
    ++comparisons;
    return left.number < right.number;
  };
  std::deque<Waiter> waiters;
  WaiterList list;
  constexpr int kWaiters = 1'000;
  for (int i = 0; i < kWaiters; ++i) list.InsertSorted(&waiters.emplace_back(i), compare);
  EXPECT_LT(comparisons, kWaiters);
}

struct ByAge;
struct ByName;
struct Person : ListHook<ByAge>, ListHook<ByName> {};

TEST(IntrusiveListTest, TagsLetOneElementBeOnTwoLists) {
  Person person;
  IntrusiveList<Person, ByAge> ages;
  IntrusiveList<Person, ByName> names;
  ages.PushBack(&person);
  names.PushBack(&person);
  EXPECT_EQ(ages.PopFront(), &person);
  EXPECT_EQ(names.front(), &person);
}

TEST(IntrusiveListDeathTest, OneElementOnTwoListsOfOneTag) {
  Waiter one(1);
  WaiterList list;
  WaiterList other;
  list.PushBack(&one);
  EXPECT_DEATH(other.PushBack(&one), "one list at a time");
}

}  // namespace
}  // namespace pgring
