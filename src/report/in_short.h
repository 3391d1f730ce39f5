// The answer before the tables: what was fastest, by how much and how sure, what one run each
// cannot show, what limited, and what to do next. At most kMaxSentences, each a whole sentence.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_IN_SHORT_H_
#define PGRING_REPORT_IN_SHORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "run/comparison_result.h"
#include "run/summary.h"

namespace pgring {

inline constexpr size_t kMaxSentences = 5;

// Nothing where no run was started.
std::vector<std::string> InShort(const ComparisonResult& result, const Summary& summary);

}  // namespace pgring

#endif  // PGRING_REPORT_IN_SHORT_H_
