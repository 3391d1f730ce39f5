// The directory that a comparison's files go into. It is made and tried out before anything is
// measured, so that a missing permission or a full disk shows at once and not after minutes; and it
// is removed again when nothing was written.
#ifndef PGRING_CLI_OUTPUT_DIRECTORY_H_
#define PGRING_CLI_OUTPUT_DIRECTORY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgring {

// Room that a comparison's files should find.
inline constexpr size_t kProbeBytes = 256 * 1024;

class OutputDirectory {
 public:
  // Makes `path` and its parents as far as missing and checks that kProbeBytes can be written
  // there.
  static absl::StatusOr<OutputDirectory> Create(const std::string& path);

  OutputDirectory(OutputDirectory&& other) noexcept;
  OutputDirectory& operator=(OutputDirectory&&) = delete;
  // Removes the directories that Create made, unless a file was written.
  ~OutputDirectory();

  // Writes the file whole or not at all, replacing an older one.
  absl::Status WriteFile(const std::string& name, std::string_view content);

  const std::string& path() const { return path_; }

 private:
  explicit OutputDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::vector<std::string> made_;  // outermost first
};

// bench-results/<UTC time>-<host>.
std::string DefaultOutputDirectory();

// The same for a single file anywhere.
absl::Status WriteWholeFile(const std::string& path, std::string_view content);

// `label` as a part of a file's name that every file system takes: "window:20" becomes "window-20".
std::string FileNamePart(std::string_view label);

// Whether WriteWholeFile may write there, as far as permissions tell. Touches nothing.
absl::Status CheckWritable(const std::string& path);

}  // namespace pgring

#endif  // PGRING_CLI_OUTPUT_DIRECTORY_H_
