#include "cli/option_values.h"

#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace pgring {
namespace {

struct Unit {
  const char* suffix;
  double seconds;
};

// Longer suffixes before those that they end in.
constexpr Unit kUnits[] = {{"us", 1e-6}, {"ms", 1e-3}, {"min", 60},
                           {"s", 1},     {"h", 3600},  {"d", 86'400}};

std::string Text(double number) { return absl::StrFormat("%.15g", number); }

// SimpleAtod reads "inf", "nan" and "0x5" too, which no option means.
std::optional<double> FiniteNumber(absl::string_view text) {
  double number = 0;
  if (absl::StrContains(text, 'x') || absl::StrContains(text, 'X')) return std::nullopt;
  if (!absl::SimpleAtod(text, &number) || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<double> TimeInSeconds(absl::string_view text, double default_unit_seconds) {
  for (const Unit& unit : kUnits) {
    absl::string_view number_text = text;
    if (!absl::ConsumeSuffix(&number_text, unit.suffix)) continue;
    const std::optional<double> number = FiniteNumber(number_text);
    if (number.has_value()) return *number * unit.seconds;
    return std::nullopt;
  }
  const std::optional<double> number = FiniteNumber(text);
  if (number.has_value()) return *number * default_unit_seconds;
  return std::nullopt;
}

CLI::Validator Time(TimeUnit unit, double low, double high, bool whole) {
  const double unit_seconds = unit == TimeUnit::kSeconds ? 1 : 1e-3;
  const char* unit_name = unit == TimeUnit::kSeconds ? "seconds" : "milliseconds";
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        const std::optional<double> seconds = TimeInSeconds(text, unit_seconds);
        // Dividing by a thousandth would leave 5 ms as 4.999...
        const double value = seconds.value_or(0) * (unit == TimeUnit::kSeconds ? 1 : 1e3);
        if (!seconds.has_value() || value < low || value > high ||
            (whole && value != std::floor(value))) {
          return absl::StrCat("\"", text, "\" is not a ", whole ? "whole " : "", "number of ",
                              unit_name, " from ", Text(low), " to ", Text(high),
                              "; a unit may follow: ms, s, min, h");
        }
        // All digits, so that nothing is lost on the way to the option's variable.
        text = absl::StrFormat("%.17g", value);
        return std::string();
      },
      "");
}

}  // namespace

CLI::Validator WholeNumber(int64_t low, int64_t high) {
  return CLI::Validator(
      [low, high](std::string& text) -> std::string {
        int64_t number = 0;
        if (absl::SimpleAtoi(text, &number) && number >= low && number <= high) return {};
        return absl::StrCat("\"", text, "\" is not a whole number from ", low, " to ", high);
      },
      "");
}

CLI::Validator WholeNumberOr(int64_t low, int64_t high, const std::string& word) {
  return CLI::Validator(
      [low, high, word](std::string& text) -> std::string {
        int64_t number = 0;
        if (text == word) return {};
        if (absl::SimpleAtoi(text, &number) && number >= low && number <= high) return {};
        return absl::StrCat("\"", text, "\" is not a whole number from ", low, " to ", high,
                            ", nor ", word);
      },
      "");
}

CLI::Validator Number(double low, double high) {
  return CLI::Validator(
      [low, high](std::string& text) -> std::string {
        const std::optional<double> number = FiniteNumber(text);
        if (number.has_value() && *number >= low && *number <= high) return {};
        return absl::StrCat("\"", text, "\" is not a number from ", Text(low), " to ", Text(high));
      },
      "");
}

CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        return text.empty() ? "\"\" names nothing: give a value, or leave the option out" : "";
      },
      "");
}

CLI::Validator Duration(TimeUnit unit, double low, double high) {
  return Time(unit, low, high, /*whole=*/false);
}

CLI::Validator WholeSeconds(int64_t low, int64_t high) {
  return Time(TimeUnit::kSeconds, static_cast<double>(low), static_cast<double>(high),
              /*whole=*/true);
}

}  // namespace pgring
