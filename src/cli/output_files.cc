#include "cli/output_files.h"

#include "absl/strings/str_cat.h"
#include "cli/messages.h"

namespace pgring {

absl::Status CheckJsonFile(const std::string& json_file) {
  if (json_file.empty() || json_file == "-") return absl::OkStatus();
  absl::Status writable = CheckWritable(json_file);
  if (writable.ok()) return writable;
  return absl::Status(writable.code(),
                      absl::StrCat(writable.message(), "; give --json another file"));
}

absl::Status WriteOutputs(const OutputOptions& output, const std::vector<OutputFile>& files,
                          OutputDirectory* directory) {
  const std::string& json = files.front().content;
  // Standard output first: a disk that has become full must not cost this one too.
  if (output.json_file == "-") PrintOutput(json);
  absl::Status written = FinishReport();
  if (!written.ok()) {
    written = absl::Status(written.code(), absl::StrCat(written.message(), "; the results are in ",
                                                        directory->path()));
  }
  for (const OutputFile& file : files)
    written.Update(directory->WriteFile(file.name, file.content));
  if (!output.json_file.empty() && output.json_file != "-") {
    written.Update(WriteWholeFile(output.json_file, json));
  }
  return written;
}

}  // namespace pgring
