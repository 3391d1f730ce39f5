#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <deque>
#include <utility>

#include "cli/messages.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

constexpr std::chrono::milliseconds kBarInterval(100);
constexpr std::chrono::seconds kPlainInterval(5);
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

std::string Bar(int64_t ended, int64_t total, int columns) {
  const double share = static_cast<double>(ended) / static_cast<double>(total);
  const int filled = std::clamp(static_cast<int>(share * columns), 0, columns);
  std::string bar(static_cast<size_t>(filled), '=');
  if (filled < columns) bar += '>';
  bar.resize(static_cast<size_t>(columns), ' ');
  return "[" + bar + "] ";
}

// Operations per second over the last kRateSpanNs.
class RecentRate {
 public:
  double Update(int64_t now_ns, int64_t ended) {
    samples_.emplace_back(now_ns, ended);
    while (samples_.size() > 2 && now_ns - samples_.front().first > kRateSpanNs) {
      samples_.pop_front();
    }
    const double span_s =
        static_cast<double>(now_ns - samples_.front().first) / kNanosecondsPerSecond;
    return span_s > 0 ? static_cast<double>(ended - samples_.front().second) / span_s : 0;
  }

 private:
  std::deque<std::pair<int64_t, int64_t>> samples_;
};

}  // namespace

std::string ProgressLine(const std::string& label, int64_t ended, int64_t total, int64_t failed,
                         double recent_per_s, int bar_columns) {
  std::string line = fmt::format("{:<10} ", label);
  if (total == kUnlimitedOperations) {
    line +=
        fmt::format("{}  {}/s", WithThousands(ended), WithThousands(std::llround(recent_per_s)));
  } else {
    if (bar_columns > 0) line += Bar(ended, total, bar_columns);
    line += fmt::format("{} of {}  {}/s", WithThousands(ended), WithThousands(total),
                        WithThousands(std::llround(recent_per_s)));
  }
  if (total != kUnlimitedOperations && ended < total && recent_per_s > 0) {
    line += fmt::format("  {:.0f} s left",
                        std::ceil(static_cast<double>(total - ended) / recent_per_s));
  }
  if (failed > 0) line += fmt::format("  {} failed", WithThousands(failed));
  return line;
}

void ProgressDisplay::Start(const std::string& label, int64_t total, const RunProgress* progress) {
  if (mode_ == ProgressMode::kNone && pgbench_interval_s_ == 0) return;
  stopping_ = false;
  if (pgbench_interval_s_ > 0) {
    thread_ = std::thread([this] { RunPgbenchLines(); });
    return;
  }
  thread_ = std::thread([this, label, total, progress] { Run(label, total, progress); });
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
  PrintToStandardError((is_drawn ? "\r\033[K" : "") + std::string(lines));
}

void ProgressDisplay::UsePgbenchLines(int interval_s, const PgbenchProgressFormat& format,
                                      const TransactionWatch* watch) {
  pgbench_interval_s_ = interval_s;
  pgbench_format_ = format;
  watch_ = watch;
}

void ProgressDisplay::RunPgbenchLines() {
  const int64_t start_ns = SteadyClock::Get()->NowNs();
  int64_t last_ns = start_ns;
  PgbenchProgressTotals last;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, std::chrono::seconds(pgbench_interval_s_),
                            [this] { return stopping_; })) {
    const int64_t now_ns = SteadyClock::Get()->NowNs();
    const PgbenchProgressTotals now = watch_->Totals();
    PgbenchProgressTime time;
    time.since_start_us = (now_ns - start_ns) / kNanosecondsPerMicrosecond;
    time.since_last_us = (now_ns - last_ns) / kNanosecondsPerMicrosecond;
    time.epoch_us = std::chrono::duration_cast<std::chrono::microseconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
    PrintToStandardError(PgbenchProgressLine(pgbench_format_, time, now, last) + "\n");
    std::fflush(stderr);
    last = now;
    last_ns = now_ns;
  }
}

void ProgressDisplay::Run(const std::string& label, int64_t total, const RunProgress* progress) {
  const bool bar = mode_ == ProgressMode::kBar;
  const auto interval = bar ? std::chrono::duration_cast<std::chrono::milliseconds>(kBarInterval)
                            : std::chrono::duration_cast<std::chrono::milliseconds>(kPlainInterval);
  RecentRate rate;
  rate.Update(SteadyClock::Get()->NowNs(), 0);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, interval, [this] { return stopping_; })) {
    const int64_t ended = progress->ended.load(std::memory_order_relaxed);
    const int64_t failed = progress->failed.load(std::memory_order_relaxed);
    const double per_s = rate.Update(SteadyClock::Get()->NowNs(), ended);
    const std::string line =
        ProgressLine(label, ended, total, failed, per_s, bar ? kBarColumns : 0);
    if (bar) {
      PrintToStandardError("\r" + line + "\033[K");
      bar_is_drawn_ = true;
    } else {
      PrintToStandardError(line + "\n");
    }
    std::fflush(stderr);
  }
  if (bar) {
    PrintToStandardError("\r\033[K");
    std::fflush(stderr);
    bar_is_drawn_ = false;
  }
}

}  // namespace pgring
