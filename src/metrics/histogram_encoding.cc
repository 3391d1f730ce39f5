#include "pgring/metrics/histogram_encoding.h"

#include <zlib.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "metrics/inflating_reader.h"
#include "metrics/zigzag.h"
#include "pgring/base/check.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// A cookie's second lowest digit is the word size, 1 in V2 (whose words are 1 to 9 bytes long);
// like the C port, the decoder does not look at it.
constexpr uint32_t kWordSizeMask = 0xf0;
constexpr uint32_t kWordSize = 0x10;
constexpr uint32_t kPayloadCookie = 0x1c849303;
constexpr uint32_t kCompressedCookie = 0x1c849304;

// Cookie and length before the zlib stream.
constexpr size_t kFrameHeaderBytes = 8;
constexpr size_t kPayloadHeaderBytes = 40;

constexpr double kIntegerToDoubleRatio = 1.0;

template <typename Integer>
void AppendBigEndian(Integer value, std::string* out) {
  for (int shift = 8 * (static_cast<int>(sizeof(value)) - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

// Reads one number at the front of `bytes`, which must be there, and takes it off.
template <typename Integer>
Integer TakeBigEndian(std::string_view* bytes) {
  uint64_t value = 0;
  for (size_t byte = 0; byte < sizeof(Integer); ++byte) {
    value = (value << 8) | static_cast<uint8_t>((*bytes)[byte]);
  }
  bytes->remove_prefix(sizeof(Integer));
  return static_cast<Integer>(value);
}

// The counts as they are encoded: with the values that overflowed where HdrHistogram would have
// them if it had taken them for the highest it can track.
class EncodedCounts {
 public:
  explicit EncodedCounts(const Histogram& histogram)
      : histogram_(histogram),
        overflow_index_(static_cast<size_t>(histogram.IndexOf(histogram.highest_trackable()))) {
    size_ = histogram.counts().size();
    while (size_ > 1 && at(size_ - 1) == 0) --size_;
  }

  // Up to the last that is not zero; one zero when all are.
  size_t size() const { return size_; }
  int64_t at(size_t index) const {
    const int64_t overflowed = index == overflow_index_ ? histogram_.overflow_count() : 0;
    return histogram_.counts()[index] + overflowed;
  }

 private:
  const Histogram& histogram_;
  size_t overflow_index_;
  size_t size_;
};

std::string CountsSection(const Histogram& histogram) {
  const EncodedCounts counts(histogram);
  std::string section;
  for (size_t index = 0; index < counts.size();) {
    int64_t zeros = 0;
    while (index < counts.size() && counts.at(index) == 0) {
      ++zeros;
      ++index;
    }
    if (zeros > 0) {
      AppendZigZag(-zeros, &section);
    } else {
      AppendZigZag(counts.at(index++), &section);
    }
  }
  return section;
}

// What a cookie says that is not `expected`.
absl::Status WrongCookie(uint32_t cookie) {
  switch (cookie & ~kWordSizeMask) {
    case 0x1c849308:
    case 0x1c849309:
      return absl::InvalidArgumentError("it is in the old format V0; only V2 can be read");
    case 0x1c849301:
    case 0x1c849302:
      return absl::InvalidArgumentError("it is in the old format V1; only V2 can be read");
    case kPayloadCookie:
      return absl::InvalidArgumentError("it is not compressed; only compressed ones can be read");
    default:
      return absl::InvalidArgumentError(absl::StrCat("it begins with 0x",
                                                     absl::Hex(cookie, absl::kZeroPad8),
                                                     ", which is no cookie of HdrHistogram's"));
  }
}

struct PayloadHeader {
  int32_t counts_bytes = 0;
  int32_t significant_digits = 0;
  int64_t lowest_discernible = 0;
  int64_t highest_trackable = 0;
};

// Why `reader` gave no byte where `what` should have been.
absl::Status EndsEarly(const InflatingReader& reader, std::string_view what) {
  if (!reader.status().ok()) return reader.status();
  return absl::InvalidArgumentError(absl::StrCat("it ends within ", std::string(what)));
}

absl::StatusOr<PayloadHeader> ReadPayloadHeader(InflatingReader* reader) {
  std::string bytes;
  while (bytes.size() < kPayloadHeaderBytes) {
    const std::optional<uint8_t> next = reader->Next();
    if (!next.has_value()) return EndsEarly(*reader, "the header");
    bytes.push_back(static_cast<char>(*next));
  }
  std::string_view rest = bytes;
  const uint32_t cookie = TakeBigEndian<uint32_t>(&rest);
  if ((cookie & ~kWordSizeMask) != kPayloadCookie) return WrongCookie(cookie);
  PayloadHeader header;
  header.counts_bytes = TakeBigEndian<int32_t>(&rest);
  TakeBigEndian<int32_t>(&rest);  // normalizing_index_offset
  header.significant_digits = TakeBigEndian<int32_t>(&rest);
  header.lowest_discernible = TakeBigEndian<int64_t>(&rest);
  header.highest_trackable = TakeBigEndian<int64_t>(&rest);
  if (header.counts_bytes < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("its counts are ", header.counts_bytes, " bytes long"));
  }
  const char* problem = Histogram::LayoutProblem(
      header.lowest_discernible, header.highest_trackable, header.significant_digits);
  if (problem != nullptr) return absl::InvalidArgumentError(problem);
  return header;
}

// Ends with the section or, when the section's length is too large, with the stream. Every number
// takes at least one of the layout's counts, so that this ends in any case.
absl::Status ReadCounts(int64_t counts_bytes, InflatingReader* reader, Histogram* histogram) {
  const uint64_t size = histogram->counts().size();
  uint64_t index = 0;
  int64_t bytes_left = counts_bytes;
  const auto next_byte = [&]() -> std::optional<uint8_t> {
    if (bytes_left == 0) return std::nullopt;
    --bytes_left;
    return reader->Next();
  };
  while (bytes_left > 0) {
    std::optional<uint8_t> first = next_byte();
    if (!first.has_value()) return reader->status();
    const std::optional<int64_t> number = ReadZigZag(
        [&] { return first.has_value() ? std::exchange(first, std::nullopt) : next_byte(); });
    if (!number.has_value()) return EndsEarly(*reader, "a count");
    const uint64_t taken = *number < 0 ? 0 - static_cast<uint64_t>(*number) : 1;
    if (taken > size - index) {
      return absl::InvalidArgumentError(
          absl::StrCat("it has more counts than the ", size, " of its layout"));
    }
    if (*number > 0) {
      if (*number > std::numeric_limits<int64_t>::max() - histogram->count()) {
        return absl::InvalidArgumentError("its counts add up to more than 63 bits");
      }
      histogram->RecordBucket(static_cast<int>(index), *number);
    }
    index += taken;
  }
  if (reader->Next().has_value()) {
    return absl::InvalidArgumentError("bytes follow its counts");
  }
  return reader->status();
}

// The zlib stream within the frame.
absl::StatusOr<std::string_view> CompressedPart(std::string_view frame) {
  if (frame.size() < kFrameHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat("it is ", frame.size(), " bytes long, and the ",
                                                   "header alone takes ", kFrameHeaderBytes));
  }
  const uint32_t cookie = TakeBigEndian<uint32_t>(&frame);
  if ((cookie & ~kWordSizeMask) != kCompressedCookie) return WrongCookie(cookie);
  const int32_t length = TakeBigEndian<int32_t>(&frame);
  if (length < 0 || static_cast<size_t>(length) != frame.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("its zlib stream should have ", length, " bytes and has ", frame.size()));
  }
  return frame;
}

