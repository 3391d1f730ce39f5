// What waits in the queues of this process's sockets, for tests in which something must have been
// sent, or must have arrived, before the next step. Any thread.
#ifndef PGRING_TESTS_SUPPORT_SOCKET_QUEUES_H_
#define PGRING_TESTS_SUPPORT_SOCKET_QUEUES_H_

namespace pgring {

// Return when one of the sockets holds that many bytes; false when none does after a minute.
// Sent, and not yet taken by the other side.
bool WaitForUnsentBytes(int byte_count);
// Arrived, and not yet read.
bool WaitForUnreadBytes(int byte_count);

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_SOCKET_QUEUES_H_
