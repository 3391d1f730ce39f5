// The list of operations that every scenario runs. The expected values were worked out by a program
// in another language from the definition: the standard's mt19937_64, one draw for the kind, one
// for the value, Fisher-Yates at the end. They must never change: reports of different versions are
// compared by them.
#include <gtest/gtest.h>

#include <algorithm>

#include "workload/family.h"

namespace pgring {
namespace {

// FNV-1a, 64 bits, of kind (1 byte) and value (4 bytes, low first) of each operation.
uint64_t Fingerprint(const std::vector<Operation>& operations) {
  uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&hash](uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3u; };
  for (const Operation& operation : operations) {
    add(operation.kind);
    for (int shift = 0; shift < 32; shift += 8) {
      add(static_cast<uint8_t>(static_cast<uint32_t>(operation.value) >> shift));
    }
  }
  return hash;
}

int64_t Creates(const std::vector<Operation>& operations) {
  return std::count_if(operations.begin(), operations.end(),
                       [](const Operation& o) { return o.kind == kFamilyCreate; });
}

void ExpectFirstValues(const std::vector<Operation>& operations) {
  const int32_t values[] = {25432, 48678, 90781, 77447, 17497};
  for (size_t i = 0; i < std::size(values); ++i) EXPECT_EQ(operations[i].value, values[i]) << i;
}

TEST(FamilyOperationsTest, TheListOfSeed42) {
  const std::vector<Operation> operations = MakeFamilyOperations(35'000, 0.5, 42);
  ASSERT_EQ(operations.size(), 35'000u);
  ExpectFirstValues(operations);
  const uint8_t kinds[] = {kFamilyCreate, kFamilyCreate, kFamilyRead, kFamilyRead, kFamilyCreate};
  for (size_t i = 0; i < std::size(kinds); ++i) EXPECT_EQ(operations[i].kind, kinds[i]) << i;
  EXPECT_EQ(Creates(operations), 17'459);
  EXPECT_EQ(Fingerprint(operations), 0xb4385f83d5f4c97u);
}

TEST(FamilyOperationsTest, OnlyReads) {
  const std::vector<Operation> operations = MakeFamilyOperations(35'000, 0, 42);
  ExpectFirstValues(operations);
  EXPECT_EQ(Creates(operations), 0);
  EXPECT_EQ(Fingerprint(operations), 0x32c31c1fee1a17cu);
}

TEST(FamilyOperationsTest, OnlyCreates) {
  const std::vector<Operation> operations = MakeFamilyOperations(35'000, 1, 42);
  ExpectFirstValues(operations);
  EXPECT_EQ(Creates(operations), 35'000);
  EXPECT_EQ(Fingerprint(operations), 0xd379523bb90f2a2cu);
}

TEST(FamilyOperationsTest, SmallLists) {
  EXPECT_TRUE(MakeFamilyOperations(0, 0.5, 42).empty());
  const std::vector<Operation> one = MakeFamilyOperations(1, 0.5, 42);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].kind, kFamilyRead);
  EXPECT_EQ(one[0].value, 94825);
}

TEST(FamilyOperationsTest, ValuesStayInTheirRange) {
  for (const Operation& operation : MakeFamilyOperations(100'000, 0.5, 7)) {
    ASSERT_GE(operation.value, 1);
    ASSERT_LE(operation.value, 100'000);
  }
}

TEST(FamilyOperationsTest, SeedsDiffer) {
  EXPECT_NE(Fingerprint(MakeFamilyOperations(1'000, 0.5, 1)),
            Fingerprint(MakeFamilyOperations(1'000, 0.5, 2)));
}

}  // namespace
}  // namespace pgring
