#include "report/result_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pgring/statistics/mann_whitney.h"
#include "pgring/statistics/median_interval.h"
#include "pgring/statistics/ratio_of_samples.h"
#include "report/format.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

bool HigherIsBetter(Metric metric) { return metric == Metric::kThroughput; }

std::string AllMetricNames() {
  std::vector<std::string> names;
  for (const Metric metric : kMetrics) names.emplace_back(MetricName(metric));
  return absl::StrJoin(names, ", ");
}

absl::Status BadGate(const std::string& text, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrCat("--gate \"", text, "\": ", why, "; for instance throughput>=-3% or p99<=+10%"));
}

// "+5%", "-3.5 %".
std::optional<double> SignedPercent(std::string_view text) {
  if (text.size() < 3 || text.back() != '%' || (text.front() != '+' && text.front() != '-')) {
    return std::nullopt;
  }
  text.remove_suffix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const bool is_negative = text.front() == '-';
  text.remove_prefix(1);
  if (text.starts_with('-')) return std::nullopt;  // a second sign
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return is_negative ? -value : value;
}

// A plan's parts that make two results comparable or not, by the names of their keys.
void Flatten(const Json& json, const std::string& name,
             std::vector<std::pair<std::string, std::string>>* parts) {
  if (json.is_structured() && !json.empty()) {
    for (const auto& item : json.items()) {
      Flatten(item.value(), name.empty() ? item.key() : absl::StrCat(name, ".", item.key()), parts);
    }
    return;
  }
  parts->emplace_back(name, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::vector<std::pair<std::string, std::string>> PartsOf(const Json& plan) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const char* key : {"workload", "load"}) {
    if (plan.is_object() && plan.contains(key)) Flatten(plan[key], key, &parts);
  }
  // A script's text is told by its hash.
  parts.erase(std::remove_if(parts.begin(), parts.end(),
                             [](const auto& part) { return part.first.ends_with(".text"); }),
              parts.end());
  return parts;
}

// "scale (10 and 100)". What only one of them has is of another schema and says nothing.
std::vector<std::string> Differences(
    const std::vector<std::pair<std::string, std::string>>& left,
    const std::vector<std::pair<std::string, std::string>>& right) {
  constexpr size_t kLongestValue = 40;
  std::vector<std::string> differences;
  for (const auto& [name, value] : left) {
    const auto other = std::find_if(right.begin(), right.end(),
                                    [&](const auto& part) { return part.first == name; });
    if (other == right.end() || other->second == value) continue;
    differences.push_back(fmt::format("{} ({} and {})", name, value.substr(0, kLongestValue),
                                      other->second.substr(0, kLongestValue)));
  }
  return differences;
}

void NoteEnvironment(const SavedResult& old_result, const SavedResult& new_result,
                     ResultDiff* diff) {
  std::vector<std::pair<std::string, std::string>> left, right;
  Flatten(old_result.environment, "", &left);
  Flatten(new_result.environment, "", &right);
  // How the client spoke to the kernel, and over what to the server.
  for (const auto& [result, parts] : {std::pair(&old_result, &left), {&new_result, &right}}) {
    const auto add = [&](JsonKeys keys, const char* name) {
      const Json* const found = Below(result->plan, keys);
      if (found != nullptr) Flatten(*found, name, parts);
    };
    add({"io"}, "io");
    add({"target", "address"}, "address");
  }
  const std::vector<std::string> differences = Differences(left, right);
  if (differences.empty()) return;
  diff->notes.push_back("Measured elsewhere or otherwise, which the ratios contain as well: " +
                        absl::StrJoin(differences, ", ") + ".");
}

void NoteLeftOutBlocks(const SavedResult& old_result, const SavedResult& new_result,
                       ResultDiff* diff) {
  for (const SavedResult* const result : {&old_result, &new_result}) {
    for (const SavedScenario& scenario : result->scenarios) {
      if (scenario.of(Metric::kThroughput).size() <= kMostForMannWhitney) continue;
      diff->notes.push_back(fmt::format("Of more than {} blocks the first {} are compared.",
                                        kMostForMannWhitney, kMostForMannWhitney));
      return;
    }
  }
}

std::string ChangeText(double ratio) { return fmt::format("{:+.1f} %", (ratio - 1) * kPercent); }

// As many as the test can take.
std::vector<double> Sample(std::vector<double> values) {
  if (values.size() > kMostForMannWhitney) values.resize(kMostForMannWhitney);
  return values;
}

// Beside what a gate asks for.
constexpr std::array kShownMetrics = {Metric::kThroughput, Metric::kP50,
                                      Metric::kP99,        Metric::kClientCpu,
                                      Metric::kServerCpu,  Metric::kConnectionsPeak};

bool IsWanted(Metric metric, const std::vector<Gate>& gates) {
  return std::find(kShownMetrics.begin(), kShownMetrics.end(), metric) != kShownMetrics.end() ||
         std::any_of(gates.begin(), gates.end(),
                     [metric](const Gate& gate) { return gate.metric == metric; });
}

