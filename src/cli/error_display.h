// Tells of errors on standard error while the run goes on: every client that an error aborts and,
// with --verbose-errors, every other failed attempt.
//
// One for a whole comparison, told of each run's begin. OnError is called on the runner's threads.
#ifndef PGRING_CLI_ERROR_DISPLAY_H_
#define PGRING_CLI_ERROR_DISPLAY_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "run/error_log.h"

namespace pgring {

class ErrorDisplay final : public ErrorLog {
 public:
  // Of one run, without --verbose-errors; further ones are only counted.
  static constexpr int kMaxToldErrors = 20;

  enum class Verbosity : uint8_t { kNone, kAbortedClients, kEverything };

  // `print` puts whole lines on standard error, beside the progress display's.
  ErrorDisplay(Verbosity verbosity, std::function<void(const std::string&)> print)
      : verbosity_(verbosity), print_(std::move(print)) {}

  void StartRun(const std::string& label);
  void OnError(const OperationError& error) override;
  bool wants_everything() const override { return verbosity_ == Verbosity::kEverything; }
  void OnServerMessage(std::string_view text) override;

 private:
  void Print(std::string_view text);

  const Verbosity verbosity_;
  const std::function<void(const std::string&)> print_;
  std::mutex mutex_;
  std::string label_;
  int told_ = 0;
};

// "client 3 was aborted in command 2 (line 5) of checkout.sql: ERROR 23505: …", on as many lines as
// the error has. Control characters become spaces.
std::string ErrorText(const OperationError& error);

}  // namespace pgring

#endif  // PGRING_CLI_ERROR_DISPLAY_H_
