// What `pgring tune` found, in a few lines: the answer first, then how sure it is, why it is not
// more, and what else one would ask. Pure; nothing here can fail.
#ifndef PGRING_REPORT_TUNE_ANSWER_H_
#define PGRING_REPORT_TUNE_ANSWER_H_

#include <string>
#include <vector>

#include "tune/tune_result.h"

namespace pgring {

// Whole lines without ends; a line that begins with two spaces belongs to the one before it.
std::vector<std::string> TuneAnswer(const TuneResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_TUNE_ANSWER_H_
