// Sentences of the answer of `pgring tune` that stand by themselves: what rules of thumb would
// give, how the answer divides among processes, and which rate keeps what was asked for.
//
// Pure; nothing here can fail. There is an answer.
#ifndef PGRING_REPORT_TUNE_SENTENCES_H_
#define PGRING_REPORT_TUNE_SENTENCES_H_

#include <string>
#include <string_view>

#include "tune/tune_result.h"

namespace pgring {

// "1 block", "6 blocks".
std::string Times(int count, std::string_view what);

std::string FormulaText(const Formula& formula, int answer);

// Rounded down, so that all together stay within the answer; at least 1 each. There are several.
std::string InstancesText(const TuneResult& result);

// `result` has a service level.
std::string ServiceLevelText(const TuneResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_TUNE_SENTENCES_H_
