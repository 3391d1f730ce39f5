// A text file that is written line by line while a run is going on: lines gather in a buffer of
// fixed size and reach the kernel when it is full, so that a line costs a copy and nothing is
// allocated after opening.
//
// Owns the descriptor. The first failure to write (a full disk) is kept: from then on every call
// returns it and writes nothing. Not thread-safe.
#ifndef PGRING_REPORT_LOG_FILE_H_
#define PGRING_REPORT_LOG_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgring {

class LogFile {
 public:
  static constexpr size_t kBufferBytes = 64 * 1024;

  // Creates `path` or empties it. Fails with the path and the system's reason.
  static absl::StatusOr<std::unique_ptr<LogFile>> Create(const std::string& path);
  // Writes what is left and closes; failures are lost, so call Close first.
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  absl::Status Append(std::string_view text);
  // Hands everything to the kernel.
  absl::Status Flush();
  // The same, then closes; the only call that says whether everything arrived. Append must not
  // follow.
  absl::Status Close();

  const std::string& path() const { return path_; }

 private:
  LogFile(std::string path, int descriptor);
  absl::Status WriteAll(std::string_view text);

  const std::string path_;
  int descriptor_;
  const std::unique_ptr<char[]> buffer_;
  size_t used_bytes_ = 0;
  absl::Status failure_;
};

}  // namespace pgring

#endif  // PGRING_REPORT_LOG_FILE_H_
