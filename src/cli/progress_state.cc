#include "cli/progress_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "pgring/base/clock.h"
#include "pgring/base/printable.h"
#include "report/format.h"

namespace pgring {
namespace {

// The rate shown is over this long: short enough to follow, long enough to be read.
constexpr int64_t kRateSpanNs = 3 * kNanosecondsPerSecond;
constexpr double kShownPercentile = 99;

std::string Bar(double share, int columns) {
  const int filled = std::clamp(static_cast<int>(share * columns), 0, columns);
  std::string bar(static_cast<size_t>(filled), '=');
  if (filled < columns) bar += '>';
  bar.resize(static_cast<size_t>(columns), ' ');
  return "[" + bar + "] ";
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

// Without the label.
std::string ProgressText(const ProgressExtent& extent, const ProgressState& state,
                         int bar_columns) {
  if (state.phase == ProgressPhase::kStarting) return "starting";
  if (state.phase == ProgressPhase::kWarmup) {
    return fmt::format("warm-up, {:.0f} s left", std::ceil(state.warmup_left_s));
  }
  std::string line;
  const bool can_draw = IsCounted(extent) || extent.duration_s.has_value();
  const bool verifying = state.phase == ProgressPhase::kVerifying;
  if (bar_columns > 0 && can_draw) {
    line += Bar(verifying ? 1 : ShareDone(extent, state), bar_columns);
  }
  line += CountText(state.ended);
  if (IsCounted(extent)) line += " of " + CountText(extent.operations);
  if (verifying) {
    line += "  verifying";
  } else {
    line += fmt::format("  {}/s", CountText(std::llround(state.recent_succeeded_per_s)));
    line += TimeLeft(extent, state);
  }
  if (state.failed > 0) line += fmt::format("  {} failed", CountText(state.failed));
  return line;
}

}  // namespace

std::string CutTo(const std::string& text, int columns) {
  int characters = 0;
  for (size_t index = 0; index < text.size(); ++index) {
    const bool is_continuation = (static_cast<unsigned char>(text[index]) & 0xC0) == 0x80;
    if (!is_continuation && characters++ == columns) return text.substr(0, index);
  }
  return text;
}

int RowsOnScreen(const std::vector<std::string>& lines, int columns) {
  int rows = 0;
  for (const std::string& line : lines) {
    const int width = static_cast<int>(DisplayWidth(line));
    rows += std::max(1, (width + columns - 1) / std::max(1, columns));
  }
  return rows;
}

std::string ProgressLine(const std::string& label, const ProgressExtent& extent,
                         const ProgressState& state, int bar_columns) {
  return fmt::format("{:<10} ", label) + ProgressText(extent, state, bar_columns);
}

std::string TitleText(const ProgressTitle& title) {
  if (title.block == 0) return title.label;
  const std::string of = title.block_count ? fmt::format("/{}", *title.block_count) : "";
  return fmt::format("block {}{} {}", title.block, of, title.label);
}

std::vector<std::string> ProgressScreen(const ProgressTitle& title, const ProgressExtent& extent,
                                        const ProgressState& state, int columns) {
  constexpr int kFigures = 40;  // what stands beside the bar
  constexpr int kLongestBar = 40;
  std::string where = title.label;
  if (title.scenario_count > 1) {
    where = fmt::format("scenario {} of {}: {}", title.scenario, title.scenario_count, where);
  }
  if (title.block > 0) {
    where = fmt::format("block {}{}, {}", title.block,
                        title.block_count ? fmt::format(" of {}", *title.block_count) : "", where);
  }
  std::vector<std::string> lines = {where};
  ProgressState bar = state;
  bar.failed = 0;  // has a line of its own
  const int bar_columns = std::clamp(columns - kFigures, 0, kLongestBar);
  lines.push_back(ProgressText(extent, bar, bar_columns));
  if (state.phase == ProgressPhase::kMeasuring) {
    lines.push_back(fmt::format(
        "p99 {}  {} in flight  connections: {} open, {} in use",
        state.recent_p99_ns ? DurationText(static_cast<double>(*state.recent_p99_ns)) : "-",
        CountText(state.in_flight), state.open_connections, state.busy_connections));
  }
  if (state.failed > 0) {
    lines.push_back(fmt::format(
        "{} failed{}", CountText(state.failed),
        state.first_failure.empty() ? "" : "; the first: " + EscapeControls(state.first_failure)));
  }
  for (std::string& line : lines) line = CutTo(line, columns);
  return lines;
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
    state.warmup_left_s = NsInSeconds(from_ns - now_ns);
  } else {
    state.phase = ProgressPhase::kMeasuring;
    state.measured_s = NsInSeconds(now_ns - from_ns);
    if (samples_.empty()) samples_.push_back({.time_ns = from_ns});
    AddRecent(now_ns, progress, &state);
  }
  if (!progress.is_detailed) return state;
  state.in_flight = progress.in_flight();
  state.open_connections = progress.connections.value(ConnectionGauge::kOpen);
  state.busy_connections = progress.connections.value(ConnectionGauge::kInUse);
  if (state.failed > 0) state.first_failure = progress.failures.first_message();
  return state;
}

void ProgressMeter::AddRecent(int64_t now_ns, const RunProgress& progress, ProgressState* state) {
  Sample now = {.time_ns = now_ns, .ended = state->ended, .failed = state->failed};
  if (progress.is_detailed) now.latencies = progress.response_ns.Read();
  samples_.push_back(std::move(now));
  while (samples_.size() > 2 && now_ns - samples_.front().time_ns > kRateSpanNs) {
    samples_.pop_front();
  }
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  const double span_s = NsInSeconds(now_ns - first.time_ns);
  if (span_s > 0) {
    const auto ended = static_cast<double>(last.ended - first.ended);
    const auto failed = static_cast<double>(last.failed - first.failed);
    state->recent_per_s = ended / span_s;
    state->recent_succeeded_per_s = (ended - failed) / span_s;
  }
  if (progress.is_detailed) {
    state->recent_p99_ns =
        LiveLatencies::PercentileNs(first.latencies, last.latencies, kShownPercentile);
  }
}

}  // namespace pgring
