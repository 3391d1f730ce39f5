// libpq connections whose requests go to memory and whose answers come from there: what libpq costs
// a client for each execution of a prepared SELECT 1, without kernel and server.
//
// Errors are bugs of the caller's and end the program. Not thread-safe.
#ifndef PGRING_TESTS_SUPPORT_MEMORY_CONNECTIONS_H_
#define PGRING_TESTS_SUPPORT_MEMORY_CONNECTIONS_H_

#include <memory>

namespace pgring {

class MemoryConnections {
 public:
  explicit MemoryConnections(int count);
  ~MemoryConnections();
  MemoryConnections(const MemoryConnections&) = delete;
  MemoryConnections& operator=(const MemoryConnections&) = delete;

  // One execution is sent, then its answer received and read.
  void Send(int connection);
  void Receive(int connection);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_MEMORY_CONNECTIONS_H_
