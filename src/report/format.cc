#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "pgring/base/printable.h"

namespace pgring {
namespace {

struct Unit {
  double factor;
  std::string_view name;
};

// Three significant digits in the first of `units` (smallest first) that keeps the figure below
// 1,000; the last takes everything beyond.
template <size_t kCount>
std::string WithUnit(double value, const std::array<Unit, kCount>& units, double ratio_limit) {
  for (size_t i = 0; i < kCount; ++i) {
    const double scaled = value / units[i].factor;
    // Compared after rounding: 999.7 us is "1.00 ms", not "1000 us".
    if (std::round(scaled) >= ratio_limit && i + 1 < kCount) continue;
    return fmt::format("{} {}", FigureText(scaled), units[i].name);
  }
  return std::string(kUnknownFigure);
}

}  // namespace

std::string CountText(int64_t count) {
  std::string digits = fmt::format("{}", count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string FixedText(std::optional<double> value, int decimals) {
  // Beyond this a double has no exact integers left, and no figure of a run comes near it.
  constexpr double kHighestShown = 9e15;
  if (!value.has_value() || !std::isfinite(*value) || std::abs(*value) > kHighestShown) {
    return std::string(kUnknownFigure);
  }
  const std::string plain = fmt::format("{:.{}f}", *value, decimals);
  const size_t point = plain.find('.');
  const std::string whole = plain.substr(0, point);
  const bool negative = whole.front() == '-';
  std::string grouped = whole.substr(negative ? 1 : 0);
  for (size_t i = grouped.size(); i > 3;) {
    i -= 3;
    grouped.insert(i, 1, ',');
  }
  return (negative ? "-" : "") + grouped + (point == std::string::npos ? "" : plain.substr(point));
}

std::string FigureText(std::optional<double> value) {
  if (!value.has_value() || !std::isfinite(*value)) return std::string(kUnknownFigure);
  const double size = std::abs(*value);
  if (size == 0) return "0";
  if (size >= 99.95) return FixedText(value, 0);
  if (size >= 9.995) return FixedText(value, 1);
  if (size >= 0.9995) return FixedText(value, 2);
  return FixedText(value, 3);
}

std::string DurationText(std::optional<double> nanoseconds) {
  static constexpr std::array<Unit, 3> kUnits = {{{1e3, "us"}, {1e6, "ms"}, {1e9, "s"}}};
  if (!nanoseconds.has_value() || !std::isfinite(*nanoseconds)) return std::string(kUnknownFigure);
  return WithUnit(*nanoseconds, kUnits, 1000);
}

std::string BytesText(std::optional<int64_t> bytes) {
  static constexpr std::array<Unit, 3> kUnits = {
      {{1024.0, "KiB"}, {1024.0 * 1024, "MiB"}, {1024.0 * 1024 * 1024, "GiB"}}};
  if (!bytes.has_value()) return std::string(kUnknownFigure);
  return WithUnit(static_cast<double>(*bytes), kUnits, 1000);
}

int ColumnDecimals(const std::vector<double>& values) {
  double smallest = 0;
  for (const double value : values) {
    if (std::isfinite(value) && value > 0 && (smallest == 0 || value < smallest)) smallest = value;
  }
  if (smallest == 0) return 2;
  return std::clamp(2 - static_cast<int>(std::floor(std::log10(smallest))), 0, 6);
}

std::string PrintableText(std::string_view text, bool unicode) {
  std::string out = EscapeControls(text);
  std::replace_if(
      out.begin(), out.end(), [](char letter) { return letter == '\n' || letter == '\t'; }, ' ');
  if (unicode) return out;
  const auto is_continuation = [](char byte) { return (byte & 0xc0) == 0x80; };
  out.erase(std::remove_if(out.begin(), out.end(), is_continuation), out.end());
  std::replace_if(out.begin(), out.end(), [](char byte) { return (byte & 0x80) != 0; }, '?');
  return out;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) ++width;
  }
  return width;
}

std::string WrapText(std::string_view text, int width, int indent) {
  std::string out;
  size_t line_width = 0;
  bool line_has_word = false;
  size_t start = 0;
  while (start < text.size()) {
    size_t gap = text.find_first_not_of(' ', start);
    if (gap == std::string_view::npos) break;
    size_t end = text.find(' ', gap);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view word = text.substr(gap, end - gap);
    const size_t spaces = gap - start;
    const size_t word_width = DisplayWidth(word);
    if (line_has_word && line_width + spaces + word_width > static_cast<size_t>(width)) {
      out += '\n';
      out.append(static_cast<size_t>(indent), ' ');
      line_width = static_cast<size_t>(indent);
    } else {
      out.append(spaces, ' ');
      line_width += spaces;
    }
    out += word;
    line_width += word_width;
    line_has_word = true;
    start = end;
  }
  out += '\n';
  return out;
}

std::string ScenarioLabel(const ScenarioPlan& scenario) {
  return scenario.label.empty() ? std::string(scenario.type->name) : scenario.label;
}

std::string RunLabel(const Run& run) { return ScenarioLabel(run.scenario); }

namespace {

std::string ExtentText(const ComparisonPlan& plan) {
  const LoadPlan& load = plan.load;
  const bool counted = plan.workload.operations != kUnlimitedOperations;
  const int64_t operations = plan.workload.operations;
  std::string text =
      counted ? fmt::format("{} operation{}", CountText(operations), operations == 1 ? "" : "s")
              : "";
  if (load.operations_per_client) {
    text = fmt::format("{} operation{} for each client", CountText(*load.operations_per_client),
                       *load.operations_per_client == 1 ? "" : "s");
  }
  if (load.duration_s) {
    text += fmt::format("{}{} s", counted ? " in at most " : "for ", *load.duration_s);
  }
  if (load.warmup_s > 0) text += fmt::format(" after {} s of warm-up", load.warmup_s);
  if (load.ramp_s > 0) text += fmt::format(", growing to its full size for {} s", load.ramp_s);
  if (load.rate_per_s) {
    text += fmt::format(", {} a second ({} arrivals)", *load.rate_per_s,
                        ArrivalKindName(load.arrivals));
  }
  if (load.latency_limit_ms) text += fmt::format(", latency limit {} ms", *load.latency_limit_ms);
  if (load.max_tries == 0) text += ", tries without limit";
  if (load.max_tries > 1) text += fmt::format(", at most {} tries", load.max_tries);
  // A search has neither an end nor a load that could be named beforehand.
  return text.empty() ? text : text + ", ";
}

std::string ScriptNames(const WorkloadPlan& workload) {
  std::string text;
  for (const ScriptText& script : workload.scripts) {
    text += (text.empty() ? "" : ", ") + script.name;
    if (workload.scripts.size() == 1) continue;
    const std::string protocol = CommonQueryMode(workload).has_value()
                                     ? ""
                                     : fmt::format(", {}", QueryModeName(workload.ModeOf(script)));
    text += fmt::format(" (weight {}{})", script.weight, protocol);
  }
  return text;
}

}  // namespace

std::string WorkloadText(const ComparisonPlan& plan) {
  const WorkloadPlan& workload = plan.workload;
  if (!workload.scripts.empty()) {
    const std::optional<QueryMode> common = CommonQueryMode(workload);
    return fmt::format("{}: {}{}seed {}", ScriptNames(workload), ExtentText(plan),
                       common ? fmt::format("{} protocol, ", QueryModeName(*common)) : "",
                       workload.seed);
  }
  return fmt::format("{}: {}write ratio {}, seed {}, {} statements, {}", workload.name,
                     ExtentText(plan), workload.write_ratio, workload.seed,
                     StatementStyleName(workload.statements),
                     workload.fk_index ? "index on b.a_id" : "no index on b.a_id");
}

std::string_view TimeOriginText(const ComparisonPlan& plan) {
  return plan.load.warmup_s > 0 ? "since the warm-up of each run ended"
                                : "since the start of each run";
}

std::string ServerText(const ComparisonResult& result) {
  const Environment& environment = result.environment;
  std::string text = "PostgreSQL ";
  text += environment.server_version.empty() ? "(version unknown)" : environment.server_version;
  const bool throwaway = environment.server_is_throwaway || result.plan.target.throwaway;
  text += throwaway ? ", throwaway server" : ", existing server";
  if (!environment.server_address.empty()) text += ", " + environment.server_address;
  return text;
}

}  // namespace pgring
