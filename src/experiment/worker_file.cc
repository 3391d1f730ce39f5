#include "experiment/worker_file.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pgring/base/status.h"
#include "pgring/postgres/pool.h"
#include "run/run_archive.h"
#include "run/worker_share.h"

namespace pgring {
namespace {

constexpr std::string_view kMagic = "pgring worker file ";
constexpr std::string_view kFormat = "1";
// What a file may hold, unpacked; a hundred blocks of a dozen scenarios are a fraction of it.
constexpr uint64_t kMostBytes = uint64_t{1} << 30;
constexpr size_t kLengthBytes = sizeof(uint64_t);
// Of one run in one file, however many workers there are.
constexpr size_t kFewestSteps = 4'096;

void ThinTimelines(int size, std::vector<Run>* runs) {
  const size_t steps =
      std::max(kFewestSteps, ConnectionTimeline::kMaxSteps / static_cast<size_t>(size));
  for (Run& run : *runs) {
    if (run.timeline.steps().size() > steps) run.timeline.Compact(steps);
  }
}

bool CanBe(const ScenarioPlan& scenario, const LoadPlan& load, int workers) {
  const int limit = scenario.limit.value_or(workers);
  return scenario.workers == workers && limit >= workers && limit <= kMaxLimit &&
         scenario.pool.size >= workers && scenario.pool.size <= kMaxPoolConnections &&
         scenario.pool.max_overflow >= 0 && scenario.pool.max_overflow <= kMaxPoolConnections &&
         scenario.limit.has_value() == scenario.type->has_limit &&
         load.operations_per_client.value_or(1) > 0 &&
         load.operations_per_client.value_or(1) <= kMaxOperations / scenario.ClientCount();
}

bool CanBe(const std::vector<Run>& runs, const LoadPlan& load, int workers) {
  return std::all_of(runs.begin(), runs.end(), [&](const Run& run) {
    return CanBe(run.scenario, run.load, workers) && CanBe(run.scenario, load, workers) &&
           run.recorder.Total().Balanced();
  });
}

// What a merge relies on. The bytes are of any origin.
bool CanBe(const WorkerFile& file) {
  if (file.size < 1 || file.size > kMaxWorkers || file.rank < 0 || file.rank >= file.size) {
    return false;
  }
  const ComparisonPlan& plan = file.result.plan;
  const int64_t operations = plan.workload.operations;
  if (operations != kUnlimitedOperations && (operations < 1 || operations > kMaxOperations)) {
    return false;
  }
  return std::all_of(
             plan.scenarios.begin(), plan.scenarios.end(),
             [&](const ScenarioPlan& scenario) { return CanBe(scenario, plan.load, file.size); }) &&
         CanBe(file.result.runs, plan.load, file.size) &&
         std::all_of(file.result.blocks.begin(), file.result.blocks.end(),
                     [&](const Block& block) { return CanBe(block.runs, plan.load, file.size); });
}

void Fields(Archive* archive, WorkerFile* file) {
  archive->Fields(&file->fleet, &file->gathering, &file->rank, &file->size, &file->result);
  if (archive->reads() && archive->ok() && !CanBe(*file)) archive->Fail("it contradicts itself");
}

absl::StatusOr<std::string> Unpacked(std::string_view packed) {
  if (packed.size() < kLengthBytes) return absl::DataLossError("it ends too early");
  uint64_t length = 0;
  for (size_t place = 0; place < kLengthBytes; ++place) {
    length |= static_cast<uint64_t>(static_cast<unsigned char>(packed[place])) << (8 * place);
  }
  if (length > kMostBytes) return absl::DataLossError("it is too large");
  packed.remove_prefix(kLengthBytes);
  std::string bytes(length, '\0');
  uLongf unpacked = length;
  const int code = uncompress(reinterpret_cast<Bytef*>(bytes.data()), &unpacked,
                              reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (code != Z_OK || unpacked != length) return absl::DataLossError("it is damaged");
  return bytes;
}

}  // namespace

absl::StatusOr<WorkerFile> ParseWorkerFile(std::string_view text) {
  if (!text.starts_with(kMagic)) {
    return absl::InvalidArgumentError("this is no worker file of pgring");
  }
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return absl::DataLossError("it ends too early");
  const std::string_view format = text.substr(kMagic.size(), end - kMagic.size());
  if (format != kFormat) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a worker file of format ", std::string(format.substr(0, 20)), ", and this pgring reads ",
        std::string(kFormat), ": merge with the version that wrote it"));
  }
  const absl::StatusOr<std::string> bytes = Unpacked(text.substr(end + 1));
  if (!bytes.ok()) return bytes.status();
  WorkerFile file;
  Archive archive(*bytes);
  Fields(&archive, &file);
  PGRING_RETURN_IF_ERROR(archive.Finish());
  return file;
}

std::string WorkerFileName(int rank) { return absl::StrCat("worker-", rank, ".pgring"); }

std::string WorkerFileBytes(WorkerFile file) {
  ThinTimelines(file.size, &file.result.runs);
  for (Block& block : file.result.blocks) ThinTimelines(file.size, &block.runs);
  Archive archive;
  Fields(&archive, &file);
  const std::string bytes = archive.TakeBytes();
  std::string text = absl::StrCat(std::string(kMagic), std::string(kFormat), "\n");
  for (size_t place = 0; place < kLengthBytes; ++place) {
    text += static_cast<char>(static_cast<uint64_t>(bytes.size()) >> (8 * place));
  }
  uLongf packed = compressBound(bytes.size());
  const size_t header = text.size();
  text.resize(header + packed);
  // Cannot fail: there is room, and memory that is not to be had ends the program.
  compress2(reinterpret_cast<Bytef*>(text.data() + header), &packed,
            reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_BEST_SPEED);
  text.resize(header + packed);
  return text;
}

absl::StatusOr<WorkerFile> ReadWorkerFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  if (!stream.is_open() || stream.bad() || text.empty()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read, or is empty"));
  }
  absl::StatusOr<WorkerFile> file = ParseWorkerFile(text);
  if (file.ok()) return file;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", file.status().message()));
}

}  // namespace pgring
