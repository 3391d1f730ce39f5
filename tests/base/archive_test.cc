#include "pgring/base/archive.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "pgring/base/error_details.h"
#include "pgring/base/status.h"

namespace pgring {

struct Everything {
  int64_t low = std::numeric_limits<int64_t>::min();
  int64_t high = std::numeric_limits<int64_t>::max();
  uint64_t all = std::numeric_limits<uint64_t>::max();
  int32_t negative = -1;
  uint8_t byte = 255;
  bool yes = true;
  double third = 1.0 / 3;
  double not_a_number = std::nan("");
  absl::int128 sum = absl::MakeInt128(-5, 7);
  std::string text = std::string("with\0zero", 9);
  std::optional<int> nothing;
  std::optional<int> something = 3;
  std::vector<std::pair<std::string, int64_t>> pairs = {{"a", 1}, {"", -2}};
  std::map<std::string, std::array<int, 2>> map = {{"x", {1, 2}}, {"y", {3, 4}}};
};

void Archived(Archive* archive, Everything* all) {
  archive->Fields(&all->low, &all->high, &all->all, &all->negative, &all->byte, &all->yes,
                  &all->third, &all->not_a_number, &all->sum, &all->text, &all->nothing,
                  &all->something, &all->pairs, &all->map);
}

namespace {

TEST(ArchiveTest, WhatIsWrittenIsRead) {
  const Everything written;
  Everything read = {.low = 0,
                     .high = 0,
                     .all = 0,
                     .negative = 0,
                     .byte = 0,
                     .yes = false,
                     .third = 0,
                     .not_a_number = 0,
                     .sum = 0,
                     .text = "",
                     .nothing = 1,
                     .something = {},
                     .pairs = {},
                     .map = {}};
  ASSERT_TRUE(FromBytes(ToBytes(written), &read).ok());
  EXPECT_EQ(read.low, written.low);
  EXPECT_EQ(read.high, written.high);
  EXPECT_EQ(read.all, written.all);
  EXPECT_EQ(read.negative, -1);
  EXPECT_EQ(read.byte, 255);
  EXPECT_TRUE(read.yes);
  EXPECT_EQ(read.third, written.third);
  EXPECT_TRUE(std::isnan(read.not_a_number));
  EXPECT_EQ(read.sum, written.sum);
  EXPECT_EQ(read.text, written.text);
  EXPECT_EQ(read.nothing, std::nullopt);
  EXPECT_EQ(read.something, 3);
  EXPECT_EQ(read.pairs, written.pairs);
  EXPECT_EQ(read.map, written.map);
}

TEST(ArchiveTest, WhatIsCutShortOrTooLongIsNotRead) {
  const std::string bytes = ToBytes(Everything());
  for (size_t length = 0; length < bytes.size(); ++length) {
    Everything read;
    EXPECT_FALSE(FromBytes(std::string_view(bytes).substr(0, length), &read).ok()) << length;
  }
  Everything read;
  EXPECT_FALSE(FromBytes(bytes + "x", &read).ok());
}

TEST(ArchiveTest, NumbersOutOfRangeAndEndlessListsAreRefused) {
  uint8_t byte = 0;
  EXPECT_FALSE(FromBytes(ToBytes(int32_t{300}), &byte).ok());
  std::vector<int64_t> numbers;
  // So many would follow.
  EXPECT_FALSE(FromBytes(ToBytes(std::numeric_limits<uint64_t>::max()), &numbers).ok());
  EXPECT_LE(numbers.size(), 1u);
}

TEST(ArchiveTest, StatusesKeepWhatTheyCarry) {
  const absl::Status written = WithClientAborted(WithScriptPosition(
      WithFullMessage(WithFailureCode(absl::AbortedError("deadlock"), "40P01"), "deadlock\nDETAIL"),
      "command 2"));
  absl::Status read;
  ASSERT_TRUE(FromBytes(ToBytes(written), &read).ok());
  EXPECT_EQ(read.message(), "deadlock");
  EXPECT_EQ(FailureCode(read), "40P01");
  EXPECT_EQ(FullMessage(read), "deadlock\nDETAIL");
  EXPECT_EQ(ScriptPosition(read), "command 2");
  EXPECT_TRUE(AbortsClient(read));
  ASSERT_TRUE(FromBytes(ToBytes(absl::OkStatus()), &read).ok());
  EXPECT_TRUE(read.ok());
}

}  // namespace
}  // namespace pgring
