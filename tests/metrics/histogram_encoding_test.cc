// Vectors marked as published are from the tests of HdrHistogram's ports: HdrHistogram_py
// (test_hdrhistogram.py), HdrHistogramJS (README.md). The others marked as the C library's were
// made with HdrHistogram_c 0.11.10. Encoded text is compared inflated: zlib's versions compress
// differently.
#include "pgring/metrics/histogram_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/random.h"
#include "support/property_seeds.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::StartsWith;

// Microseconds up to an hour, as the published vectors have it.
Histogram PublishedLayout() { return Histogram(1, 3'600'000'000, 3); }

constexpr std::string_view kPublishedRaw =
    "HISTFAAAACl4nJNpmSzMwMBgyAABzFCaEURcm7yEwf4DROA8/4I5jNM7mJgAlWkH9g==";
constexpr std::string_view kPublishedCorrected =
    "HISTFAAAAP94nJNpmSzMwCByigECmKE0I4i4NnkJg/0HiMB5/gVzGD8aM/3lZ7rPyTSbjektC9N7FqaHzEzbmZi2whCE"
    "vZKRaSYj02wwiYng4tFM3lDoC2dhhwh5UyZlJlUMjClCmgpMEUUmQSZ+IBZEojFFCMvQRwUxenmZ2MGQFUqz4+CTo4I2"
    "pg4dFdQylZWJkYkZCaPyMEUIydPLjMHrssFixuB12XD0HRAwMsFJgkwilZHJHHKmjzp41MFDOjhYmFiQEUEmMWqGsvKB"
    "d8Fwd/Co/waTC9jYOMAIiSJRhLbKh5x9Q87Bo/YNbfsoM4CPhw+IIJAkxnDXN+QcTIpyAPnGh6k=";

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

// A frame around `payload`, whose own length may be claimed to differ.
std::string Framed(const std::string& payload, int32_t length_error = 0) {
  uLongf length = compressBound(payload.size());
  std::string stream(length, '\0');
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(stream.data()), &length,
                     reinterpret_cast<const Bytef*>(payload.data()), payload.size()),
            Z_OK);
  stream.resize(length);
  const uint32_t claimed =
      static_cast<uint32_t>(stream.size()) + static_cast<uint32_t>(length_error);
  const std::string header =
      absl::HexStringToBytes(absl::StrCat("1c849314", absl::Hex(claimed, absl::kZeroPad8)));
  return absl::Base64Escape(header + stream);
}

std::string Inflated(std::string_view base64) {
  std::string frame;
  EXPECT_TRUE(absl::Base64Unescape(std::string(base64), &frame));
  EXPECT_EQ(Hex(frame.substr(0, 4)), "1c849314");
  EXPECT_EQ(Hex(frame.substr(4, 4)), absl::StrCat(absl::Hex(frame.size() - 8, absl::kZeroPad8)));
  std::string payload(100'000, '\0');
  uLongf length = payload.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(payload.data()), &length,
                       reinterpret_cast<const Bytef*>(frame.data()) + 8, frame.size() - 8),
            Z_OK);
  payload.resize(length);
  return payload;
}

// A payload of PublishedLayout() with these counts.
std::string PayloadOf(absl::string_view counts_hex, absl::string_view length_hex) {
  return absl::HexStringToBytes(absl::StrCat("1c849313", length_hex, "0000000000000003",
                                             "0000000000000001", "00000000d693a400",
                                             "3ff0000000000000", counts_hex));
}

std::string CountsHex(const Histogram& histogram) {
  return Hex(HistogramPayload(histogram).substr(40));
}

Histogram Decoded(std::string_view base64) {
  absl::StatusOr<Histogram> histogram = DecodeHistogram(base64);
  EXPECT_TRUE(histogram.ok()) << histogram.status();
  return histogram.ok() ? *histogram : Histogram();
}

Histogram RecordedIn(Histogram histogram, std::initializer_list<int64_t> values) {
  for (const int64_t value : values) histogram.Record(value);
  return histogram;
}

