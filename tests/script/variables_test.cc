#include "script/variables.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "support/allocation_count.h"
#include "support/sanitizers.h"

namespace pgring {
namespace {

TEST(SymbolTable, GivesEveryNameOneSlot) {
  SymbolTable symbols;
  EXPECT_EQ(*symbols.Intern("a"), 0u);
  EXPECT_EQ(*symbols.Intern("B_2"), 1u);
  EXPECT_EQ(*symbols.Intern("\xc3\xa4"), 2u);
  EXPECT_EQ(*symbols.Intern("a"), 0u);
  EXPECT_EQ(symbols.Name(1), "B_2");
  EXPECT_EQ(symbols.Find("A"), std::nullopt);
  EXPECT_EQ(symbols.Find("B_2"), 1u);
  EXPECT_EQ(symbols.size(), 3u);
}

TEST(SymbolTable, RefusesWhatIsNoName) {
  SymbolTable symbols;
  for (const std::string name : {"", "1a", "a b", "a-b", ":a", "?column?"}) {
    EXPECT_EQ(symbols.Intern(name).status().message(), "invalid variable name: \"" + name + "\"");
  }
  EXPECT_EQ(symbols.size(), 0u);
}

TEST(SymbolTable, HasALimit) {
  if (kAddressSanitizer) GTEST_SKIP() << "takes half a minute with sanitizers";
  SymbolTable symbols;
  for (size_t i = 0; i < kMaxVariables; ++i) {
    ASSERT_TRUE(symbols.Intern("v" + std::to_string(i)).ok());
  }
  EXPECT_EQ(symbols.Intern("one_more").status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(symbols.Intern("v0").ok());
}

TEST(SymbolTable, MayGrowInSeveralThreads) {
  constexpr int kNames = 500;
  SymbolTable symbols;
  std::vector<std::vector<VariableSlot>> slots(4);
  {
    std::vector<std::jthread> threads;
    for (auto& own : slots) {
      threads.emplace_back([&symbols, &own] {
        for (int i = 0; i < kNames; ++i) own.push_back(*symbols.Intern("v" + std::to_string(i)));
      });
    }
  }
  EXPECT_EQ(symbols.size(), static_cast<size_t>(kNames));
  for (const auto& own : slots) EXPECT_EQ(own, slots[0]);
}

class VariableStoreTest : public ::testing::Test {
 protected:
  VariableSlot Slot(const std::string& name) { return *symbols_.Intern(name); }
  std::string Get(VariableSlot slot) {
    Value value;
    const absl::Status status = store_.GetValue(slot, symbols_, &value);
    return status.ok() ? ValueText(value) : std::string(status.message());
  }

  SymbolTable symbols_;
  VariableStore store_;
};

TEST_F(VariableStoreTest, IsUnsetFirst) {
  const VariableSlot x = Slot("x");
  EXPECT_FALSE(store_.IsSet(x));
  EXPECT_EQ(store_.FindText(x), nullptr);
  EXPECT_EQ(Get(x), "undefined variable \"x\"");
}

TEST_F(VariableStoreTest, TextStaysAsItWas) {
  const VariableSlot x = Slot("x");
  store_.SetText(x, "007");
  EXPECT_EQ(Get(x), "7");
  EXPECT_EQ(*store_.FindText(x), "007");
  store_.SetText(x, "abc");
  EXPECT_EQ(Get(x), "malformed variable \"x\" value: \"abc\"");
  EXPECT_EQ(*store_.FindText(x), "abc");
  store_.SetText(x, "");
  EXPECT_EQ(*store_.FindText(x), "");
}

TEST_F(VariableStoreTest, ValuesHaveText) {
  const VariableSlot x = Slot("x");
  store_.SetValue(x, Value::Integer(5));
  EXPECT_EQ(*store_.FindText(x), "5");
  store_.SetValue(x, Value::Double(0.5));
  EXPECT_EQ(*store_.FindText(x), "0.5");
  EXPECT_EQ(Get(x), "0.5");
  store_.Unset(x);
  EXPECT_FALSE(store_.IsSet(x));
  EXPECT_EQ(Get(x), "undefined variable \"x\"");
}

TEST_F(VariableStoreTest, CopyRestoresEverything) {
  const VariableSlot x = Slot("x");
  const VariableSlot y = Slot("y");
  const VariableSlot z = Slot("z");
  store_.SetValue(x, Value::Integer(1));
  store_.SetText(y, "text");
  VariableStore saved;
  saved.CopyFrom(store_);
  store_.SetText(x, "changed");
  store_.SetValue(y, Value::Null());
  store_.SetText(z, "new");
  EXPECT_EQ(*store_.FindText(y), "NULL");
  store_.CopyFrom(saved);
  EXPECT_EQ(*store_.FindText(x), "1");
  EXPECT_EQ(*store_.FindText(y), "text");
  EXPECT_FALSE(store_.IsSet(z));
}

TEST_F(VariableStoreTest, AllocatesNothingInTheSteadyState) {
  const VariableSlot x = Slot("x");
  const VariableSlot y = Slot("y");
  const std::string long_text(100, '7');
  VariableStore saved;
  int64_t before = 0;
  for (int round = 0; round < 3; ++round) {
    if (round == 2) before = AllocationCount();
    store_.SetValue(x, Value::Integer(-1'234'567'890'123'456'789));
    store_.FindText(x);
    store_.SetText(y, long_text);
    saved.CopyFrom(store_);
    store_.SetText(x, "1");
    store_.CopyFrom(saved);
    Value value;
    ASSERT_TRUE(store_.GetValue(x, symbols_, &value).ok());
  }
  EXPECT_EQ(AllocationCount(), before);
}

}  // namespace
}  // namespace pgring
