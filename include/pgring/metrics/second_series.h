// How a run went from second to second: successes and their latencies, one entry for each interval
// of the measured phase, an interval being a second until there are kMaxIntervals of them; from
// then on neighbours are put together and intervals are twice as long.
//
// Exact counts in a histogram's buckets (2 significant digits, within 1 %), of which only those
// that are not empty are kept: some hundreds of bytes for each interval. Not thread-safe. Recording
// allocates when an interval ends. Nothing here can fail.
#ifndef PGRING_METRICS_SECOND_SERIES_H_
#define PGRING_METRICS_SECOND_SERIES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "pgring/metrics/histogram.h"

namespace pgring {

class Archive;

struct SeriesInterval {
  int64_t start_ns = 0;  // since the beginning of the measured phase
  int64_t succeeded = 0;
  std::optional<int64_t> p50_ns;
  std::optional<int64_t> p99_ns;  // nothing below 100 successes
};

class SecondSeries {
 public:
  static constexpr size_t kMaxIntervals = 3'600;

  SecondSeries();

  // A series as it was saved, to be read and not to be recorded into. interval_ns > 0.
  static SecondSeries Restored(int64_t interval_ns, std::vector<SeriesInterval> intervals);

  // The measured phase begins; what is recorded before that does not count.
  void Start(int64_t now_ns);
  // A success that ended then and took so long. A time that lies before the present interval counts
  // in the present one: threads tell of their operations a little out of order.
  void Record(int64_t finished_ns, int64_t latency_ns);

  // Adds what another one, started at the same time, recorded: parts of one run. Exact.
  void Add(const SecondSeries& other);

  // As if everything had happened so much later.
  void Shift(int64_t by_ns) {
    start_ns_ += by_ns;
    present_ends_ns_ += by_ns;
  }

  friend void Archived(Archive* archive, SecondSeries* series);

  // Of each interval that anything ended in, in order.
  std::vector<SeriesInterval> Intervals() const;
  int64_t interval_ns() const { return interval_ns_; }

 private:
  // Counts by the histogram's index.
  using Buckets = std::vector<std::pair<int32_t, int64_t>>;

  void ClosePresent() const;
  void DoubleIntervals() const;
  static void AddTo(Buckets* sum, const Buckets& buckets);

  bool started_ = false;
  int64_t start_ns_ = 0;
  // Mutable: what is of the present interval belongs to the others before they are read.
  mutable int64_t interval_ns_;
  mutable int64_t present_ = 0;  // which interval, from 0
  mutable int64_t present_ends_ns_ = 0;
  mutable Histogram histogram_;
  mutable std::map<int64_t, Buckets> closed_;
  std::vector<SeriesInterval> restored_;
};

}  // namespace pgring

#endif  // PGRING_METRICS_SECOND_SERIES_H_
