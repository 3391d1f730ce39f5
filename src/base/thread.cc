#include "pgring/base/thread.h"

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pgring {

absl::Status StartThread(std::string_view purpose, std::function<void()> body,
                         std::thread* thread) {
  try {
    *thread = std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("starting a thread ", std::string(purpose), ": ", error.code().message(),
                     "; raise the limit of processes ('ulimit -u', or pids.max of a container)"));
  }
  return absl::OkStatus();
}

}  // namespace pgring
