#include "pgring/coro/task.h"

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace pgring::coro_internal {

void DieOfException() {
  try {
    throw;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pgring: internal error: an exception left a coroutine: %s\n",
                 error.what());
  } catch (...) {
    std::fprintf(stderr, "pgring: internal error: an exception left a coroutine\n");
  }
  std::abort();
}

}  // namespace pgring::coro_internal
