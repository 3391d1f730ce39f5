// Checked assertions for programmer errors. They stay on in release builds: a measuring tool that
// goes on after its own invariant broke would print a wrong figure, which is worse than no figure.
//
// A failed check prints file, line, the condition and the message to standard error and aborts.
// What can go wrong in operation (servers, files, users) is an absl::Status instead.
#ifndef PGRING_BASE_CHECK_H_
#define PGRING_BASE_CHECK_H_

namespace pgring {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const char* message);

}  // namespace pgring

#define PGRING_CHECK(condition, message)                              \
  do {                                                                \
    if (!(condition)) [[unlikely]] {                                  \
      ::pgring::CheckFailed(__FILE__, __LINE__, #condition, message); \
    }                                                                 \
  } while (false)

#endif  // PGRING_BASE_CHECK_H_
