// A tune.json read back, for showing the search again. Schema pgring/tune/1.
//
// As read_result.h: what the file does not hold stays unknown, and nothing in it can stop the
// program. The answer's sentences are those that were written: what they rest on is not all there.
#ifndef PGRING_REPORT_READ_TUNE_H_
#define PGRING_REPORT_READ_TUNE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "report/saved_result.h"
#include "tune/tune_result.h"

namespace pgring {

struct SavedTune {
  TuneResult result;
  std::vector<std::string> answer;
};

// `file` is of a schema "pgring/tune/…". InvalidArgument, in one line.
absl::StatusOr<SavedTune> ReadTune(const ResultFile& file);

}  // namespace pgring

#endif  // PGRING_REPORT_READ_TUNE_H_
