#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

#include "cli/messages.h"
#include "pgring/base/clock.h"
#include "pgring/base/printable.h"
#include "pgring/base/thread.h"

namespace pgring {
namespace {

constexpr std::chrono::milliseconds kBarInterval(100);
constexpr std::chrono::seconds kPlainInterval(5);
// How often the start of the measured phase is looked for, for pgbench's lines.
constexpr std::chrono::milliseconds kStartInterval(10);
// The rate shown is over this long: short enough to follow, long enough to be read.
constexpr int64_t kRateSpanNs = 3 * kNanosecondsPerSecond;
constexpr int kBarColumns = 30;

std::string WithThousands(int64_t number) {
  std::string digits = std::to_string(number);
  for (int position = static_cast<int>(digits.size()) - 3; position > 0; position -= 3) {
    digits.insert(static_cast<size_t>(position), ",");
  }
  return digits;
}

std::string Bar(double share, int columns) {
  const int filled = std::clamp(static_cast<int>(share * columns), 0, columns);
  std::string bar(static_cast<size_t>(filled), '=');
  if (filled < columns) bar += '>';
  bar.resize(static_cast<size_t>(columns), ' ');
  return "[" + bar + "] ";
}

double Seconds(int64_t duration_ns) {
  return static_cast<double>(duration_ns) / kNanosecondsPerSecond;
}

bool IsCounted(const ProgressExtent& extent) { return extent.operations != kUnlimitedOperations; }

// How much of the run is done, from 0 to 1.
double ShareDone(const ProgressExtent& extent, const ProgressState& state) {
  double share = 0;
  if (IsCounted(extent)) {
    share = static_cast<double>(state.ended) / static_cast<double>(extent.operations);
  }
  if (extent.duration_s.has_value()) share = std::max(share, state.measured_s / *extent.duration_s);
  return share;
}

// "12 s left", or nothing where that cannot be known.
std::string TimeLeft(const ProgressExtent& extent, const ProgressState& state) {
  double left_s = std::numeric_limits<double>::infinity();
  if (IsCounted(extent) && state.recent_per_s > 0) {
    left_s = static_cast<double>(extent.operations - state.ended) / state.recent_per_s;
  }
  if (extent.duration_s.has_value()) {
    left_s = std::min(left_s, *extent.duration_s - state.measured_s);
    // What is in flight at the end is completed.
    if (left_s <= 0) return "  finishing";
  }
  if (!std::isfinite(left_s) || left_s <= 0) return "";
  return fmt::format("  {:.0f} s left", std::ceil(left_s));
}

}  // namespace

std::string ProgressLine(const std::string& label, const ProgressExtent& extent,
                         const ProgressState& state, int bar_columns) {
  std::string line = fmt::format("{:<10} ", label);
  if (state.phase == ProgressPhase::kStarting) return line + "starting";
  if (state.phase == ProgressPhase::kWarmup) {
    return line + fmt::format("warm-up, {:.0f} s left", std::ceil(state.warmup_left_s));
  }
  const bool can_draw = IsCounted(extent) || extent.duration_s.has_value();
  const bool verifying = state.phase == ProgressPhase::kVerifying;
  if (bar_columns > 0 && can_draw) {
    line += Bar(verifying ? 1 : ShareDone(extent, state), bar_columns);
  }
  line += WithThousands(state.ended);
  if (IsCounted(extent)) line += " of " + WithThousands(extent.operations);
  if (verifying) {
    line += "  verifying";
  } else {
    line += fmt::format("  {}/s", WithThousands(std::llround(state.recent_per_s)));
    line += TimeLeft(extent, state);
  }
  if (state.failed > 0) line += fmt::format("  {} failed", WithThousands(state.failed));
  return line;
}

ProgressState ProgressMeter::Update(int64_t now_ns, const RunProgress& progress) {
  ProgressState state;
  state.ended = progress.ended.load(std::memory_order_relaxed);
  state.failed = progress.failed.load(std::memory_order_relaxed);
  const int64_t from_ns = progress.measuring_from_ns.load(std::memory_order_relaxed);
  if (progress.ended_ns.load(std::memory_order_relaxed) != 0) {
    state.phase = ProgressPhase::kVerifying;
  } else if (from_ns == 0) {
    state.phase = ProgressPhase::kStarting;
  } else if (now_ns < from_ns) {
    state.phase = ProgressPhase::kWarmup;
    state.warmup_left_s = Seconds(from_ns - now_ns);
  } else {
    state.phase = ProgressPhase::kMeasuring;
    state.measured_s = Seconds(now_ns - from_ns);
    if (samples_.empty()) samples_.emplace_back(from_ns, 0);
    state.recent_per_s = RecentRate(now_ns, state.ended);
  }
  return state;
}

double ProgressMeter::RecentRate(int64_t now_ns, int64_t ended) {
  samples_.emplace_back(now_ns, ended);
  while (samples_.size() > 2 && now_ns - samples_.front().first > kRateSpanNs) {
    samples_.pop_front();
  }
  const double span_s = Seconds(now_ns - samples_.front().first);
  return span_s > 0 ? static_cast<double>(ended - samples_.front().second) / span_s : 0;
}

void ProgressDisplay::Start(const std::string& label, const ProgressExtent& extent,
                            const RunProgress* progress) {
  if (mode_ == ProgressMode::kNone && pgbench_interval_s_ == 0) return;
  stopping_ = false;
  if (pgbench_interval_s_ > 0) {
    StartShowing([this, progress] { RunPgbenchLines(progress); });
  } else {
    StartShowing([this, label, extent, progress] { Run(label, extent, progress); });
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

void ProgressDisplay::PrintLines(std::string_view lines) {
  // The bar is drawn under this mutex, so that the two never mix.
  std::lock_guard<std::mutex> lock(mutex_);
  const bool is_drawn = std::exchange(bar_is_drawn_, false);
  DrawOnStandardError((is_drawn ? "\r\033[K" : "") + EscapeControls(lines));
}

void ProgressDisplay::UsePgbenchLines(int interval_s, const PgbenchProgressFormat& format,
                                      const TransactionWatch* watch) {
  pgbench_interval_s_ = interval_s;
  pgbench_format_ = format;
  watch_ = watch;
}

std::optional<int64_t> ProgressDisplay::WaitForMeasuring(const RunProgress* progress,
                                                         std::unique_lock<std::mutex>* lock) {
  for (;;) {
    const int64_t from_ns = progress->measuring_from_ns.load(std::memory_order_relaxed);
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

void ProgressDisplay::RunPgbenchLines(const RunProgress* progress) {
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
    const int64_t ended_ns = progress->ended_ns.load(std::memory_order_relaxed);
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

void ProgressDisplay::Run(const std::string& label, const ProgressExtent& extent,
                          const RunProgress* progress) {
  const bool bar = mode_ == ProgressMode::kBar;
  const auto interval = bar ? std::chrono::duration_cast<std::chrono::milliseconds>(kBarInterval)
                            : std::chrono::duration_cast<std::chrono::milliseconds>(kPlainInterval);
  ProgressMeter meter;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, interval, [this] { return stopping_; })) {
    const ProgressState state = meter.Update(SteadyClock::Get()->NowNs(), *progress);
    const std::string line = ProgressLine(label, extent, state, bar ? kBarColumns : 0);
    if (bar) {
      DrawOnStandardError("\r" + EscapeControls(line) + "\033[K");
      bar_is_drawn_ = true;
    } else {
      PrintToStandardError(line + "\n");
    }
  }
  if (bar) {
    DrawOnStandardError("\r\033[K");
    bar_is_drawn_ = false;
  }
}

}  // namespace pgring