void CompareScenario(const SavedScenario& old_one, const SavedScenario& new_one,
                     const std::vector<Gate>& gates, RankSumDistribution* distribution,
                     ResultDiff* diff) {
  for (const Metric metric : kMetrics) {
    if (!IsWanted(metric, gates)) continue;
    const std::vector<double> before = Sample(old_one.of(metric));
    const std::vector<double> after = Sample(new_one.of(metric));
    if (before.empty() || after.empty()) continue;
    ComparedMetric compared;
    compared.scenario = old_one.label;
    compared.metric = metric;
    compared.old_median = EstimateMedian(before).median;
    compared.new_median = EstimateMedian(after).median;
    compared.ratio = EstimateRatioOfSamples(after, before, distribution);
    compared.old_count = static_cast<int>(before.size());
    compared.new_count = static_cast<int>(after.size());
    diff->metrics.push_back(std::move(compared));
  }
}

// In words; the verdict of an interval that excludes 1 is the ratio's direction.
std::string VerdictText(const ComparedMetric& compared) {
  if (!compared.ratio.interval.has_value()) return "too few blocks to tell";
  const bool higher = HigherIsBetter(compared.metric);
  switch (JudgeRatio(compared.ratio)) {
    case RatioVerdict::kFaster:
      return higher ? "better" : "worse";
    case RatioVerdict::kSlower:
      return higher ? "worse" : "better";
    case RatioVerdict::kNoDifference:
      return "the same within 2 %";
    case RatioVerdict::kNotDecided:
      return "not decided";
  }
  return "";
}

GateOutcome Judge(const Gate& gate, const std::string& scenario, const ComparedMetric* compared) {
  GateOutcome outcome{.scenario = scenario, .gate = gate, .breached = false, .text = ""};
  if (compared == nullptr) {
    outcome.breached = true;
    outcome.text = "the figure is not known of both";
    return outcome;
  }
  const double change = (compared->ratio.ratio - 1) * kPercent;
  const bool is_beyond =
      HigherIsBetter(gate.metric) ? change < gate.change_percent : change > gate.change_percent;
  const std::optional<Interval>& interval = compared->ratio.interval;
  const bool is_open = interval.has_value() && interval->low <= 1 && interval->high >= 1;
  outcome.breached = is_beyond && !is_open;
  outcome.text = ChangeText(compared->ratio.ratio);
  if (interval.has_value()) {
    absl::StrAppend(&outcome.text, " (", ChangeText(interval->low), " to ",
                    ChangeText(interval->high), ")");
  }
  if (is_beyond && is_open) absl::StrAppend(&outcome.text, ", which may be chance");
  return outcome;
}

void JudgeGates(const std::vector<Gate>& gates, ResultDiff* diff) {
  std::vector<std::string> scenarios;
  for (const ComparedMetric& compared : diff->metrics) {
    if (scenarios.empty() || scenarios.back() != compared.scenario) {
      scenarios.push_back(compared.scenario);
    }
  }
  for (const std::string& scenario : scenarios) {
    for (const Gate& gate : gates) {
      const auto found = std::find_if(
          diff->metrics.begin(), diff->metrics.end(), [&](const ComparedMetric& compared) {
            return compared.scenario == scenario && compared.metric == gate.metric;
          });
      diff->gates.push_back(
          Judge(gate, scenario, found == diff->metrics.end() ? nullptr : &*found));
    }
  }
}

}  // namespace

absl::StatusOr<Gate> ParseGate(const std::string& given) {
  const std::string text(absl::StripAsciiWhitespace(given));
  const size_t at = text.find_first_of("<>");
  if (at == std::string::npos || text.substr(at + 1, 1) != "=") {
    return BadGate(text, "it needs >= or <=");
  }
  const std::string name = text.substr(0, text.find_last_not_of(' ', at - 1) + 1);
  const std::optional<Metric> metric = FindMetric(at == 0 ? "" : name);
  if (!metric.has_value()) {
    return BadGate(text, absl::StrCat("no metric has that name; there are ", AllMetricNames()));
  }
  const bool at_least = text[at] == '>';
  if (at_least != HigherIsBetter(*metric)) {
    return BadGate(text, absl::StrCat(std::string(MetricName(*metric)), " is better when it is ",
                                      at_least ? "lower: use <=" : "higher: use >="));
  }
  const size_t limit = text.find_first_not_of(' ', at + 2);
  const std::optional<double> percent = limit == std::string::npos
                                            ? std::nullopt
                                            : SignedPercent(std::string_view(text).substr(limit));
  if (!percent.has_value()) {
    return BadGate(text, "the limit is a percentage with its sign, of the old value");
  }
  // An improvement that is demanded would be breached by results that are certainly better.
  if (at_least ? *percent > 0 : *percent < 0) {
    return BadGate(text, absl::StrCat("a gate says how much worse the new result may be: give ",
                                      at_least ? "-N%" : "+N%", " or ", at_least ? "-0%" : "+0%"));
  }
  if (at_least && *percent <= -kPercent) {
    return BadGate(text, "no throughput falls by that much, so that nothing could breach it");
  }
  return Gate{*metric, *percent, text};
}

