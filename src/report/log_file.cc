#include "report/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "pgring/base/check.h"
#include "pgring/base/status.h"

namespace pgring {

absl::StatusOr<std::unique_ptr<LogFile>> LogFile::Create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return ErrnoStatus(errno, "creating the log " + path);
  return std::unique_ptr<LogFile>(new LogFile(path, descriptor));
}

LogFile::LogFile(std::string path, int descriptor)
    : path_(std::move(path)),
      descriptor_(descriptor),
      buffer_(std::make_unique<char[]>(kBufferBytes)) {}

LogFile::~LogFile() {
  if (descriptor_ >= 0) (void)Close();
}

absl::Status LogFile::Append(std::string_view text) {
  PGRING_CHECK(descriptor_ >= 0, "the log has been closed");
  if (text.size() > kBufferBytes - used_bytes_) PGRING_RETURN_IF_ERROR(Flush());
  if (!failure_.ok()) return failure_;
  if (text.size() > kBufferBytes) return WriteAll(text);
  std::memcpy(buffer_.get() + used_bytes_, text.data(), text.size());
  used_bytes_ += text.size();
  return absl::OkStatus();
}

absl::Status LogFile::Flush() {
  const std::string_view gathered(buffer_.get(), std::exchange(used_bytes_, 0));
  return WriteAll(gathered);
}

absl::Status LogFile::Close() {
  PGRING_CHECK(descriptor_ >= 0, "the log has been closed already");
  absl::Status status = Flush();
  // Some file systems tell only now that they have no room.
  if (close(std::exchange(descriptor_, -1)) != 0 && status.ok()) {
    status = ErrnoStatus(errno, "writing the log " + path_);
  }
  return status;
}

absl::Status LogFile::WriteAll(std::string_view text) {
  while (failure_.ok() && !text.empty()) {
    const ssize_t written = write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      failure_ = ErrnoStatus(errno, "writing the log " + path_);
    }
  }
  return failure_;
}

}  // namespace pgring
