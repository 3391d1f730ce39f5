// The bytes of a zlib stream (RFC 1950), one after the other, through a buffer of fixed size: what
// the stream would inflate to, which may be a thousand times its length, is never held.
//
// `compressed` must outlive the reader. Not thread-safe.
#ifndef PGRING_METRICS_INFLATING_READER_H_
#define PGRING_METRICS_INFLATING_READER_H_

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace pgring {

class InflatingReader {
 public:
  explicit InflatingReader(std::string_view compressed);
  ~InflatingReader();
  InflatingReader(const InflatingReader&) = delete;
  InflatingReader& operator=(const InflatingReader&) = delete;

  // Nothing at the end, and when the stream is broken.
  std::optional<uint8_t> Next() {
    if (position_ == filled_ && !Refill()) return std::nullopt;
    return buffer_[position_++];
  }

  // After Next returned nothing: OK when that was the end of a whole stream, whose checksum was
  // right, and of `compressed`. INVALID_ARGUMENT else.
  const absl::Status& status() const { return status_; }

 private:
  bool Refill();

  z_stream stream_ = {};
  bool at_end_ = false;
  absl::Status status_;
  size_t position_ = 0;
  size_t filled_ = 0;
  std::array<uint8_t, 4096> buffer_;
};

}  // namespace pgring

#endif  // PGRING_METRICS_INFLATING_READER_H_
