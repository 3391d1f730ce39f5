#include "cli/output_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "experiment/environment.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr char kAdvice[] = "; choose another directory with --out";

// Written and synced, so that a full disk is found here and not by the kernel later.
absl::Status WriteAndSync(const std::string& path, std::string_view content) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return ErrnoStatus(errno, absl::StrCat("creating ", path));
  absl::Status status;
  while (!content.empty() && status.ok()) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0 && errno != EINTR) status = ErrnoStatus(errno, absl::StrCat("writing ", path));
    if (written > 0) content.remove_prefix(static_cast<size_t>(written));
  }
  // EINVAL: a pipe or a device, which cannot be synced.
  if (status.ok() && fsync(descriptor) != 0 && errno != EINVAL) {
    status = ErrnoStatus(errno, absl::StrCat("writing ", path));
  }
  if (close(descriptor) != 0 && status.ok()) {
    status = ErrnoStatus(errno, absl::StrCat("writing ", path));
  }
  return status;
}

absl::Status WithAdvice(const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), kAdvice));
}

// Renaming over a device, a pipe or a link would replace it: /dev/stdout is a link, whose target
// may well be a regular file.
bool IsReplaced(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::symlink_status(path, ignored);
  return !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
}

}  // namespace

absl::Status WriteWholeFile(const std::string& path, std::string_view content) {
  if (!IsReplaced(path)) return WriteAndSync(path, content);
  const std::string partial = path + ".partial";
  absl::Status status = WriteAndSync(partial, content);
  if (status.ok() && rename(partial.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, absl::StrCat("creating ", path));
  }
  if (!status.ok()) unlink(partial.c_str());
  return status;
}

std::string FileNamePart(std::string_view label) {
  std::string name(label);
  for (char& character : name) {
    const bool kept = absl::ascii_isalnum(static_cast<unsigned char>(character)) ||
                      std::string_view(".=#+-_").find(character) != std::string_view::npos;
    if (!kept) character = '-';
  }
  return name;
}

absl::Status CheckWritable(const std::string& path) {
  const std::string attempt = absl::StrCat("writing ", path);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return ErrnoStatus(EISDIR, attempt);
  // What a link leads to may be still to be made.
  const bool replaced = IsReplaced(path) || !std::filesystem::exists(path, ignored);
  std::string checked = path;
  if (replaced) {
    checked = std::filesystem::path(path).parent_path().string();
    if (checked.empty()) checked = ".";
  }
  if (access(checked.c_str(), replaced ? W_OK | X_OK : W_OK) != 0) {
    return ErrnoStatus(errno, attempt);
  }
  return absl::OkStatus();
}

absl::StatusOr<OutputDirectory> OutputDirectory::Create(const std::string& path) {
  OutputDirectory directory(path);
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : std::filesystem::path(path)) {
    so_far /= part;
    if (mkdir(so_far.c_str(), 0755) == 0) {
      directory.made_.push_back(so_far);
    } else if (errno != EEXIST && errno != EISDIR) {
      return WithAdvice(ErrnoStatus(errno, absl::StrCat("creating the directory ", path)));
    }
  }
  const std::string probe = absl::StrCat(path, "/.pgring-probe");
  const absl::Status writable = WriteAndSync(probe, std::string(kProbeBytes, '\0'));
  unlink(probe.c_str());
  if (!writable.ok()) return WithAdvice(writable);
  return directory;
}

OutputDirectory::OutputDirectory(OutputDirectory&& other) noexcept
    : path_(std::move(other.path_)), made_(std::exchange(other.made_, {})) {}

OutputDirectory::~OutputDirectory() {
  for (auto made = made_.rbegin(); made != made_.rend(); ++made) rmdir(made->c_str());
}

absl::Status OutputDirectory::WriteFile(const std::string& name, std::string_view content) {
  const absl::Status status = WriteWholeFile(absl::StrCat(path_, "/", name), content);
  // rmdir leaves a directory that holds files alone, so made_ may stay as it is.
  return WithAdvice(status);
}

std::string DefaultOutputDirectory() {
  char host[256] = "host";
  gethostname(host, sizeof host - 1);
  const std::string time = absl::StrReplaceAll(UtcNow(), {{"-", ""}, {":", ""}});
  return absl::StrCat("bench-results/", time, "-", host);
}

}  // namespace pgring
