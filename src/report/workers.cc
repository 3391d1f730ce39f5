#include "report/workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "pgring/base/clock.h"
#include "report/format.h"
#include "report/json_read.h"

namespace pgring {
namespace {

std::string RangeText(const Run& run) {
  const auto [fewest, most] = std::minmax_element(
      run.workers.begin(), run.workers.end(), [](const WorkerPart& left, const WorkerPart& right) {
        return left.scheduled < right.scheduled;
      });
  if (fewest->scheduled == most->scheduled) return CountText(most->scheduled);
  return CountText(fewest->scheduled) + "-" + CountText(most->scheduled);
}

int64_t LatestStartNs(const Run& run) {
  int64_t latest_ns = 0;
  for (const WorkerPart& part : run.workers) latest_ns = std::max(latest_ns, part.late_ns);
  return latest_ns;
}

// What the clocks of two machines may be apart at most.
int64_t ClockBoundNs(const Run& run) {
  int64_t bound_ns = 0;
  for (const WorkerPart& part : run.workers) bound_ns = std::max(bound_ns, part.clock_bound_ns);
  return 2 * bound_ns;
}

std::string Percent(double share) { return fmt::format("{:.0f} %", share * kPercent); }

void AddRow(const Run& run, std::vector<TableColumn>* columns) {
  const int workers = static_cast<int>(run.workers.size());
  const ScenarioPlan& scenario = run.scenario;
  const int connections = scenario.pool.size + scenario.pool.max_overflow;
  const WorkerPart* const busiest = run.BusiestWorker();
  const std::vector<std::string> cells = {
      RunLabel(run),
      CountText(workers),
      scenario.limit.has_value() ? SharesText(*scenario.limit, workers)
                                 : std::string(kUnknownFigure),
      SharesText(connections, workers),
      RangeText(run),
      FigureText(run.client.user_s + run.client.system_s),
      busiest == nullptr ? std::string(kUnknownFigure) : Percent(busiest->processor_share()),
      DurationText(static_cast<double>(LatestStartNs(run)))};
  for (size_t place = 0; place < cells.size(); ++place) {
    (*columns)[place].cells.push_back(cells[place]);
  }
}

}  // namespace

std::string SharesText(int whole, int workers) {
  if (workers <= 1) return CountText(whole);
  const int larger = whole % workers;
  const int share = whole / workers;
  if (larger == 0) return fmt::format("{} = {} x {}", whole, workers, share);
  return fmt::format("{} = {} x {} + {} x {}", whole, larger, share + 1, workers - larger, share);
}

Table WorkersTable(const ComparisonResult& result) {
  Table table;
  bool any = false;
  bool chunks = false;
  int64_t clock_bound_ns = 0;
  std::vector<TableColumn> columns(8);
  columns[0] = {.heading = {"scenario"}, .cells = {}, .left = true};
  columns[1].heading = {"workers"};
  columns[2] = {.heading = {"operations", "in flight"}, .cells = {}, .leave_out_order = 1};
  columns[3] = {.heading = {"connections"}, .cells = {}, .leave_out_order = 2};
  columns[4] = {.heading = {"operations", "of each"}, .cells = {}, .leave_out_order = 3};
  columns[5] = {.heading = {"client CPU", "of all, s"}, .cells = {}, .leave_out_order = 4};
  columns[6].heading = {"busiest's", "processor"};
  columns[7] = {.heading = {"latest", "start"}, .cells = {}, .leave_out_order = 5};
  for (const Run& run : result.runs) {
    if (run.workers.empty()) continue;
    any = true;
    chunks = chunks || run.scenario.type->limiter == "chunk";
    clock_bound_ns = std::max(clock_bound_ns, ClockBoundNs(run));
    AddRow(run, &columns);
  }
  if (!any) return table;
  table.title = "Workers";
  table.columns = std::move(columns);
  table.notes.push_back(
      {"workers: processes that shared the run; counts, histograms and timelines are added "
       "exactly. "
       "latest start: after the common start, by the worker's own clock."});
  if (chunks) {
    table.notes.push_back({"Chunks are of each worker: none waits for another worker's chunk."});
  }
  if (clock_bound_ns > 0) {
    table.notes.push_back(
        {fmt::format("The starts of workers on different machines were at most {} further apart "
                     "than that: the bound on the error of their clocks' estimated offsets.",
                     DurationText(static_cast<double>(clock_bound_ns)))});
  }
  return table;
}

Json WorkersJson(const std::vector<WorkerPart>& workers) {
  Json json = Json::array();
  for (const WorkerPart& part : workers) {
    json.push_back(
        {{"rank", part.rank},
         {"host", TextOrNull(part.host)},
         {"scheduled", part.scheduled},
         {"succeeded", part.succeeded},
         {"failed", part.failed},
         {"skipped", part.skipped},
         {"wall_s", NsInSeconds(part.duration_ns)},
         {"user_s", FiniteOrNull(part.client.user_s)},
         {"sys_s", FiniteOrNull(part.client.system_s)},
         {"late_ns", part.late_ns},
         {"clock_bound_ns", part.clock_bound_ns > 0 ? Json(part.clock_bound_ns) : Json()},
         {"lost", TextOrNull(part.lost)}});
  }
  return json;
}

std::vector<WorkerPart> ReadWorkers(const Json& json) {
  std::vector<WorkerPart> workers;
  for (const Json& one : ArrayBelow(json, {"workers"})) {
    WorkerPart part;
    part.rank = static_cast<int>(CountBelow(one, {"rank"}).value_or(0));
    part.host = TextBelow(one, {"host"});
    part.scheduled = CountBelow(one, {"scheduled"}).value_or(0);
    part.succeeded = CountBelow(one, {"succeeded"}).value_or(0);
    part.failed = CountBelow(one, {"failed"}).value_or(0);
    part.skipped = CountBelow(one, {"skipped"}).value_or(0);
    const double wall_s = std::clamp(NumberBelow(one, {"wall_s"}).value_or(0), 0.0, 1e9);
    part.duration_ns = std::llround(wall_s * kNanosecondsPerSecond);
    part.client.user_s = NumberBelow(one, {"user_s"}).value_or(0);
    part.client.system_s = NumberBelow(one, {"sys_s"}).value_or(0);
    part.late_ns = CountBelow(one, {"late_ns"}).value_or(0);
    part.clock_bound_ns = CountBelow(one, {"clock_bound_ns"}).value_or(0);
    part.lost = TextBelow(one, {"lost"});
    workers.push_back(std::move(part));
  }
  return workers;
}

}  // namespace pgring
