#include "metrics/zigzag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"

namespace pgring {
namespace {

using ::testing::Optional;

std::optional<int64_t> ReadZigZagFrom(std::string_view bytes) {
  const std::optional<int64_t> value = ReadZigZag([&]() -> std::optional<uint8_t> {
    if (bytes.empty()) return std::nullopt;
    const uint8_t next = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    return next;
  });
  EXPECT_TRUE(bytes.empty());
  return value;
}

TEST(ZigZagTest, Vectors) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::pair<int64_t, std::string_view> vectors[] = {{0, "00"},
                                                          {1, "02"},
                                                          {-1, "01"},
                                                          {63, "7e"},
                                                          {64, "8001"},
                                                          {-64, "7f"},
                                                          {-65, "8101"},
                                                          {1'000, "d00f"},
                                                          {-1'000, "cf0f"},
                                                          {10'000, "a09c01"},
                                                          {8'192, "808001"},
                                                          {int64_t{1} << 31, "8080808010"},
                                                          {-(int64_t{1} << 31), "ffffffff0f"},
                                                          {int64_t{1} << 62, "808080808080808080"},
                                                          {kMax, "feffffffffffffffff"},
                                                          {kMin, "ffffffffffffffffff"},
                                                          {-10, "13"}};
  for (const auto& [value, hex] : vectors) {
    std::string bytes;
    AppendZigZag(value, &bytes);
    EXPECT_EQ(absl::BytesToHexString(bytes), hex) << value;
    EXPECT_THAT(ReadZigZagFrom(bytes), Optional(value)) << hex;
    bytes.pop_back();
    EXPECT_EQ(ReadZigZagFrom(bytes), std::nullopt) << hex;
  }
}

}  // namespace
}  // namespace pgring
