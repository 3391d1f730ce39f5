// Latencies of a run that goes on, for a display or an exporter on another thread: coarser than
// Histogram (each bucket is 1/16 of its doubling wide, 6 % of its values), so that counts can be
// atomic and few.
//
// One thread at a time records; any thread may read meanwhile. What is read was true of each bucket
// at some moment, not of all of them at the same one: a display can live with that, a report takes
// the histograms of the Recorder. Nothing here can fail.
#ifndef PGRING_METRICS_LIVE_LATENCIES_H_
#define PGRING_METRICS_LIVE_LATENCIES_H_

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace pgring {

class LiveLatencies {
 public:
  static constexpr size_t kBucketsPerDoubling = 16;
  static constexpr size_t kBuckets = kBucketsPerDoubling * 60;  // every int64_t >= 0
  using Counts = std::array<int64_t, kBuckets>;

  // latency_ns >= 0. There is one writer at a time, so that the addition itself need not be atomic.
  void Record(int64_t latency_ns) {
    Increase(&counts_[BucketOf(latency_ns)], 1);
    Increase(&sum_ns_, latency_ns);
  }

  Counts Read() const {
    Counts counts = {};
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      counts[bucket] = counts_[bucket].load(std::memory_order_relaxed);
    }
    return counts;
  }
  // Becomes what several others have counted together.
  void Set(const Counts& counts, int64_t sum_ns) {
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      counts_[bucket].store(counts[bucket], std::memory_order_relaxed);
    }
    sum_ns_.store(sum_ns, std::memory_order_relaxed);
  }
  int64_t sum_ns() const { return sum_ns_.load(std::memory_order_relaxed); }

  // The lowest latency of a bucket; of kBuckets - 1 and below.
  static constexpr int64_t LowestNs(size_t bucket) {
    if (bucket < kBucketsPerDoubling) return static_cast<int64_t>(bucket);
    const size_t shift = bucket / kBucketsPerDoubling - 1;
    return static_cast<int64_t>(kBucketsPerDoubling + bucket % kBucketsPerDoubling) << shift;
  }

  static constexpr size_t BucketOf(int64_t latency_ns) {
    const auto value = static_cast<uint64_t>(latency_ns);
    if (value < kBucketsPerDoubling) return static_cast<size_t>(value);
    const auto shift = static_cast<size_t>(std::bit_width(value / kBucketsPerDoubling)) - 1;
    return kBucketsPerDoubling * shift + static_cast<size_t>(value >> shift);
  }

  // Of what was counted from `earlier` to `later`: the lowest latency of the bucket in which the
  // percentile lies (0 .. 100). Nothing if that is nothing.
  static std::optional<int64_t> PercentileNs(const Counts& earlier, const Counts& later,
                                             double percentile) {
    int64_t total = 0;
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) total += later[bucket] - earlier[bucket];
    if (total <= 0) return std::nullopt;
    auto rank = static_cast<int64_t>(std::ceil(static_cast<double>(total) * percentile / 100));
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      rank -= later[bucket] - earlier[bucket];
      if (rank <= 0 && later[bucket] > earlier[bucket]) return LowestNs(bucket);
    }
    return std::nullopt;
  }

 private:
  static void Increase(std::atomic<int64_t>* value, int64_t by) {
    value->store(value->load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<int64_t>, kBuckets> counts_ = {};
  std::atomic<int64_t> sum_ns_{0};
};

}  // namespace pgring

#endif  // PGRING_METRICS_LIVE_LATENCIES_H_
