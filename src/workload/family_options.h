// The choices that the built-in workload offers. Plain data.
#ifndef PGRING_WORKLOAD_FAMILY_OPTIONS_H_
#define PGRING_WORKLOAD_FAMILY_OPTIONS_H_

#include <cstdint>
#include <string_view>

namespace pgring {

enum class StatementStyle : uint8_t { kBatched, kPerRow };
constexpr std::string_view StatementStyleName(StatementStyle style) {
  return style == StatementStyle::kBatched ? "batched" : "per-row";
}

struct FamilyOptions {
  StatementStyle statements = StatementStyle::kBatched;
  bool fk_index = false;
  // Prints every b row that a read returns to standard output, as a_id|id|data.
  bool print_rows = false;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_FAMILY_OPTIONS_H_
