#include "metrics/inflating_reader.h"

#include "pgring/base/check.h"

namespace pgring {

InflatingReader::InflatingReader(std::string_view compressed) {
  // zlib only reads from there; its interface is older than const.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream_.avail_in = static_cast<uInt>(compressed.size());
  PGRING_CHECK(stream_.avail_in == compressed.size(), "a zlib stream has less than 4 GiB");
  PGRING_CHECK(inflateInit(&stream_) == Z_OK, "zlib cannot begin to inflate: no memory");
}

InflatingReader::~InflatingReader() { inflateEnd(&stream_); }

bool InflatingReader::Refill() {
  if (at_end_) return false;
  stream_.next_out = buffer_.data();
  stream_.avail_out = static_cast<uInt>(buffer_.size());
  const int result = inflate(&stream_, Z_NO_FLUSH);
  position_ = 0;
  filled_ = buffer_.size() - stream_.avail_out;
  if (result == Z_STREAM_END) {
    at_end_ = true;
    if (stream_.avail_in > 0) {
      status_ = absl::InvalidArgumentError("bytes follow its zlib stream");
    }
  } else if (result == Z_BUF_ERROR || (result == Z_OK && filled_ == 0)) {
    at_end_ = true;
    status_ = absl::InvalidArgumentError("its zlib stream is cut off");
  } else if (result != Z_OK) {
    // What it inflated before it found out is not to be trusted.
    at_end_ = true;
    filled_ = 0;
    status_ = absl::InvalidArgumentError("its zlib stream is damaged");
  }
  return filled_ > 0;
}

}  // namespace pgring
