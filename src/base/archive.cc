#include "pgring/base/archive.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr int kBitsPerByte = 7;
constexpr uint8_t kMore = 0x80;
constexpr int kMostShift = 63;

}  // namespace

void Archive::Fail(std::string_view problem) {
  if (problem_.empty()) problem_ = std::string(problem);
  left_ = {};
}

absl::Status Archive::Finish() const {
  if (!ok()) return absl::DataLossError(problem_);
  if (!left_.empty()) {
    return absl::DataLossError(absl::StrCat(left_.size(), " bytes are left over"));
  }
  return absl::OkStatus();
}

std::string_view Archive::Take(size_t count) {
  if (count > left_.size()) {
    Fail("it ends too early");
    return {};
  }
  const std::string_view taken = left_.substr(0, count);
  left_.remove_prefix(count);
  return taken;
}

uint64_t Archive::Unsigned(uint64_t value, uint64_t highest) {
  if (!reads_) {
    uint64_t left = value;
    while (left >= kMore) {
      bytes_ += static_cast<char>(left | kMore);
      left >>= kBitsPerByte;
    }
    bytes_ += static_cast<char>(left);
    return value;
  }
  uint64_t read = 0;
  for (int shift = 0; shift <= kMostShift; shift += kBitsPerByte) {
    const std::string_view byte = Take(1);
    if (byte.empty()) return 0;
    const auto bits = static_cast<uint8_t>(byte.front());
    read |= static_cast<uint64_t>(bits & (kMore - 1)) << shift;
    if ((bits & kMore) != 0) continue;
    if (read <= highest) return read;
    break;
  }
  Fail("a number in it is out of its range");
  return 0;
}

// The sign is the lowest bit, so that small numbers take few bytes whatever their sign.
int64_t Archive::Signed(int64_t value, int64_t lowest, int64_t highest) {
  const uint64_t folded =
      (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> kMostShift);
  const uint64_t read = Unsigned(folded, std::numeric_limits<uint64_t>::max());
  if (!reads_) return value;
  const auto unfolded = static_cast<int64_t>((read >> 1) ^ (~(read & 1) + 1));
  if (unfolded >= lowest && unfolded <= highest) return unfolded;
  Fail("a number in it is out of its range");
  return 0;
}

size_t Archive::Count(size_t count) {
  const auto read = static_cast<size_t>(Unsigned(count, std::numeric_limits<size_t>::max()));
  if (!reads_) return count;
  if (read <= left_.size()) return read;
  Fail("it ends too early");
  return 0;
}

void Archive::Field(bool* value) { *value = Unsigned(*value ? 1 : 0, 1) != 0; }

void Archive::Field(double* value) {
  if (!reads_) {
    const auto bits = std::bit_cast<std::array<char, sizeof(double)>>(*value);
    bytes_.append(bits.data(), bits.size());
    return;
  }
  const std::string_view bytes = Take(sizeof(double));
  std::array<char, sizeof(double)> bits = {};
  std::copy(bytes.begin(), bytes.end(), bits.begin());
  *value = std::bit_cast<double>(bits);
}

void Archive::Field(std::string* value) {
  const size_t length = Count(value->size());
  if (reads_) {
    *value = std::string(Take(length));
  } else {
    bytes_ += *value;
  }
}

void Archive::Field(absl::int128* value) {
  int64_t high = absl::Int128High64(*value);
  uint64_t low = absl::Int128Low64(*value);
  Fields(&high, &low);
  *value = absl::MakeInt128(high, low);
}

// With all that a failure carries: see status.h and error_details.h.
void Archive::Field(absl::Status* value) {
  int code = static_cast<int>(value->code());
  std::string message(value->message());
  std::string failure_code, full_message, position;
  bool aborts = false;
  if (!reads_ && !value->ok()) {
    failure_code = FailureCode(*value);
    full_message = FullMessage(*value);
    position = ScriptPosition(*value);
    aborts = AbortsClient(*value);
  }
  Fields(&code, &message, &failure_code, &full_message, &position, &aborts);
  if (!reads_) return;
  *value = absl::Status(static_cast<absl::StatusCode>(code), message);
  if (value->ok()) return;
  *value = WithFullMessage(WithFailureCode(*value, failure_code), full_message);
  if (!position.empty()) *value = WithScriptPosition(*value, position);
  if (aborts) *value = WithClientAborted(*value);
}

}  // namespace pgring
