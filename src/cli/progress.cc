#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "cli/messages.h"
#include "cli/terminal.h"
#include "pgring/base/clock.h"
#include "pgring/base/printable.h"
#include "pgring/base/thread.h"

namespace pgring {
namespace {

// Four times a second: what changes faster cannot be read.
constexpr std::chrono::milliseconds kDrawInterval(250);
constexpr std::chrono::seconds kPlainInterval(5);
// How often the start of the measured phase is looked for, for pgbench's lines.
constexpr std::chrono::milliseconds kStartInterval(10);

}  // namespace

void ProgressDisplay::Start(const ProgressTitle& title, const ProgressExtent& extent,
                            std::shared_ptr<const RunProgress> progress) {
  if (mode_ == ProgressMode::kNone && pgbench_interval_s_ == 0) return;
  stopping_ = false;
  if (pgbench_interval_s_ > 0) {
    StartShowing([this, progress = std::move(progress)] { RunPgbenchLines(*progress); });
  } else {
    StartShowing(
        [this, title, extent, progress = std::move(progress)] { Run(title, extent, *progress); });
  }
}

void ProgressDisplay::StartShowing(std::function<void()> show) {
  const absl::Status started = StartThread("that shows the progress", std::move(show), &thread_);
  // The run is the same without.
  if (!started.ok()) PrintNote(std::string(started.message()));
}

void ProgressDisplay::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::string ProgressDisplay::EraseDrawing() {
  const int rows = RowsOnScreen(std::exchange(drawn_, {}), StandardErrorColumns());
  // What Ctrl-C wrote stands below the drawing, and stays.
  const int printed = PrintedFromSignalThread();
  if (std::exchange(printed_from_signal_thread_, printed) != printed || rows == 0) return "";
  return (rows > 1 ? fmt::format("\r\033[{}A\033[J", rows - 1) : "\r\033[J");
}

void ProgressDisplay::PrintLines(std::string_view lines) {
  // Drawing is done under this mutex, so that the two never mix.
  const std::lock_guard<std::mutex> lock(mutex_);
  DrawOnStandardError(EraseDrawing() + EscapeControls(lines));
}

void ProgressDisplay::UsePgbenchLines(int interval_s, const PgbenchProgressFormat& format,
                                      const TransactionWatch* watch) {
  pgbench_interval_s_ = interval_s;
  pgbench_format_ = format;
  watch_ = watch;
}

std::optional<int64_t> ProgressDisplay::WaitForMeasuring(const RunProgress& progress,
                                                         std::unique_lock<std::mutex>* lock) {
  for (;;) {
    const int64_t from_ns = progress.measuring_from_ns.load(std::memory_order_relaxed);
    if (from_ns != 0 && SteadyClock::Get()->NowNs() >= from_ns) return from_ns;
    if (changed_.wait_for(*lock, kStartInterval, [this] { return stopping_; })) return std::nullopt;
  }
}

void ProgressDisplay::PrintPgbenchLine(int64_t start_ns, int64_t last_ns, int64_t now_ns,
                                       PgbenchProgressTotals* last) const {
  const PgbenchProgressTotals now = watch_->Totals();
  PgbenchProgressTime time;
  time.since_start_us = (now_ns - start_ns) / kNanosecondsPerMicrosecond;
  time.since_last_us = std::max<int64_t>(1, (now_ns - last_ns) / kNanosecondsPerMicrosecond);
  time.epoch_us = std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count();
  PrintToStandardError(PgbenchProgressLine(pgbench_format_, time, now, *last) + "\n");
  std::fflush(stderr);
  *last = now;
}

void ProgressDisplay::RunPgbenchLines(const RunProgress& progress) {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::optional<int64_t> start_ns = WaitForMeasuring(progress, &lock);
  if (!start_ns.has_value()) return;
  const int64_t interval_ns = pgbench_interval_s_ * kNanosecondsPerSecond;
  PgbenchProgressTotals last;
  int64_t last_ns = *start_ns;
  int64_t next_ns = last_ns + interval_ns;
  for (;;) {
    int64_t now_ns = SteadyClock::Get()->NowNs();
    const std::chrono::nanoseconds wait(std::max<int64_t>(0, next_ns - now_ns));
    const bool stopping = changed_.wait_for(lock, wait, [this] { return stopping_; });
    const int64_t ended_ns = progress.ended_ns.load(std::memory_order_relaxed);
    if (stopping || ended_ns != 0) {
      // A run of a whole number of intervals may end just before its last line is due.
      if (ended_ns - last_ns >= interval_ns * 9 / 10) {
        PrintPgbenchLine(*start_ns, last_ns, ended_ns, &last);
      }
      return;
    }
    now_ns = SteadyClock::Get()->NowNs();
    PrintPgbenchLine(*start_ns, last_ns, now_ns, &last);
    last_ns = now_ns;
    // Not from this line on: the next one comes at a whole number of intervals, as in pgbench.
    while (next_ns <= now_ns) next_ns += interval_ns;
  }
}

void ProgressDisplay::Run(const ProgressTitle& title, const ProgressExtent& extent,
                          const RunProgress& progress) {
  const bool draws = mode_ == ProgressMode::kBar;
  const auto interval =
      draws ? kDrawInterval : std::chrono::duration_cast<std::chrono::milliseconds>(kPlainInterval);
  ProgressMeter meter;
  std::unique_lock<std::mutex> lock(mutex_);
  // What is redrawn is there from the beginning; a line is for what takes a while.
  const auto is_over = [&] {
    return changed_.wait_for(lock, interval, [this] { return stopping_; });
  };
  for (bool ends = !draws && is_over(); !ends; ends = is_over()) {
    const ProgressState state = meter.Update(SteadyClock::Get()->NowNs(), progress);
    if (!draws) {
      PrintToStandardError(ProgressLine(TitleText(title), extent, state, 0) + "\n");
      continue;
    }
    const std::string erase = EraseDrawing();
    drawn_ = ProgressScreen(title, extent, state, StandardErrorColumns() - 1);
    DrawOnStandardError(erase + absl::StrJoin(drawn_, "\n"));
  }
  DrawOnStandardError(EraseDrawing());
}

}  // namespace pgring