bool ResultDiff::any_breach() const {
  return std::any_of(gates.begin(), gates.end(),
                     [](const GateOutcome& outcome) { return outcome.breached; });
}

absl::StatusOr<ResultDiff> CompareResults(const SavedResult& old_result,
                                          const SavedResult& new_result,
                                          const std::vector<Gate>& gates) {
  const std::vector<std::string> differences =
      Differences(PartsOf(old_result.plan), PartsOf(new_result.plan));
  if (!differences.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the results are of unlike runs: ", absl::StrJoin(differences, ", ")));
  }
  ResultDiff diff;
  RankSumDistribution distribution;
  for (const SavedScenario& old_one : old_result.scenarios) {
    const SavedScenario* new_one = new_result.Find(old_one.label);
    if (new_one == nullptr) {
      diff.left_out.push_back(old_one.label + ": the new result has none");
    } else if (!old_one.not_valid.empty()) {
      diff.left_out.push_back(
          absl::StrCat(old_one.label, ": in the old result ", old_one.not_valid));
    } else if (!new_one->not_valid.empty()) {
      diff.left_out.push_back(
          absl::StrCat(old_one.label, ": in the new result ", new_one->not_valid));
    } else {
      CompareScenario(old_one, *new_one, gates, &distribution, &diff);
    }
  }
  for (const SavedScenario& new_one : new_result.scenarios) {
    if (old_result.Find(new_one.label) == nullptr) {
      diff.left_out.push_back(new_one.label + ": the old result has none");
    }
  }
  NoteEnvironment(old_result, new_result, &diff);
  NoteLeftOutBlocks(old_result, new_result, &diff);
  JudgeGates(gates, &diff);
  return diff;
}

Table DiffTable(const ResultDiff& diff) {
  Table table;
  TableColumn scenario{{"scenario"}, {}, true, 0}, metric{{"metric"}, {}, true, 0};
  TableColumn before{{"old"}, {}, false, 2}, after{{"new"}, {}, false, 1};
  TableColumn change{{"change"}, {}, false, 0}, interval{{"95 % interval"}, {}, true, 3};
  TableColumn blocks{{"blocks"}, {}, false, 4}, verdict{{"verdict"}, {}, true, 0};
  const std::string* last = nullptr;
  for (const ComparedMetric& compared : diff.metrics) {
    const bool is_new = last == nullptr || *last != compared.scenario;
    last = &compared.scenario;
    scenario.cells.push_back(is_new ? compared.scenario : "");
    metric.cells.emplace_back(MetricName(compared.metric));
    before.cells.push_back(MetricText(compared.metric, compared.old_median));
    after.cells.push_back(MetricText(compared.metric, compared.new_median));
    change.cells.push_back(ChangeText(compared.ratio.ratio));
    interval.cells.push_back(compared.ratio.interval.has_value()
                                 ? fmt::format("{} to {}", ChangeText(compared.ratio.interval->low),
                                               ChangeText(compared.ratio.interval->high))
                                 : std::string(kUnknownFigure));
    blocks.cells.push_back(fmt::format("{} / {}", compared.old_count, compared.new_count));
    verdict.cells.push_back(VerdictText(compared));
  }
  table.columns = {scenario, metric, before, after, change, interval, blocks, verdict};
  table.notes.push_back(
      {"change: of the new result's blocks against the old one's, all pairs of them; the interval "
       "is of a Mann-Whitney test. Figures are medians of the blocks.",
       false});
  for (const std::string& note : diff.notes) table.notes.push_back({note, false});
  for (const std::string& left_out : diff.left_out) {
    table.notes.push_back({"Left out: " + left_out, true});
  }
  return table;
}

Table GateTable(const ResultDiff& diff) {
  Table table;
  if (diff.gates.empty()) return table;
  table.title = "Gates";
  TableColumn scenario{{"scenario"}, {}, true, 0}, gate{{"gate"}, {}, true, 0};
  TableColumn found{{"found"}, {}, true, 0}, outcome{{"outcome"}, {}, true, 0};
  for (const GateOutcome& one : diff.gates) {
    scenario.cells.push_back(one.scenario);
    gate.cells.push_back(one.gate.text);
    found.cells.push_back(one.text);
    outcome.cells.emplace_back(one.breached ? "BREACHED" : "kept");
    table.alarming_rows.push_back(one.breached);
  }
  table.columns = {scenario, gate, found, outcome};
  return table;
}

std::string JUnitText(const ResultDiff& diff) {
  const auto breaches = std::count_if(diff.gates.begin(), diff.gates.end(),
                                      [](const GateOutcome& one) { return one.breached; });
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"pgring diff\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n",
      diff.gates.size(), breaches);
  for (const GateOutcome& one : diff.gates) {
    text += fmt::format("  <testcase classname=\"{}\" name=\"{}\">", XmlText(one.scenario),
                        XmlText(one.gate.text));
    if (one.breached) text += fmt::format("<failure message=\"{}\"/>", XmlText(one.text));
    text += "</testcase>\n";
  }
  return text + "</testsuite>\n";
}

}  // namespace pgring
