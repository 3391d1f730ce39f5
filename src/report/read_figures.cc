// What a run of a saved result measured.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "diagnosis/cause.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/metrics/histogram_encoding.h"
#include "report/read_result.h"

namespace pgring {
namespace {

constexpr auto kNsInSecond = static_cast<double>(kNanosecondsPerSecond);
constexpr std::array<LatencyPart, kLatencyPartCount> kParts = {
    LatencyPart::kResponse, LatencyPart::kAdmissionWait, LatencyPart::kPoolWait,
    LatencyPart::kService};

absl::Status Contradiction(const char* what) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " of a run contradict each other: pgring did not write them so"));
}

// A histogram that shows these percentiles where it is asked for them, and nothing else that holds.
absl::StatusOr<Histogram> OfPercentiles(const Json& json) {
  struct Rank {
    const char* key;
    double percentile;
  };
  constexpr std::array<Rank, 6> kRanks = {
      {{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p99_9", 99.9}, {"max", 100}}};
  Histogram histogram;
  const int64_t count = CountBelow(json, {"count"}).value_or(0);
  if (count == 0) return histogram;
  const std::optional<int64_t> least = CountBelow(json, {"min"});
  const std::optional<int64_t> most = CountBelow(json, {"max"});
  const std::optional<int64_t> mean = CountBelow(json, {"mean"});
  if (!least.has_value() || !most.has_value() || !mean.has_value() || *least > *most) {
    return Contradiction("the latencies");
  }
  const auto place = [&](int64_t value, int64_t times) {
    const int64_t kept = std::min(value, histogram.highest_trackable());
    if (times > 0) histogram.RecordBucket(histogram.IndexOf(kept), times);
  };
  place(*least, 1);
  int64_t placed = 1;
  int64_t last = *least;
  for (const Rank& rank : kRanks) {
    const std::optional<int64_t> value = CountBelow(json, {rank.key});
    if (!value.has_value()) continue;
    if (*value < last) return Contradiction("the latencies");
    const auto until =
        static_cast<int64_t>(std::ceil(rank.percentile / 100 * static_cast<double>(count) - 1e-6));
    place(*value, std::min(until, count) - placed);
    placed = std::max(placed, std::min(until, count));
    last = *value;
  }
  histogram.RestoreExact(*least, *most, static_cast<double>(*mean));
  return histogram;
}

// The distribution where it was saved; the percentiles are beside it in any case.
absl::StatusOr<Histogram> ReadHistogram(const Json& latency, const std::string& encoded) {
  if (encoded.empty()) return OfPercentiles(latency);
  absl::StatusOr<Histogram> histogram = DecodeHistogram(encoded);
  if (!histogram.ok()) return histogram.status();
  const Histogram ours;
  const std::optional<int64_t> least = CountBelow(latency, {"min"});
  const std::optional<int64_t> most = CountBelow(latency, {"max"});
  const std::optional<int64_t> mean = CountBelow(latency, {"mean"});
  if (histogram->highest_trackable() != ours.highest_trackable() ||
      histogram->lowest_discernible() != ours.lowest_discernible() ||
      histogram->significant_digits() != ours.significant_digits() ||
      CountBelow(latency, {"count"}) != histogram->count() || !least.has_value() ||
      !most.has_value() || !mean.has_value() || *least > *most) {
    return Contradiction("the histograms and latencies");
  }
  if (histogram->count() > 0) histogram->RestoreExact(*least, *most, static_cast<double>(*mean));
  return histogram;
}

absl::StatusOr<OperationSummary> ReadOperations(const Json& counts, const Json& latency,
                                                const Json* histograms) {
  OperationSummary summary;
  summary.scheduled = CountBelow(counts, {"scheduled"}).value_or(0);
  summary.succeeded = CountBelow(counts, {"succeeded"}).value_or(0);
  summary.failed = CountBelow(counts, {"failed"}).value_or(0);
  summary.skipped = CountBelow(counts, {"skipped"}).value_or(0);
  const Json* const failures = Below(counts, {"failures"});
  if (failures != nullptr && failures->is_object()) {
    for (const auto& [code, count] : failures->items()) {
      summary.failures[code] = CountBelow(*failures, {code.c_str()}).value_or(0);
    }
  }
  for (const LatencyPart part : kParts) {
    const std::string name(LatencyPartName(part));
    const Json* const figures = Below(latency, {name.c_str()});
    if (figures == nullptr) continue;
    const std::string encoded = histograms == nullptr ? "" : TextBelow(*histograms, {name.c_str()});
    absl::StatusOr<Histogram> histogram = ReadHistogram(*figures, encoded);
    if (!histogram.ok()) return histogram.status();
    summary.latency[static_cast<size_t>(part)] = *std::move(histogram);
  }
  return summary;
}

// With what percentiles of: "" or "queued_".
SecondSeries ReadSeconds(const Json& json, int64_t duration_ns, const std::string& prefix = "") {
  const std::optional<int64_t> interval_s = CountBelow(json, {"interval_s"});
  constexpr int64_t kLongestS = 1'000'000'000;
  if (!interval_s.has_value() || *interval_s == 0 || *interval_s > kLongestS) return {};
  // No series is as long as this.
  constexpr auto kMostIntervals = static_cast<int64_t>(2 * SecondSeries::kMaxIntervals);
  if (duration_ns / (*interval_s * kNanosecondsPerSecond) > kMostIntervals) return {};
  const Json& starts = ArrayBelow(json, {"t_s"});
  const Json& succeeded = ArrayBelow(json, {"succeeded"});
  const auto percentile = [&](const char* name, size_t i) -> std::optional<int64_t> {
    const std::string key = prefix + name;
    const Json& values = ArrayBelow(json, {key.c_str()});
    if (i >= values.size() || !values[i].is_number_unsigned()) return std::nullopt;
    return CountBelow({{"value", values[i]}}, {"value"});
  };
  std::vector<SeriesInterval> intervals;
  for (size_t i = 0; i < std::min(starts.size(), SecondSeries::kMaxIntervals); ++i) {
    const std::optional<int64_t> start_s = CountBelow({{"value", starts[i]}}, {"value"});
    if (!start_s.has_value() || *start_s > kLongestS || i >= succeeded.size()) break;
    const std::optional<int64_t> count = CountBelow({{"value", succeeded[i]}}, {"value"});
    intervals.push_back({*start_s * kNanosecondsPerSecond, count.value_or(0),
                         percentile("p50_ns", i), percentile("p99_ns", i)});
  }
  return SecondSeries::Restored(*interval_s * kNanosecondsPerSecond, std::move(intervals));
}

absl::Status ReadRecorder(const Json& json, Run* run) {
  const Json none = Json::object();
  const auto part = [&none](const Json& of, JsonKeys keys) -> const Json& {
    const Json* const found = Below(of, keys);
    return found == nullptr ? none : *found;
  };
  const Json* const histograms = Below(json, {"histograms"});
  auto total = ReadOperations(part(json, {"operations"}), part(json, {"latency_ns"}), histograms);
  if (!total.ok()) return total.status();
  std::vector<OperationSummary> kinds;
  // Of a block's run only the sum is saved.
  for (const auto& [name, kind] : part(json, {"operations", "by_kind"}).items()) {
    auto summary = ReadOperations(kind, part(kind, {"latency_ns"}), nullptr);
    if (!summary.ok()) return summary.status();
    run->kinds.push_back(name);
    kinds.push_back(*std::move(summary));
  }
  run->recorder = Recorder::Restored(
      std::move(kinds), *std::move(total), ReadSeconds(part(json, {"seconds"}), run->ended_ns),
      histograms != nullptr, ReadSeconds(part(json, {"seconds"}), run->ended_ns, "queued_"));
  run->succeeded_by_kind.resize(run->kinds.size());
  return absl::OkStatus();
}

// More connections or waiting operations than any run has; pictures count in steps up to it.
constexpr int64_t kMostOfGauge = 1'000'000'000;

int32_t GaugeOf(const Json& value) {
  const std::optional<int64_t> count = CountBelow({{"value", value}}, {"value"});
  return static_cast<int32_t>(std::min(count.value_or(0), kMostOfGauge));
}

void ReadDepths(const Json& json, Run* run) {
  for (const Json& one : ArrayBelow(json, {"in_flight"})) {
    ConnectionDepth depth;
    depth.units = CountBelow(one, {"units"}).value_or(0);
    depth.peak = GaugeOf(CountBelow(one, {"peak"}).value_or(0));
    depth.mean = std::clamp(NumberBelow(one, {"mean"}).value_or(0), 0.0, 1e9);
    run->depths.push_back(depth);
  }
  const Json& means = ArrayBelow(json, {"in_flight_over_time", "mean"});
  const Json& peaks = ArrayBelow(json, {"in_flight_over_time", "peak"});
  const double slice_s = NumberBelow(json, {"in_flight_over_time", "slice_s"}).value_or(0);
  if (!(slice_s > 0) || slice_s > 1e9 || means.size() != peaks.size()) return;
  run->depth_over_time.slice_ns = std::llround(slice_s * kNsInSecond);
  for (size_t i = 0; i < std::min(means.size(), DepthMeter::kMaxSlices); ++i) {
    const double mean = means[i].is_number() ? means[i].get<double>() : 0;
    run->depth_over_time.slices.push_back({std::clamp(mean, 0.0, 1e9), GaugeOf(peaks[i])});
  }
}

absl::Status ReadTimeline(const Json& json, Run* run) {
  const Json& times = ArrayBelow(json, {"timeline", "t_s"});
  const Json& open = ArrayBelow(json, {"timeline", "open"});
  const Json& in_use = ArrayBelow(json, {"timeline", "in_use"});
  const Json& waiting = ArrayBelow(json, {"timeline", "waiting"});
  if (open.size() != times.size() || in_use.size() != times.size() ||
      waiting.size() != times.size()) {
    return Contradiction("the steps of the timeline");
  }
  std::vector<TimelineStep> steps;
  std::array<int32_t, kConnectionGaugeCount> peaks = {};
  std::array<double, kConnectionGaugeCount> means = {};
  for (size_t i = 0; i < times.size(); ++i) {
    TimelineStep step;
    const double time_s = times[i].is_number() ? times[i].get<double>() : -1;
    step.time_ns = std::llround(std::min(time_s, 1e9) * kNsInSecond);
    if (!(time_s >= 0) || (!steps.empty() && step.time_ns < steps.back().time_ns)) {
      return Contradiction("the steps of the timeline");
    }
    step.values[static_cast<size_t>(ConnectionGauge::kOpen)] = GaugeOf(open[i]);
    step.values[static_cast<size_t>(ConnectionGauge::kInUse)] = GaugeOf(in_use[i]);
    step.values[static_cast<size_t>(ConnectionGauge::kWaiting)] = GaugeOf(waiting[i]);
    for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
      peaks[gauge] = std::max(peaks[gauge], step.values[gauge]);
    }
    steps.push_back(step);
  }
  for (const auto& [gauge, peak, mean] :
       {std::tuple(ConnectionGauge::kOpen, "peak_open", "mean_open"),
        std::tuple(ConnectionGauge::kInUse, "peak_in_use", "mean_in_use")}) {
    const auto at = static_cast<size_t>(gauge);
    peaks[at] = GaugeOf(CountBelow(json, {peak}).value_or(peaks[at]));
    means[at] = std::clamp(NumberBelow(json, {mean}).value_or(0), 0.0, 1e9);
  }
  const int64_t duration_ns =
      std::max(run->ended_ns - run->started_ns, steps.empty() ? int64_t{0} : steps.back().time_ns);
  run->timeline = ConnectionTimeline::Restored(std::move(steps), duration_ns, peaks, means);
  ReadDepths(json, run);
  return absl::OkStatus();
}

void ReadCosts(const Json& json, Run* run) {
  const auto of_client = [&json](const char* key) { return CountBelow(json, {"client", key}); };
  run->client.user_s = NumberBelow(json, {"client", "user_s"}).value_or(0);
  run->client.system_s = NumberBelow(json, {"client", "sys_s"}).value_or(0);
  run->client.voluntary_switches = of_client("voluntary_switches").value_or(0);
  run->client.involuntary_switches = of_client("involuntary_switches").value_or(0);
  run->peak_memory_bytes = of_client("max_rss_bytes");
  run->bytes_per_connection = of_client("bytes_per_connection");
  run->tally.system_calls = of_client("system_calls").value_or(0);
  run->tally.round_trips = CountBelow(json, {"round_trips"}).value_or(0);
  run->tally.rows_read = CountBelow(json, {"rows_read"}).value_or(0);
  (void)absl::SimpleHexAtoi(TextBelow(json, {"rows_checksum"}), &run->tally.rows_checksum);
  if (of_client("enters").has_value()) {
    run->ring = BackendStats();
    run->ring->enters = of_client("enters").value_or(0);
    run->ring->submissions = of_client("sqes").value_or(0);
    run->ring->completions = of_client("cqes").value_or(0);
    run->ring->blocking_receives = CountBelow(json, {"io", "blocking_receives"}).value_or(0);
  }
  run->ring_setup = TextBelow(json, {"io", "setup"});
  const std::optional<double> server_user_s = NumberBelow(json, {"server", "user_s"});
  const std::optional<double> server_system_s = NumberBelow(json, {"server", "sys_s"});
  if (server_user_s.has_value() && server_system_s.has_value()) {
    run->server = TreeCost{*server_user_s, *server_system_s};
  }
}

std::optional<WaitClass> ReadWaitClass(const std::string& name) {
  for (const WaitClass wait_class : AllWaitClasses()) {
    if (WaitClassName(wait_class) == name) return wait_class;
  }
  return std::nullopt;
}

Cause ReadCause(const Json& samples) {
  Cause cause;
  cause.named = ReadWaitClass(TextBelow(samples, {"cause", "class"}));
  cause.few_at_work = TruthBelow(samples, {"cause", "few_at_work"});
  cause.is_trusted = TruthBelow(samples, {"cause", "trusted"});
  cause.summary = TextBelow(samples, {"cause", "summary"});
  cause.advice = TextBelow(samples, {"cause", "advice"});
  const std::string check = TextBelow(samples, {"cause", "check"});
  if (check == "agrees") cause.check = SampleCheck::kAgrees;
  if (check == "disagrees") cause.check = SampleCheck::kDisagrees;
  cause.check_text = TextBelow(samples, {"cause", "check_text"});
  cause.active = NumberBelow(samples, {"active"}).value_or(0);
  cause.idle_in_transaction = NumberBelow(samples, {"idle_in_transaction"}).value_or(0);
  for (const Json& share : ArrayBelow(samples, {"cause", "classes"})) {
    const std::optional<WaitClass> wait_class = ReadWaitClass(TextBelow(share, {"class"}));
    const Json& interval = ArrayBelow(share, {"interval"});
    if (!wait_class.has_value() || interval.size() != 2 || !interval[0].is_number() ||
        !interval[1].is_number()) {
      continue;
    }
    cause.shares.push_back({*wait_class,
                            NumberBelow(share, {"share"}).value_or(0),
                            {interval[0].get<double>(), interval[1].get<double>()}});
  }
  return cause;
}

std::optional<ServerSamples> ReadSamples(const Json& json) {
  const Json* const found = Below(json, {"server_samples"});
  if (found == nullptr || !found->is_object()) return std::nullopt;
  ServerSamples samples;
  samples.saved_cause = std::make_shared<const Cause>(ReadCause(*found));
  samples.hidden_rows = CountBelow(*found, {"hidden_rows"}).value_or(0);
  samples.other_active = CountBelow(*found, {"other_active"}).value_or(0);
  samples.cost.queries = CountBelow(*found, {"cost", "looks"}).value_or(0);
  samples.cost.server_s = NumberBelow(*found, {"cost", "server_s"}).value_or(0);
  samples.cost.user_s = NumberBelow(*found, {"cost", "client_s"}).value_or(0);
  samples.cost.span_s = NumberBelow(*found, {"cost", "span_s"}).value_or(0);
  for (const Json& scan : ArrayBelow(*found, {"scans"})) {
    ScanFinding finding;
    finding.table = TextBelow(scan, {"table"});
    finding.scans = CountBelow(scan, {"scans"}).value_or(0);
    finding.tuples = CountBelow(scan, {"tuples"}).value_or(0);
    finding.share = NumberBelow(scan, {"share"}).value_or(0);
    finding.index_sql = TextBelow(scan, {"index"});
    for (const Json& statement : ArrayBelow(scan, {"statements"})) {
      finding.statements.push_back({TextBelow(statement, {"sql"}), TextBelow(statement, {"filter"}),
                                    TextsBelow(statement, {"columns"})});
    }
    samples.scans.push_back(std::move(finding));
  }
  for (const Json& key : ArrayBelow(*found, {"foreign_keys"})) {
    samples.foreign_keys.push_back({TextBelow(key, {"name"}), TextBelow(key, {"table"}),
                                    TextBelow(key, {"referenced_table"}),
                                    TextsBelow(key, {"columns"}), TextBelow(key, {"index"})});
  }
  return samples;
}

}  // namespace

absl::Status ReadFigures(const Json& json, Run* run) {
  PGRING_RETURN_IF_ERROR(ReadRecorder(json, run));
  const Json* const connections = Below(json, {"connections"});
  if (connections != nullptr) {
    PGRING_RETURN_IF_ERROR(ReadTimeline(*connections, run));
    run->connections.requested = CountBelow(*connections, {"requested"}).value_or(0);
    run->connections.opened = CountBelow(*connections, {"opened"}).value_or(0);
    run->connections.refused = CountBelow(*connections, {"refused"}).value_or(0);
    run->opened_before = CountBelow(*connections, {"opened_before"}).value_or(0);
    const double connecting_s = NumberBelow(*connections, {"connecting_s"}).value_or(0);
    run->connecting_ns = std::llround(std::clamp(connecting_s, 0.0, 1e9) * kNsInSecond);
    const Json* const connect = Below(*connections, {"connect_ns"});
    if (connect != nullptr) {
      absl::StatusOr<Histogram> histogram = OfPercentiles(*connect);
      if (!histogram.ok()) return histogram.status();
      run->connect_ns = *std::move(histogram);
    }
  }
  ReadCosts(json, run);
  run->server_samples = ReadSamples(json);
  for (const Json& command : ArrayBelow(json, {"commands"})) {
    const Json* const duration = Below(command, {"duration_ns"});
    absl::StatusOr<Histogram> histogram =
        duration == nullptr ? absl::StatusOr<Histogram>(Histogram()) : OfPercentiles(*duration);
    if (!histogram.ok()) return histogram.status();
    run->commands.push_back({TextBelow(command, {"script"}), TextBelow(command, {"command"}),
                             CountBelow(command, {"failures"}).value_or(0),
                             CountBelow(command, {"retries"}).value_or(0),
                             CountBelow(command, {"pipelined"}).value_or(0),
                             *std::move(histogram)});
  }
  return absl::OkStatus();
}

}  // namespace pgring
