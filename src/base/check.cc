#include "pgring/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace pgring {

void CheckFailed(const char* file, int line, const char* condition, const char* message) {
  std::fprintf(stderr, "pgring: internal error at %s:%d: %s (check '%s' failed)\n", file, line,
               message, condition);
  std::abort();
}

}  // namespace pgring
