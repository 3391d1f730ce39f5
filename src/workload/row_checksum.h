// Folds the decoded values of a row into 64 bits, so that every row that was read has really been
// looked at. Not cryptographic. Cannot fail.
#ifndef PGRING_WORKLOAD_ROW_CHECKSUM_H_
#define PGRING_WORKLOAD_ROW_CHECKSUM_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgring {

// Microseconds since 1970-01-01 of PostgreSQL's ISO timestamp text ("2026-11-22 13:57:26.123456",
// 0 to 6 decimals, no zone), reckoned in the proleptic Gregorian calendar; nothing for other text.
std::optional<int64_t> ParseTimestampMicroseconds(std::string_view text);

class RowChecksum {
 public:
  void AddInteger(int64_t value);
  void AddText(std::string_view text);
  // The point in time; the text itself where the server's DateStyle is not ISO.
  void AddTimestamp(std::string_view text);
  uint64_t value() const { return state_; }

 private:
  void Mix(uint64_t value);

  uint64_t state_ = 0x9e3779b97f4a7c15u;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_ROW_CHECKSUM_H_