absl::StatusOr<Histogram> Decode(std::string_view base64) {
  if (base64.size() > kMaxEncodedHistogramChars) {
    return absl::InvalidArgumentError(absl::StrCat(
        "it has ", base64.size(), " characters; at most ", kMaxEncodedHistogramChars, " are read"));
  }
  std::string frame;
  if (!absl::Base64Unescape({base64.data(), base64.size()}, &frame)) {
    return absl::InvalidArgumentError("it is not base64");
  }
  const absl::StatusOr<std::string_view> compressed = CompressedPart(frame);
  if (!compressed.ok()) return compressed.status();
  InflatingReader reader(*compressed);
  const absl::StatusOr<PayloadHeader> header = ReadPayloadHeader(&reader);
  if (!header.ok()) return header.status();
  Histogram histogram(header->lowest_discernible, header->highest_trackable,
                      header->significant_digits);
  PGRING_RETURN_IF_ERROR(ReadCounts(header->counts_bytes, &reader, &histogram));
  return histogram;
}

}  // namespace

std::string HistogramPayload(const Histogram& histogram) {
  const std::string counts = CountsSection(histogram);
  std::string payload;
  payload.reserve(kPayloadHeaderBytes + counts.size());
  AppendBigEndian(kPayloadCookie | kWordSize, &payload);
  AppendBigEndian(static_cast<uint32_t>(counts.size()), &payload);
  AppendBigEndian(uint32_t{0}, &payload);  // normalizing_index_offset
  AppendBigEndian(static_cast<uint32_t>(histogram.significant_digits()), &payload);
  AppendBigEndian(static_cast<uint64_t>(histogram.lowest_discernible()), &payload);
  AppendBigEndian(static_cast<uint64_t>(histogram.highest_trackable()), &payload);
  AppendBigEndian(std::bit_cast<uint64_t>(kIntegerToDoubleRatio), &payload);
  payload += counts;
  return payload;
}

std::string EncodeHistogram(const Histogram& histogram) {
  const std::string payload = HistogramPayload(histogram);
  uLongf length = compressBound(static_cast<uLong>(payload.size()));
  std::string compressed(length, '\0');
  // Given enough room it can fail only for want of memory.
  PGRING_CHECK(compress(reinterpret_cast<Bytef*>(compressed.data()), &length,
                        reinterpret_cast<const Bytef*>(payload.data()),
                        static_cast<uLong>(payload.size())) == Z_OK,
               "zlib cannot compress: no memory");
  std::string frame;
  AppendBigEndian(kCompressedCookie | kWordSize, &frame);
  AppendBigEndian(static_cast<uint32_t>(length), &frame);
  frame.append(compressed, 0, length);
  return absl::Base64Escape(frame);
}

absl::StatusOr<Histogram> DecodeHistogram(std::string_view base64) {
  absl::StatusOr<Histogram> histogram = Decode(base64);
  if (!histogram.ok()) return Annotate(histogram.status(), "decoding an HdrHistogram");
  return histogram;
}

}  // namespace pgring