TEST(HistogramBucketTest, BucketsCountAsHdrHistogramCountsThem) {
  Histogram histogram = PublishedLayout();
  histogram.RecordBucket(11169, 3);
  EXPECT_EQ(histogram.count(), 3);
  EXPECT_EQ(histogram.counts()[11169], 3);
  EXPECT_EQ(histogram.Min(), 999'936);
  EXPECT_EQ(histogram.Max(), 1'000'447);
  EXPECT_EQ(histogram.Sum(), 3 * 1'000'192.0);
  histogram.RecordBucket(7, 1);
  EXPECT_EQ(histogram.Min(), 7);
  EXPECT_EQ(histogram.Max(), 1'000'447);
  EXPECT_EQ(histogram.Sum(), 3 * 1'000'192.0 + 7);
  EXPECT_EQ(histogram.overflow_count(), 0);
}

TEST(HistogramBucketTest, TheLargestBucketTakesTheLargestCount) {
  Histogram histogram(1, std::numeric_limits<int64_t>::max(), 3);
  histogram.RecordBucket(55295, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(histogram.Max(), std::numeric_limits<int64_t>::max());
  EXPECT_NEAR(histogram.Mean(), 0x1p63, 0x1p53);
}

TEST(HistogramBucketDeathTest, RefusesWhatItDoesNotHave) {
  Histogram histogram;
  EXPECT_DEATH(histogram.RecordBucket(-1, 1), "no such bucket");
  EXPECT_DEATH(histogram.RecordBucket(27648, 1), "no such bucket");
  EXPECT_DEATH(histogram.RecordBucket(0, 0), "63 bits");
}

TEST(HistogramEncodingTest, PublishedZeroRuns) {
  const Histogram layout = PublishedLayout();
  EXPECT_EQ(CountsHex(RecordedIn(layout, {9})), "1102");
  EXPECT_EQ(CountsHex(RecordedIn(layout, {10})), "1302");
  EXPECT_EQ(CountsHex(RecordedIn(layout, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})), "02020202020202020202");
  EXPECT_EQ(CountsHex(RecordedIn(layout, {0, 2})), "020102");
}

TEST(HistogramEncodingTest, EncodesTheRawSampleAsTheCLibrary) {
  Histogram histogram = PublishedLayout();
  for (int repeat = 0; repeat < 10'000; ++repeat) histogram.Record(1'000);
  histogram.Record(100'000'000);
  const std::string payload = PayloadOf("cf0fa09c0197880202", "00000009");
  EXPECT_EQ(Hex(HistogramPayload(histogram)), Hex(payload));
  const std::string text = EncodeHistogram(histogram);
  EXPECT_THAT(text, StartsWith("HISTFAAA"));
  EXPECT_EQ(Hex(Inflated(text)), Hex(payload));
  EXPECT_EQ(Hex(Inflated("HISTFAAAACl4nJNpmSzMwMDAyQABzFCaEURcm7yEwf4DROA8/4I5jNM7mJgAjtkHzg==")),
            Hex(payload));
}

TEST(HistogramEncodingTest, EncodesNothingAsTheCLibrary) {
  const std::string text = EncodeHistogram(PublishedLayout());
  EXPECT_EQ(Hex(Inflated(text)), Hex(PayloadOf("01", "00000001")));
  constexpr std::string_view kOfTheCLibrary =
      "HISTFAAAAB94nJNpmSzMwMDAyAABzFAazL82eQmD/QeoAABVhASJ";
  EXPECT_EQ(Hex(Inflated(text)), Hex(Inflated(kOfTheCLibrary)));
  EXPECT_EQ(Decoded(kOfTheCLibrary).count(), 0);
}

TEST(HistogramEncodingTest, EncodesTheMixedSampleAsTheCLibrary) {
  const std::string text = EncodeHistogram(
      RecordedIn(PublishedLayout(), {0, 1, 2, 3, 2047, 2048, 2049, 4096, 1'000'000}));
  EXPECT_EQ(Hex(Inflated(text).substr(40)), "02020202f51f0204fd0f02bf7e02");
  constexpr std::string_view kOfTheCLibrary =
      "HISTFAAAAC14nJNpmSzMwMDAxwABzFCaEURcm7yEwf4DRIAJCL7KM7H85WfaX8cEAKeDCAQ=";
  EXPECT_EQ(Hex(Inflated(text)), Hex(Inflated(kOfTheCLibrary)));
  const Histogram decoded = Decoded(kOfTheCLibrary);
  EXPECT_EQ(decoded.count(), 9);
  EXPECT_EQ(decoded.Min(), 0);
  EXPECT_EQ(decoded.Max(), 1'000'447);
}

TEST(HistogramEncodingTest, DecodesAValueAboveTheHighestTrackable) {
  const Histogram histogram = Decoded("HISTFAAAAB542pNpmSzMwMDAxAABzFCaEUoz2X+AMIKZAEARAtM=");
  EXPECT_EQ(histogram.lowest_discernible(), 1);
  EXPECT_EQ(histogram.highest_trackable(), 2);
  EXPECT_EQ(histogram.significant_digits(), 3);
  EXPECT_EQ(histogram.count(), 1);
  EXPECT_EQ(histogram.Mean(), 42);
  EXPECT_THAT(histogram.ValueAtPercentile(50), Optional(42));
  EXPECT_EQ(histogram.Max(), 42);
  EXPECT_EQ(histogram.overflow_count(), 0);
}

TEST(HistogramEncodingTest, DecodesThePublishedRawSample) {
  // Written by an old C library: its length of the counts is 40 too large.
  EXPECT_EQ(Hex(Inflated(kPublishedRaw).substr(4, 4)), "00000031");
  const Histogram histogram = Decoded(kPublishedRaw);
  EXPECT_EQ(histogram.count(), 10'001);
  EXPECT_THAT(histogram.ValueAtPercentile(50), Optional(1'000));
  EXPECT_THAT(histogram.ValueAtPercentile(99.99), Optional(1'000));
  EXPECT_THAT(histogram.ValueAtPercentile(100), Optional(100'007'935));
  EXPECT_NEAR(histogram.Mean(), 10'996.417158, 1e-6);
  EXPECT_EQ(histogram.Min(), 1'000);
  EXPECT_EQ(histogram.Max(), 100'007'935);
}

TEST(HistogramEncodingTest, DecodesThePublishedCorrectedSample) {
  const Histogram histogram = Decoded(kPublishedCorrected);
  EXPECT_EQ(histogram.count(), 20'000);
  const std::pair<double, int64_t> percentiles[] = {
      {50, 1'000},        {75, 50'003'967},     {90, 80'019'455},  {99, 98'041'855},
      {99.9, 99'811'327}, {99.99, 100'007'935}, {100, 100'007'935}};
  for (const auto& [percentile, value] : percentiles) {
    EXPECT_THAT(histogram.ValueAtPercentile(percentile), Optional(value)) << percentile;
  }
}

TEST(HistogramEncodingTest, WhatOverflowedIsInTheHighestBucket) {
  const Histogram histogram = RecordedIn(Histogram(1, 1'000, 2), {5, 1'000, 1'001, 70'000});
  ASSERT_EQ(histogram.overflow_count(), 2);
  const Histogram decoded = Decoded(EncodeHistogram(histogram));
  EXPECT_EQ(decoded.count(), 4);
  EXPECT_EQ(decoded.counts()[static_cast<size_t>(decoded.IndexOf(1'000))], 3);
  EXPECT_EQ(decoded.overflow_count(), 0);
  EXPECT_THAT(decoded.ValueAtPercentile(25), Optional(5));
  EXPECT_THAT(decoded.ValueAtPercentile(100), Optional(decoded.HighestEquivalent(1'000)));
}

TEST(HistogramEncodingTest, ReadsWhatOtherWritersWriteDifferently) {
  // Java writes a single zero as a zero, not as a run of one.
  EXPECT_EQ(Decoded(Framed(PayloadOf("020002", "00000003"))).counts()[2], 1);
  // Another word size; an index offset, and a ratio that is a whole number's bits (JavaScript).
  std::string payload = PayloadOf("0204", "00000002");
  payload[3] = '\x83';
  payload[11] = 1;
  payload.replace(32, 8, std::string("\0\0\0\0\0\0\0\1", 8));
  const Histogram histogram = Decoded(Framed(payload));
  EXPECT_EQ(histogram.count(), 3);
  EXPECT_EQ(histogram.counts()[1], 2);
  EXPECT_EQ(Decoded(Framed(PayloadOf("", "00000000"))).count(), 0);
}

std::string WithByte(std::string text, size_t position, char byte) {
  text[position] = byte;
  return text;
}

TEST(HistogramEncodingTest, SaysWhatIsWrongWithTheFrame) {
  std::string valid;
  ASSERT_TRUE(absl::Base64Unescape(Framed(PayloadOf("02", "00000001")), &valid));
  std::string followed = valid + 'x';
  ++followed[7];
  std::string cut_off = valid.substr(0, valid.size() - 1);
  --cut_off[7];
  std::string damaged = cut_off + 'x';
  ++damaged[7];
  const auto bytes = [](absl::string_view hex) {
    return absl::Base64Escape(absl::HexStringToBytes(hex));
  };
  const std::pair<std::string, std::string> cases[] = {
      {"", "it is 0 bytes long, and the header alone takes 8"},
      {"HISTF!", "it is not base64"},
      {std::string(kMaxEncodedHistogramChars + 1, 'A'), "it has 83886081 characters; at most"},
      {bytes("1c849309000000000000"), "it is in the old format V0; only V2 can be read"},
      {bytes("1c849302000000000000"), "it is in the old format V1; only V2 can be read"},
      {bytes("1c849313000000000000"), "it is not compressed"},
      {bytes("0badcafe000000000000"), "it begins with 0x0badcafe, which is no cookie"},
      {Framed("", 7), "its zlib stream should have 15 bytes and has 8"},
      {Framed("", -1), "its zlib stream should have 7 bytes and has 8"},
      {bytes("1c849314ffffffff0000"), "its zlib stream should have -1 bytes and has 2"},
      {bytes("1c84931400000000"), "its zlib stream is cut off"},
      {absl::Base64Escape(cut_off), "its zlib stream is cut off"},
      {absl::Base64Escape(followed), "bytes follow its zlib stream"},
      {absl::Base64Escape(damaged), "its zlib stream is damaged"},
      {bytes("1c8493140000000400000000"), "its zlib stream is damaged"}};
  for (const auto& [text, message] : cases) {
    const absl::StatusOr<Histogram> histogram = DecodeHistogram(text);
    EXPECT_EQ(histogram.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(histogram.status().message()),
                StartsWith("decoding an HdrHistogram: " + message));
  }
}

TEST(HistogramEncodingTest, SaysWhatIsWrongWithThePayload) {
  const std::string valid = PayloadOf("02", "00000001");
  const std::string highest_count = "feffffffffffffffff";
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "it ends within the header"},
      {valid.substr(0, 39), "it ends within the header"},
      {WithByte(valid, 3, '\x08'), "it is in the old format V0"},
      {WithByte(valid, 3, '\x01'), "it is in the old format V1"},
      {WithByte(valid, 3, '\x14'), "it begins with 0x1c849314"},
      {WithByte(valid, 4, '\x80'), "its counts are -2147483647 bytes long"},
      {WithByte(valid, 15, 6), "1 to 5 significant digits"},
      {WithByte(valid, 12, '\x80'), "1 to 5 significant digits"},
      {WithByte(valid, 23, 0), "lowest value is at least 1"},
      {WithByte(valid, 16, '\x80'), "lowest value is at least 1"},
      {WithByte(valid, 24, '\x80'), "highest value is at least twice its lowest"},
      {WithByte(WithByte(valid, 16, '\x20'), 24, '\x7f'), "must fit 63 bits together"},
      {PayloadOf("028180", "00000003"), "it ends within a count"},
      {PayloadOf("02", "00000000"), "bytes follow its counts"},
      // The length ends within a count that goes on.
      {PayloadOf("8001", "00000001"), "it ends within a count"},
      // Runs of 23,552 zeros and of 2^63 of them, and a count after the last: beyond the layout.
      {PayloadOf("ffef0202", "00000004"), "it has more counts than the 23552 of its layout"},
      {PayloadOf("ffffffffffffffffff", "00000009"), "it has more counts than the 23552"},
      {PayloadOf(std::string(2 * 23'553, '0'), "00005c01"), "it has more counts than the 23552"},
      {PayloadOf(highest_count + "02", "0000000a"), "its counts add up to more than 63 bits"}};
  for (const auto& [payload, message] : cases) {
    const absl::StatusOr<Histogram> histogram = DecodeHistogram(Framed(payload));
    EXPECT_EQ(histogram.status().code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_THAT(histogram.status().message(), HasSubstr(message));
  }
  EXPECT_EQ(Decoded(Framed(valid)).count(), 1);
  EXPECT_EQ(Decoded(Framed(PayloadOf("fdef0202", "00000004"))).counts()[23'551], 1);
  EXPECT_EQ(Decoded(Framed(PayloadOf(highest_count, "00000009"))).count(),
            std::numeric_limits<int64_t>::max());
}

TEST(HistogramEncodingTest, AHugeStreamIsReadNoFurtherThanItsLayout) {
  // 64 MiB of zeros in 64 KiB.
  const std::string zeros(size_t{64} << 20, '\0');
  EXPECT_THAT(DecodeHistogram(Framed(PayloadOf("", "7fffffff") + zeros)).status().message(),
              HasSubstr("more counts than"));
}

TEST(HistogramEncodingPropertyTest, DecodedIsWhatWasEncoded) {
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Histogram layouts[] = {Histogram(), PublishedLayout(), Histogram(1'000, 3'600'000, 2)};
    for (Histogram histogram : layouts) {
      const int64_t largest = int64_t{1} << random.Between(1, 37);
      for (int64_t left = random.Between(0, 2'000); left > 0; --left) {
        histogram.Record(random.Between(0, largest));
      }
      Histogram expected(histogram.lowest_discernible(), histogram.highest_trackable(),
                         histogram.significant_digits());
      for (size_t index = 0; index < histogram.counts().size(); ++index) {
        const int64_t count = histogram.counts()[index];
        if (count > 0) expected.RecordBucket(static_cast<int>(index), count);
      }
      if (histogram.overflow_count() > 0) {
        expected.RecordBucket(histogram.IndexOf(histogram.highest_trackable()),
                              histogram.overflow_count());
      }
      const Histogram decoded = Decoded(EncodeHistogram(histogram));
      EXPECT_EQ(decoded.lowest_discernible(), histogram.lowest_discernible());
      EXPECT_EQ(decoded.highest_trackable(), histogram.highest_trackable());
      EXPECT_EQ(decoded.significant_digits(), histogram.significant_digits());
      EXPECT_EQ(decoded.counts(), expected.counts());
      EXPECT_EQ(decoded.count(), histogram.count());
      EXPECT_EQ(decoded.Sum(), expected.Sum());
      EXPECT_EQ(decoded.Min(), expected.Min());
      EXPECT_EQ(decoded.Max(), expected.Max());
      EXPECT_EQ(HistogramPayload(decoded), HistogramPayload(histogram));
    }
  }
}

void Mutate(Random* random, std::string* bytes) {
  for (int64_t left = random->Between(1, 4); left > 0; --left) {
    const size_t position = random->Below(bytes->size() + 1);
    switch (random->Below(4)) {
      case 0:
        bytes->insert(position, 1, static_cast<char>(random->Below(256)));
        break;
      case 1:
        bytes->erase(position, random->Below(4));
        break;
      case 2:
        if (position < bytes->size())
          (*bytes)[position] ^= static_cast<char>(1 << random->Below(8));
        break;
      default:
        if (position < bytes->size()) (*bytes)[position] = static_cast<char>(random->Below(256));
    }
  }
}

// Refused, or read as something that can be written and read again.
void ExpectSafe(const std::string& text, int* read) {
  const absl::StatusOr<Histogram> histogram = DecodeHistogram(text);
  if (!histogram.ok()) return;
  ++*read;
  const Histogram again = Decoded(EncodeHistogram(*histogram));
  EXPECT_EQ(again.counts(), histogram->counts());
  EXPECT_EQ(again.count(), histogram->count());
  EXPECT_EQ(again.Max(), histogram->Max());
}

TEST(HistogramEncodingPropertyTest, MutatedTextNeitherCrashesNorLies) {
  int read = 0;
  for (const uint64_t seed : PropertySeeds()) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Histogram histogram(1, 1'000'000, 2);
    for (int left = 0; left < 20; ++left) histogram.Record(random.Between(0, 1'000'000));
    for (int repeat = 0; repeat < 100; ++repeat) {
      std::string text = EncodeHistogram(histogram);
      Mutate(&random, &text);
      ExpectSafe(text, &read);
      std::string frame;
      ASSERT_TRUE(absl::Base64Unescape(EncodeHistogram(histogram), &frame));
      Mutate(&random, &frame);
      ExpectSafe(absl::Base64Escape(frame), &read);
      // Behind a checksum that is right: this is what reaches the counts.
      std::string payload = HistogramPayload(histogram);
      Mutate(&random, &payload);
      ExpectSafe(Framed(payload), &read);
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace pgring
