#include "postgres/socket_bytes.h"

#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "pgring/base/check.h"
#include "pgring/base/system_calls.h"

namespace pgring {
namespace {

constinit thread_local std::vector<SocketBytes*> served;  // by descriptor

SocketBytes* Find(int descriptor) {
  const auto index = static_cast<size_t>(descriptor);
  return index < served.size() ? served[index] : nullptr;
}

}  // namespace

void ServeSocket(int descriptor, SocketBytes* bytes) {
  PGRING_CHECK(descriptor >= 0, "no socket to serve");
  const auto index = static_cast<size_t>(descriptor);
  if (index >= served.size()) served.resize(index + 1);
  served[index] = bytes;
}

}  // namespace pgring

// The C library's names, parameters and types.
extern "C" __attribute__((visibility("default"))) ssize_t recv(int descriptor, void* buffer,
                                                               size_t size, int flags) {
  pgring::SocketBytes* bytes = flags == 0 ? pgring::Find(descriptor) : nullptr;
  if (bytes != nullptr) return bytes->Receive(static_cast<char*>(buffer), size);
  pgring::CountSystemCalls(1);
  return syscall(SYS_recvfrom, descriptor, buffer, size, flags, nullptr, nullptr);
}

extern "C" __attribute__((visibility("default"))) ssize_t send(int descriptor, const void* buffer,
                                                               size_t size, int flags) {
  pgring::SocketBytes* bytes = (flags & ~MSG_NOSIGNAL) == 0 ? pgring::Find(descriptor) : nullptr;
  if (bytes != nullptr) return bytes->Send(static_cast<const char*>(buffer), size);
  pgring::CountSystemCalls(1);
  return syscall(SYS_sendto, descriptor, buffer, size, flags, nullptr, 0);
}

namespace pgring {

bool OwnsSocketCalls() {
  // The search that the dynamic linker made for libpq.
  return dlsym(RTLD_DEFAULT, "recv") == reinterpret_cast<void*>(&recv) &&
         dlsym(RTLD_DEFAULT, "send") == reinterpret_cast<void*>(&send);
}

}  // namespace pgring
