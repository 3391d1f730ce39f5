// Starting a thread, which can fail: the user may have no more ('ulimit -u'), or a container
// (pids.max).
#ifndef PGRING_BASE_THREAD_H_
#define PGRING_BASE_THREAD_H_

#include <functional>
#include <string_view>
#include <thread>

#include "absl/status/status.h"

namespace pgring {

// Runs `body` on a new thread, which `*thread` then is. `purpose` completes the message "starting a
// thread <purpose>".
absl::Status StartThread(std::string_view purpose, std::function<void()> body, std::thread* thread);

}  // namespace pgring

#endif  // PGRING_BASE_THREAD_H_
