// What kept a run from being faster, as far as its own figures show it.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_WHAT_LIMITED_H_
#define PGRING_REPORT_WHAT_LIMITED_H_

#include <optional>
#include <string>

#include "run/comparison_result.h"

namespace pgring {

struct Limit {
  // Otherwise `what` tells what was seen instead.
  bool is_known = true;
  // Half a sentence, without a full stop.
  std::string what;
  // What helps against it: a sentence, or empty.
  std::string advice = {};
};

// "the machine, whose 2 processors were busy 96 % of the time, mostly in the server", or the client
// alone; nothing where there was a processor to spare. `run` is one of the result's.
std::optional<std::string> WhatWasBusy(const ComparisonResult& result, const Run& run);

// Nothing for a run that took no time. `run` is one of the result's.
std::optional<Limit> WhatLimited(const ComparisonResult& result, const Run& run);

}  // namespace pgring

#endif  // PGRING_REPORT_WHAT_LIMITED_H_
