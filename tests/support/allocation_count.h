// Counts the calls of this program's operator new, for tests that something allocates nothing.
#ifndef PGRING_TESTS_SUPPORT_ALLOCATION_COUNT_H_
#define PGRING_TESTS_SUPPORT_ALLOCATION_COUNT_H_

#include <cstdint>

namespace pgring {

// Since the start of the program, all threads.
int64_t AllocationCount();

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_ALLOCATION_COUNT_H_
