#include "report/tune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/knee_text.h"
#include "report/tables.h"
#include "report/terminal_style.h"
#include "report/text_report.h"
#include "report/text_table.h"
#include "report/tune_answer.h"
#include "run/summary.h"

namespace pgring {
namespace {

constexpr int kIndent = 2;

std::string AnswerLines(const std::vector<std::string>& answer, const TextStyle& style) {
  std::string out;
  bool first = true;
  for (const std::string& line : answer) {
    std::string text = WrapText(PrintableText(line, style.unicode), ReportColumns(style), kIndent);
    out += first ? Styled(text.substr(0, text.size() - 1), kStyleBold, style.color) + "\n" : text;
    first = false;
  }
  return out;
}

struct LimitTrials {
  std::vector<double> throughputs_per_s;
  std::vector<double> p99s_ns;
  int client_limited = 0;
  int failed = 0;
};

std::map<int, LimitTrials> ByLimit(const std::vector<Trial>& trials) {
  std::map<int, LimitTrials> by_limit;
  for (const Trial& trial : trials) {
    LimitTrials& one = by_limit[trial.limit];
    if (trial.client_limited) ++one.client_limited;
    if (!Succeeded(trial)) {
      ++one.failed;
      continue;
    }
    one.throughputs_per_s.push_back(trial.throughput_per_s);
    if (trial.p99_ns.has_value()) one.p99s_ns.push_back(static_cast<double>(*trial.p99_ns));
  }
  return by_limit;
}

std::string EstimateText(const std::vector<double>& values,
                         std::string (*text)(std::optional<double>)) {
  return values.empty() ? std::string(kUnknownFigure) : WithInterval(EstimateMedian(values), text);
}

// What the gain means, and what the curve says.
void ExplainTrials(const TuneResult& result, Table* table) {
  const double doubled_percent = (std::exp2(result.plan.gain) - 1) * 100;
  table->notes.push_back(
      {fmt::format(
           "The best limit is where doubling it no longer brings {:.1f} % more (--gain {}). "
           "Figures are medians of the trials, from 6 on with intervals.",
           doubled_percent, result.plan.gain),
       false});
  const SearchAnswer& search = result.searches.back();
  if (!search.scalability.has_value()) return;
  const ScalabilityFit& fit = *search.scalability;
  const std::optional<double> peak = fit.PeakLimit();
  std::string where = "no peak is shown";
  if (peak.has_value() && *peak <= fit.highest_limit) {
    where = fmt::format("the peak at {:.0f}", *peak);
  } else if (peak.has_value()) {
    where = "the peak beyond what was tried";
  }
  table->notes.push_back(
      {fmt::format("Universal Scalability Law: sigma {:.3g} (contention), kappa {:.3g} "
                   "(coherency), {}/s with one in flight; {}.",
                   fit.model.sigma, fit.model.kappa, FigureText(fit.model.lambda), where),
       false});
}

// `number` is the header of what they differ in.
Table TrialsTable(const std::vector<Trial>& trials, const char* title,
                  std::vector<std::string> number) {
  Table table;
  table.title = title;
  TableColumn limit = {std::move(number), {}, false, 0};
  TableColumn count = {{"trials"}, {}, false, 2};
  TableColumn throughput = {{"operations", "per s"}, {}, false, 0};
  TableColumn p99 = {{"latency", "p99"}, {}, false, 0};
  TableColumn remarks = {{"remarks"}, {}, true, 1};
  for (const auto& [at, one] : ByLimit(trials)) {
    const size_t tried = one.throughputs_per_s.size() + static_cast<size_t>(one.failed);
    limit.cells.push_back(std::to_string(at));
    count.cells.push_back(std::to_string(tried));
    throughput.cells.push_back(EstimateText(one.throughputs_per_s, FigureText));
    p99.cells.push_back(EstimateText(one.p99s_ns, DurationText));
    std::string remark;
    if (one.failed > 0) remark = fmt::format("operations failed in {}", one.failed);
    if (one.client_limited > 0) {
      remark += fmt::format("{}the client was the limit in {}", remark.empty() ? "" : ", ",
                            one.client_limited);
    }
    remarks.cells.push_back(std::move(remark));
    table.alarming_rows.push_back(one.failed > 0);
  }
  table.columns = {std::move(limit), std::move(count), std::move(throughput), std::move(p99)};
  const bool has_remarks = std::any_of(remarks.cells.begin(), remarks.cells.end(),
                                       [](const std::string& cell) { return !cell.empty(); });
  if (has_remarks) table.columns.push_back(std::move(remarks));
  return table;
}

void AddFreshRuns(const ComparisonResult& result, const char* title, std::vector<Table>* tables) {
  if (result.runs.empty()) return;
  tables->push_back(RepeatTable(result, Summarize(result)));
  tables->back().title = title;
}

Table RatesTable(const TuneResult& result) {
  Table table;
  table.title = "Rates that were tried";
  TableColumn offered = {{"offered", "per s"}, {}, false, 0};
  TableColumn achieved = {{"achieved", "per s"}, {}, false, 0};
  std::vector<TableColumn> percentiles;
  for (const ServiceLevel& level : result.plan.service_levels) {
    percentiles.push_back({{"response", fmt::format("p{}", level.percentile)}, {}, false, 0});
  }
  TableColumn holds = {{"keeps it"}, {}, true, 0};
  for (const RateTrial& trial : result.service_level->trials) {
    offered.cells.push_back(FigureText(trial.offered_per_s));
    achieved.cells.push_back(FigureText(trial.achieved_per_s));
    for (size_t i = 0; i < percentiles.size(); ++i) {
      const std::optional<double>& value_ms = trial.percentiles_ms[i];
      percentiles[i].cells.push_back(value_ms.has_value()
                                         ? DurationText(*value_ms * kNanosecondsPerMillisecond)
                                         : std::string(kUnknownFigure));
    }
    holds.cells.emplace_back(trial.holds            ? "yes"
                             : trial.client_limited ? "no: the client was the limit"
                                                    : "no");
  }
  table.columns = {std::move(offered), std::move(achieved)};
  for (TableColumn& column : percentiles) table.columns.push_back(std::move(column));
  table.columns.push_back(std::move(holds));
  table.notes.push_back(
      {"Response counts from the schedule, so that an operation which had to wait is not "
       "overlooked.",
       false});
  return table;
}

}  // namespace

KneePicture TunePicture(const TuneResult& result) {
  KneePicture picture;
  picture.title = WorkloadText(result.plan.base);
  const Environment& environment = result.environment;
  picture.notes = {fmt::format("{}; client on {}, {} CPUs, {}", ServerText(DescribedBy(result)),
                               environment.host, environment.cpu_count, environment.started_at),
                   "points: trials of the search; the answer's figures are of fresh runs after it"};
  if (result.connections().has_value()) {
    picture.title += fmt::format("; operations share {} connection{}", *result.connections(),
                                 *result.connections() == 1 ? "" : "s");
  }
  if (result.trials.empty()) return picture;
  for (const auto& [limit, one] : ByLimit(result.trials.back())) {
    KneePoint point;
    point.limit = limit;
    point.failed = one.throughputs_per_s.empty();
    if (!point.failed) {
      const MedianEstimate throughput = EstimateMedian(one.throughputs_per_s);
      point.throughput_per_s = throughput.median;
      point.throughput_interval_per_s = throughput.interval;
    }
    if (!one.p99s_ns.empty()) {
      const MedianEstimate p99 = EstimateMedian(one.p99s_ns);
      point.p99_ms = p99.median / kNanosecondsPerMillisecond;
      if (p99.interval.has_value()) {
        point.p99_interval_ms = Interval{p99.interval->low / kNanosecondsPerMillisecond,
                                         p99.interval->high / kNanosecondsPerMillisecond};
      }
    }
    const auto tried = static_cast<int>(one.throughputs_per_s.size()) + one.failed;
    point.client_limited = 2 * one.client_limited >= tried && one.client_limited > 0;
    picture.points.push_back(point);
  }
  const SearchAnswer& search = result.searches.back();
  picture.answer = search.limit;
  picture.indifferent = search.indifferent;
  if (search.scalability.has_value()) {
    const UniversalScalability& model = search.scalability->model;
    picture.curve = KneeCurve{model.sigma, model.kappa, model.lambda};
  }
  return picture;
}

ComparisonResult DescribedBy(const TuneResult& result) {
  ComparisonResult described;
  described.plan = result.plan.base;
  described.environment = result.environment;
  return described;
}

std::vector<Table> TuneTables(const TuneResult& result) {
  std::vector<Table> tables;
  if (!result.connection_searches.empty()) {
    tables.push_back(TrialsTable(result.connection_searches.back().trials,
                                 "Trials of the search for connections", {"connections"}));
    tables.back().notes.push_back(
        {fmt::format("With {} operations in flight on each.", kOperationsPerConnection), false});
  }
  if (!result.trials.empty()) {
    tables.push_back(TrialsTable(result.trials.back(), "Trials of the search", {"in", "flight"}));
    ExplainTrials(result, &tables.back());
  }
  for (const TestingStage& stage : result.testing) {
    AddFreshRuns(stage.limits, "Fresh runs of the answer and beside it", &tables);
    AddFreshRuns(stage.ways, "Fresh runs of other ways to drive as many", &tables);
  }
  if (result.service_level.has_value() && !result.service_level->trials.empty()) {
    tables.push_back(RatesTable(result));
  }
  return tables;
}

std::string TuneNotes(const TuneResult& result, const TextStyle& style) {
  std::string notes;
  for (const TestingStage& stage : result.testing) {
    for (const ComparisonResult* part : {&stage.limits, &stage.ways}) {
      const std::string more = RunNotes(*part, style);
      // What all runs have in common.
      if (notes.find(more) == std::string::npos) notes += (notes.empty() ? "" : "\n") + more;
    }
  }
  return notes;
}

std::string TuneHeader(const TuneResult& result, const TextStyle& style) {
  return ReportHeader(DescribedBy(result), style);
}

namespace {

std::string BodyOf(const TuneResult& result, const std::vector<std::string>& answer,
                   const TextStyle& style) {
  std::string out = AnswerLines(answer, style);
  if (!result.trials.empty()) out += "\n" + KneeText(TunePicture(result), style);
  for (const Table& table : TuneTables(result)) out += "\n" + RenderText(table, style);
  const std::string notes = TuneNotes(result, style);
  if (!notes.empty()) out += "\n" + notes;
  return out;
}

}  // namespace

std::string TuneReport(const TuneResult& result, const std::vector<std::string>& answer,
                       const TextStyle& style) {
  return TuneHeader(result, style) + "\n" + BodyOf(result, answer, style);
}

std::string TuneBody(const TuneResult& result, const TextStyle& style) {
  return BodyOf(result, TuneAnswer(result), style);
}

std::string TuneReport(const TuneResult& result, const TextStyle& style) {
  return TuneHeader(result, style) + "\n" + TuneBody(result, style);
}

}  // namespace pgring
