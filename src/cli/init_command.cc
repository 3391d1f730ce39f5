#include "cli/init_command.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/messages.h"
#include "cli/signals.h"
#include "cli/target.h"
#include "pgring/base/clock.h"
#include "pgring/postgres/connect_failure.h"

namespace pgring {
namespace {

constexpr int64_t kReportedRows = 100'000;
constexpr int64_t kQuietIntervalNs = 5 * kNanosecondsPerSecond;

class InitDisplay final : public PgbenchTablesObserver {
 public:
  explicit InitDisplay(bool quiet) : reports_(quiet) {}

  void OnActivity(std::string_view activity) override {
    PrintToStandardError(fmt::format("{} ...\n", activity));
  }
  void OnRows(const char* table, int64_t rows, int64_t total_rows, int64_t elapsed_ns) override {
    const std::string line = reports_.Line(table, rows, total_rows, elapsed_ns);
    if (!line.empty()) PrintToStandardError(line + "\n");
  }

 private:
  RowReports reports_;
};

absl::StatusOr<std::vector<PgbenchStepTime>> Initialize(const Options& options,
                                                        const Interrupt& interrupt) {
  if (WantsThrowaway(options)) {
    return absl::InvalidArgumentError(
        "init: no server is named, and a throwaway one would take the tables with it; name one "
        "with -h, -p, -U, -d or the PG* environment ('pgring server' starts one and prints the "
        "conninfo for -d)");
  }
  auto parameters = ConnectionParameters::Resolve(options.target);
  if (!parameters.ok()) return parameters.status();
  BlockingSession session(&*parameters, nullptr, &interrupt);
  const absl::Status connected = session.ConnectNow();
  if (!connected.ok()) return ExplainConnectFailure(connected, *parameters);
  InitDisplay display(options.init.quiet);
  auto times = InitializePgbenchTables(&session, options.init.tables, &interrupt, &display);
  session.CloseNow();
  return times;
}

}  // namespace

std::string InitSummary(const std::vector<PgbenchStepTime>& times) {
  std::string steps;
  int64_t total_ns = 0;
  for (const PgbenchStepTime& time : times) {
    total_ns += time.elapsed_ns;
    steps += fmt::format("{}{} {:.2f} s", steps.empty() ? "" : ", ", PgbenchStepName(time.step),
                         NsInSeconds(time.elapsed_ns));
  }
  return fmt::format("done in {:.2f} s ({}).", NsInSeconds(total_ns), steps);
}

std::string RowReports::Line(const char* table, int64_t rows, int64_t total_rows,
                             int64_t elapsed_ns) {
  if (quiet_) {
    const int64_t intervals = elapsed_ns / kQuietIntervalNs;
    const bool last = rows == total_rows;
    const bool shown = intervals > intervals_ || (last && total_rows >= kReportedRows);
    intervals_ = last ? 0 : intervals;
    if (!shown) return "";
  } else if (rows % kReportedRows != 0) {
    return "";
  }
  const double left_s =
      NsInSeconds(elapsed_ns) * static_cast<double>(total_rows - rows) / static_cast<double>(rows);
  return fmt::format("{}: {} of {} rows ({}%), {:.2f} s, {:.2f} s left", table, rows, total_rows,
                     rows * 100 / total_rows, NsInSeconds(elapsed_ns), left_s);
}

int InitCommand(const Options& options, Interrupt* interrupt) {
  const auto times = Initialize(options, *interrupt);
  // Whatever ended it: the reader knows of the interrupt, and it is the reason.
  if (interrupt->raised()) return ExitCodeOf(*interrupt);
  if (!times.ok()) {
    PrintError(times.status());
    return kExitCouldNotStart;
  }
  PrintToStandardError(InitSummary(*times) + "\n");
  return kExitValid;
}

}  // namespace pgring
