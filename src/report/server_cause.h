// What the samples of the server say of a scenario: those of all its runs that count.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_SERVER_CAUSE_H_
#define PGRING_REPORT_SERVER_CAUSE_H_

#include <optional>

#include "diagnosis/cause.h"
#include "diagnosis/server_samples.h"
#include "run/comparison_result.h"

namespace pgring {

// Of repeats the samples of all blocks together. Nothing where the server was not sampled. `run` is
// one of the result's.
std::optional<ServerSamples> SamplesOf(const ComparisonResult& result, const Run& run);
std::optional<Cause> CauseOf(const ComparisonResult& result, const Run& run);

// Of that run alone.
Cause CauseOfRun(const Run& run);

}  // namespace pgring

#endif  // PGRING_REPORT_SERVER_CAUSE_H_
