// The integers of HdrHistogram's encoding: ZigZag, which makes small negative numbers small, in
// LEB128-64b9B, seven bits a byte from the lowest, the high bit set on all but the last; the ninth
// byte has all its eight bits, so that none is longer (Java: ZigZagEncoding.java). Unlike
// protobuf's variants, which take ten.
#ifndef PGRING_METRICS_ZIGZAG_H_
#define PGRING_METRICS_ZIGZAG_H_

#include <cstdint>
#include <optional>
#include <string>

namespace pgring {

inline constexpr int kMaxZigZagBytes = 9;

inline void AppendZigZag(int64_t value, std::string* out) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (int byte = 1; byte < kMaxZigZagBytes && rest >= 0x80; ++byte) {
    out->push_back(static_cast<char>((rest & 0x7f) | 0x80));
    rest >>= 7;
  }
  out->push_back(static_cast<char>(rest));
}

// Takes bytes from `next_byte`, a function that returns std::optional<uint8_t>, nothing at the end.
// Nothing when they end within the number.
template <typename NextByte>
std::optional<int64_t> ReadZigZag(const NextByte& next_byte) {
  uint64_t bits = 0;
  for (int byte = 0; byte < kMaxZigZagBytes; ++byte) {
    const std::optional<uint8_t> next = next_byte();
    if (!next.has_value()) return std::nullopt;
    const bool last = byte + 1 == kMaxZigZagBytes || *next < 0x80;
    bits |= static_cast<uint64_t>(byte + 1 == kMaxZigZagBytes ? *next : *next & 0x7f) << (7 * byte);
    if (last) break;
  }
  return static_cast<int64_t>((bits >> 1) ^ (0 - (bits & 1)));
}

}  // namespace pgring

#endif  // PGRING_METRICS_ZIGZAG_H_
