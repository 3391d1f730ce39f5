#include "report/run_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "pgring/base/clock.h"

namespace pgring {
namespace {

// The bounds of the exported histogram, of which each is twice the one before: 16.4 us to 68.7 s.
constexpr int kLowestBoundBits = 14;
constexpr int kHighestBoundBits = 36;

class MetricsText {
 public:
  MetricsText(MetricsFormat format, std::string run_labels)
      : format_(format), run_labels_(std::move(run_labels)) {}

  // In OpenMetrics a counter's family has no "_total", its samples do; in the older format both.
  void Counter(std::string_view name, std::string_view help) {
    const bool is_open = format_ == MetricsFormat::kOpenMetrics;
    Head(fmt::format("{}{}", name, is_open ? "" : "_total"), "counter", help);
  }
  void Head(std::string_view family, std::string_view type, std::string_view help) {
    text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", family, type, help);
  }

  // `labels` is empty or begins with a comma.
  template <typename Number>
  void Sample(std::string_view name, std::string_view labels, Number value) {
    text_ += fmt::format("{}{{{}{}}} {}\n", name, run_labels_, labels, value);
  }

  std::string Finish() {
    if (format_ == MetricsFormat::kOpenMetrics) text_ += "# EOF\n";
    return std::move(text_);
  }

 private:
  const MetricsFormat format_;
  const std::string run_labels_;
  std::string text_;
};

void AddOperations(const RunProgress& progress, int64_t measured_ns, MetricsText* text) {
  const LiveLatencies::Counts counts = progress.response_ns.Read();
  int64_t succeeded = 0;
  for (const int64_t count : counts) succeeded += count;

  text->Counter("pgring_operations", "Operations that succeeded in the measured phase.");
  text->Sample("pgring_operations_total", "", succeeded);
  text->Head("pgring_throughput_operations_per_second", "gauge",
             "Operations that succeeded per second, since the measured phase began.");
  text->Sample("pgring_throughput_operations_per_second", "",
               measured_ns > 0 ? static_cast<double>(succeeded) / NsInSeconds(measured_ns) : 0);
  text->Head("pgring_operations_in_flight", "gauge", "Operations that are due and have not ended.");
  text->Sample("pgring_operations_in_flight", "", progress.in_flight());

  text->Counter("pgring_failures", "Operations that failed, by SQLSTATE or cause.");
  for (const auto& [code, count] : progress.failures.by_code()) {
    text->Sample("pgring_failures_total", fmt::format(",code=\"{}\"", EscapeMetricLabel(code)),
                 count);
  }

  text->Head("pgring_response_seconds", "histogram",
             "Response times of operations that succeeded, from when they were due.");
  size_t bucket = 0;
  int64_t cumulative = 0;
  for (int bits = kLowestBoundBits; bits <= kHighestBoundBits; ++bits) {
    // A bound is inclusive, and the first value of a bucket; that value lies beyond it by 1 ns.
    const int64_t bound_ns = int64_t{1} << bits;
    for (; LiveLatencies::LowestNs(bucket) < bound_ns; ++bucket) cumulative += counts[bucket];
    text->Sample("pgring_response_seconds_bucket", fmt::format(",le=\"{}\"", NsInSeconds(bound_ns)),
                 cumulative);
  }
  text->Sample("pgring_response_seconds_bucket", ",le=\"+Inf\"", succeeded);
  text->Sample("pgring_response_seconds_sum", "", NsInSeconds(progress.response_ns.sum_ns()));
  text->Sample("pgring_response_seconds_count", "", succeeded);
}

void AddConnections(const RunProgress& progress, MetricsText* text) {
  // How connections were closed after the measured phase is not recorded.
  const bool has_ended = progress.ended_ns.load(std::memory_order_relaxed) != 0;
  const auto value = [&](ConnectionGauge gauge) {
    return has_ended ? 0 : progress.connections.value(gauge);
  };
  const int open = value(ConnectionGauge::kOpen);
  const int in_use = value(ConnectionGauge::kInUse);
  text->Head("pgring_connections", "gauge", "Connections to the server, by state.");
  text->Sample("pgring_connections", ",state=\"in_use\"", in_use);
  text->Sample("pgring_connections", ",state=\"idle\"", std::max(0, open - in_use));
  text->Sample("pgring_connections", ",state=\"connecting\"", value(ConnectionGauge::kConnecting));
  text->Head("pgring_operations_waiting", "gauge", "Operations that wait for a connection.");
  text->Sample("pgring_operations_waiting", "", value(ConnectionGauge::kWaiting));
}

}  // namespace

const char* ContentTypeOf(MetricsFormat format) {
  return format == MetricsFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string EscapeMetricLabel(const std::string& text) {
  std::string escaped;
  for (const char character : text) {
    if (character == '\\' || character == '"') escaped += '\\';
    escaped += character == '\n' ? ' ' : character;
  }
  return escaped;
}

std::string NoMetricsText(MetricsFormat format) { return MetricsText(format, "").Finish(); }

std::string RunMetricsText(MetricsFormat format, const std::string& scenario, int block,
                           int64_t now_ns, const RunProgress& progress) {
  std::string labels = fmt::format("scenario=\"{}\"", EscapeMetricLabel(scenario));
  if (block > 0) labels += fmt::format(",block=\"{}\"", block);
  MetricsText text(format, std::move(labels));
  const int64_t from_ns = progress.measuring_from_ns.load(std::memory_order_relaxed);
  const int64_t ended_ns = progress.ended_ns.load(std::memory_order_relaxed);
  const int64_t until_ns = ended_ns != 0 ? ended_ns : now_ns;
  const int64_t measured_ns = from_ns == 0 ? 0 : std::max<int64_t>(0, until_ns - from_ns);
  text.Head("pgring_measured_seconds", "gauge", "How long the measured phase has taken so far.");
  text.Sample("pgring_measured_seconds", "", NsInSeconds(measured_ns));
  AddOperations(progress, measured_ns, &text);
  AddConnections(progress, &text);
  return text.Finish();
}

}  // namespace pgring
