#include "pgring/metrics/connection_depth.h"

#include <algorithm>

#include "pgring/base/check.h"

namespace pgring {

void DepthMeter::Start(int64_t now_ns) {
  start_ns_ = now_ns;
  for (Meter& meter : meters_) {
    meter.units = 0;
    meter.peak = meter.depth;
    meter.since_ns = now_ns;
    meter.area = 0;
  }
}

void DepthMeter::Change(size_t connection, int change, int64_t now_ns) {
  if (connection >= meters_.size()) {
    Meter unused;
    unused.since_ns = now_ns;
    meters_.resize(connection + 1, unused);
  }
  Meter& meter = meters_[connection];
  // Time does not run backwards, but two readings of the clock may come in another order.
  const int64_t at_ns = std::max(now_ns, meter.since_ns);
  meter.area += absl::int128(meter.depth) * (at_ns - meter.since_ns);
  meter.since_ns = at_ns;
  meter.depth += change;
  PGRING_CHECK(meter.depth >= 0, "fewer than no units on a connection");
  meter.peak = std::max(meter.peak, meter.depth);
  if (change > 0) ++meter.units;
}

std::vector<ConnectionDepth> DepthMeter::Get(int64_t now_ns) const {
  std::vector<ConnectionDepth> depths;
  for (const Meter& meter : meters_) {
    const int64_t end_ns = std::max(now_ns, meter.since_ns);
    const absl::int128 area = meter.area + absl::int128(meter.depth) * (end_ns - meter.since_ns);
    const double mean = end_ns > start_ns_
                            ? static_cast<double>(area) / static_cast<double>(end_ns - start_ns_)
                            : 0;
    depths.push_back({meter.units, meter.peak, mean});
  }
  return depths;
}

}  // namespace pgring
