// The file that a worker of a fleet leaves: its part of a result, exact, for `pgring merge`.
//
// A line that says what it is and of which version, then the rest compressed (zlib, whose checksum
// tells a damaged file). Times are since the common start: every worker has a clock of its own.
#ifndef PGRING_EXPERIMENT_WORKER_FILE_H_
#define PGRING_EXPERIMENT_WORKER_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "run/comparison_result.h"

namespace pgring {

struct WorkerFile {
  std::string fleet;  // its ID
  // Drawn when the fleet came together: an ID may be used more than once.
  uint64_t gathering = 0;
  int rank = 0;
  int size = 1;
  // Its runs have the scenarios of the whole fleet, and one worker.
  ComparisonResult result;
};

// "worker-3.pgring": below the directory of --out.
std::string WorkerFileName(int rank);

// Steps of timelines beyond what a merge of all workers keeps are thinned.
std::string WorkerFileBytes(WorkerFile file);
// The same of a file's text; messages do not name a file.
absl::StatusOr<WorkerFile> ParseWorkerFile(std::string_view text);
// InvalidArgument, in one line that names the file, where it is none, is damaged or of another
// version.
absl::StatusOr<WorkerFile> ReadWorkerFile(const std::string& path);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_WORKER_FILE_H_
