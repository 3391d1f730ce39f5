// HdrHistogram's V2 binary encoding, by which histograms are exchanged between its ports (Java, C,
// Python, JavaScript) and written to .hlog files. The format is that of HdrHistogram_c's
// hdr_encoding.c and the Java AbstractHistogram.java: a frame of a cookie, a length and a zlib
// stream (RFC 1950), in base64; in the stream a header of 40 bytes with the layout, then the counts
// up to the last that is not zero, as ZigZag LEB128-64b9B, runs of zeros as one negative number.
//
// What a Histogram keeps beside its counts has no place in the format:
//   - Sum(), Mean(), Min() and Max() of the values themselves. A decoded histogram has them from
//   its
//     buckets, as HdrHistogram does; see Histogram::RecordBucket.
//   - overflow_count(): values that were too long are encoded in the bucket of the highest
//   trackable
//     value. So count() stays, and every percentile is there, but the highest of them only as "at
//     least"; write overflow_count() beside the encoded text where it is not zero.
//
// Free functions, safe from any thread.
#ifndef PGRING_METRICS_HISTOGRAM_ENCODING_H_
#define PGRING_METRICS_HISTOGRAM_ENCODING_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pgring/metrics/histogram.h"

namespace pgring {

// No encoded histogram is longer: the largest layout (5 digits over 63 bits) has 6.2 million counts
// of at most 9 bytes, and base64 adds a third.
inline constexpr size_t kMaxEncodedHistogramChars = size_t{80} << 20;

// The "compressed" frame in base64: text that begins with "HISTF". Which text may differ from one
// version of zlib to another; what is inside does not. Cannot fail.
std::string EncodeHistogram(const Histogram& histogram);

// What is inside: the "uncompressed" encoding, header and counts. Cannot fail.
std::string HistogramPayload(const Histogram& histogram);

// Reads what EncodeHistogram or a port of HdrHistogram wrote, in its layout: V2 with any word size.
// INVALID_ARGUMENT, with what is wrong in one line, for anything else, V0 and V1 among it, and for
// text above kMaxEncodedHistogramChars. Made for text of any origin: beside the text's bytes it
// allocates what the layout takes, at most 47 MiB, and reads no more than that can hold, whatever
// lengths the text claims.
//
// A value may lie above highest_trackable() as long as the layout has a bucket for it. The length
// of the counts may be too large (old versions of the C port counted the header in); they then end
// with the stream. normalizing_index_offset and the ratio of values to doubles are ignored: the
// first is where its writer kept its array, the second is for DoubleHistogram.
absl::StatusOr<Histogram> DecodeHistogram(std::string_view base64);

}  // namespace pgring

#endif  // PGRING_METRICS_HISTOGRAM_ENCODING_H_
