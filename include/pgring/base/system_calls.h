// How many system calls a thread has made for its I/O, counted where they are made: a comparison of
// drivers should say what each asks of the kernel. Connections and rings count, and what they do
// for libpq; clocks that need no system call, memory and the locks of threads do not.
//
// Counting is one addition to memory of the thread's own.
#ifndef PGRING_BASE_SYSTEM_CALLS_H_
#define PGRING_BASE_SYSTEM_CALLS_H_

#include <cstdint>

namespace pgring {

namespace system_calls_internal {
inline constinit thread_local int64_t count = 0;
}  // namespace system_calls_internal

inline void CountSystemCalls(int64_t count) { system_calls_internal::count += count; }

// Of the calling thread, since it began.
inline int64_t SystemCallsOfThread() { return system_calls_internal::count; }

}  // namespace pgring

#endif  // PGRING_BASE_SYSTEM_CALLS_H_
