// The files that a command leaves: into the directory of --out, and its JSON once more where --json
// asks for it.
#ifndef PGRING_CLI_OUTPUT_FILES_H_
#define PGRING_CLI_OUTPUT_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/output_directory.h"
#include "cli/output_options.h"

namespace pgring {

struct OutputFile {
  std::string name;
  std::string content;
};

// Whether --json can be written, before anything is measured.
absl::Status CheckJsonFile(const std::string& json_file);

// Writes all that can be written; the first file is the JSON. The first error, also of standard
// output, where the report or the JSON has gone.
absl::Status WriteOutputs(const OutputOptions& output, const std::vector<OutputFile>& files,
                          OutputDirectory* directory);

}  // namespace pgring

#endif  // PGRING_CLI_OUTPUT_FILES_H_
