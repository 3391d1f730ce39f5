// How libpq comes to read and write memory instead of a socket.
//
// libpq's data path consists of two functions of the C library, recv and send (also under TLS and
// GSSAPI, whose libraries call back into libpq). This program defines functions of the same names;
// a program's own definition goes before every shared library's, so the dynamic linker gives them
// to libpq. They look the descriptor up in a table of the calling thread: for one that is in it
// they take from and give to its SocketBytes, for any other they are the plain system call, with
// the same result and errno. So a blocking PQcancel on another thread, a descriptor that libpq has
// just opened, and the sockets of all other code are untouched.
//
// The contract, as libpq 15 to 18 use it: recv and send never block here; nothing to read, and no
// room to write, are EAGAIN; 0 from recv is the end of the stream and stays so; libpq then asks
// poll(2) of the real socket, which agrees. Flags that we do not know (MSG_PEEK) go to the kernel.
// Never EINVAL: libpq would take it for a kernel without MSG_NOSIGNAL.
//
// A descriptor is in the table while bytes of it may be in our hands: from when its connection is
// established until libpq closes it or its SocketIo ends. A stale entry would give a new
// connection's bytes to an old one; hence SocketIo::NoteStep after every call of libpq's.
#ifndef PGRING_POSTGRES_SOCKET_BYTES_H_
#define PGRING_POSTGRES_SOCKET_BYTES_H_

#include <sys/types.h>

#include <cstddef>

namespace pgring {

// As recv and send: the number of bytes, or -1 with errno.
class SocketBytes {
 public:
  virtual ssize_t Receive(char* buffer, size_t size) = 0;
  virtual ssize_t Send(const char* bytes, size_t size) = 0;

 protected:
  ~SocketBytes() = default;
};

// On this thread, from now on. nullptr: the plain system calls again.
void ServeSocket(int descriptor, SocketBytes* bytes);

// Whether other libraries' calls of recv and send come here.
bool OwnsSocketCalls();

}  // namespace pgring

#endif  // PGRING_POSTGRES_SOCKET_BYTES_H_
