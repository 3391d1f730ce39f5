#include "cluster/remove_tree.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace pgring {
namespace {

// What getdents64(2) fills in; no C library header declares it.
struct DirectoryEntry {
  uint64_t inode;
  int64_t next_offset;
  uint16_t record_length;
  uint8_t type;
  char name[1];
};

constexpr int kOpenFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

int EmptyDirectory(int directory_fd, const char* kept_name, int depth);

int RemoveEntry(int directory_fd, const char* name, int depth) {
  if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  if (depth >= kRemoveTreeDepthLimit) return ELOOP;
  const int fd = openat(directory_fd, name, kOpenFlags);
  if (fd < 0) return errno == ENOENT ? 0 : errno;
  const int error = EmptyDirectory(fd, nullptr, depth + 1);
  close(fd);
  if (error != 0) return error;
  if (unlinkat(directory_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  return errno;
}

bool IsKept(const char* name, const char* kept_name) {
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return true;
  return kept_name != nullptr && strcmp(name, kept_name) == 0;
}

// Removing entries while listing may make the listing skip some, hence pass after pass until one
// finds nothing to remove.
int EmptyDirectory(int directory_fd, const char* kept_name, int depth) {
  alignas(DirectoryEntry) char buffer[4096];
  for (;;) {
    int first_error = 0;
    bool removed_any = false;
    if (lseek(directory_fd, 0, SEEK_SET) < 0) return errno;
    for (;;) {
      const long length = syscall(SYS_getdents64, directory_fd, buffer, sizeof(buffer));
      if (length < 0) return errno;
      if (length == 0) break;
      for (long offset = 0; offset < length;) {
        auto* entry = reinterpret_cast<DirectoryEntry*>(buffer + offset);
        offset += entry->record_length;
        const char* name = buffer + (entry->name - buffer);
        if (IsKept(name, kept_name)) continue;
        const int error = RemoveEntry(directory_fd, name, depth);
        if (error == 0) removed_any = true;
        if (first_error == 0) first_error = error;
      }
    }
    if (!removed_any) return first_error;
  }
}

}  // namespace

int RemoveTree(const char* directory, const char* last_name) {
  const int fd = open(directory, kOpenFlags);
  if (fd < 0) return errno == ENOENT ? 0 : errno;
  int error = EmptyDirectory(fd, last_name, 0);
  if (error == 0 && last_name != nullptr) error = RemoveEntry(fd, last_name, 0);
  close(fd);
  if (error != 0) return error;
  if (rmdir(directory) == 0 || errno == ENOENT) return 0;
  return errno;
}

}  // namespace pgring
