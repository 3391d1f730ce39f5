// tune.json: everything that `pgring tune` found, for other programs; units are in the keys, what
// is unknown is null.
//
// Schema "pgring/tune/1", in full in tests/golden/tune-1.schema.json. The keys are a contract:
// adding, renaming or dropping one is a new schema number.
#ifndef PGRING_REPORT_TUNE_JSON_H_
#define PGRING_REPORT_TUNE_JSON_H_

#include <string>

#include "tune/tune_result.h"

namespace pgring {

inline constexpr char kTuneSchema[] = "pgring/tune/1";

// As JsonReport. Each entry of "testing" holds a whole result of schema "pgring/result/2".
std::string TuneJson(const TuneResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_TUNE_JSON_H_
