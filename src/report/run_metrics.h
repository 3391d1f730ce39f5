// A run that goes on, as metrics for Prometheus and what understands its formats: OpenMetrics 1.0
// (https://prometheus.io/docs/specs/om/open_metrics_spec/) and the text format 0.0.4 before it.
//
// Pure but for reading the counters, which other threads may be changing. Cannot fail.
#ifndef PGRING_REPORT_RUN_METRICS_H_
#define PGRING_REPORT_RUN_METRICS_H_

#include <cstdint>
#include <string>

#include "run/run_progress.h"

namespace pgring {

enum class MetricsFormat : uint8_t { kOpenMetrics, kPrometheus };

// What the HTTP header Content-Type says of it.
const char* ContentTypeOf(MetricsFormat format);

// `scenario` and `block` (0: no repeats) become labels. The run's progress is detailed.
std::string RunMetricsText(MetricsFormat format, const std::string& scenario, int block,
                           int64_t now_ns, const RunProgress& progress);

// While there is no run: a text of the format with nothing in it.
std::string NoMetricsText(MetricsFormat format);

// `text` as it stands between the quotes of a label's value.
std::string EscapeMetricLabel(const std::string& text);

}  // namespace pgring

#endif  // PGRING_REPORT_RUN_METRICS_H_
