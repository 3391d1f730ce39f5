// What a reactor goes on with when its backend has failed: every operation ends at once with -EIO,
// so that all who wait come to an end by themselves and give back what they hold. Time goes on.
#ifndef PGRING_URING_FAILED_BACKEND_H_
#define PGRING_URING_FAILED_BACKEND_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "pgring/uring/backend.h"

namespace pgring {

// `failed` is kept, because its buffers are still in use; `in_flight` are the operations whose
// completions it will not give any more.
std::unique_ptr<Backend> MakeFailedBackend(std::unique_ptr<Backend> failed,
                                           const std::vector<uint64_t>& in_flight);

}  // namespace pgring

#endif  // PGRING_URING_FAILED_BACKEND_H_
