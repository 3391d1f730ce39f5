// How many operations were in flight on each of the connections that they share: peaks and means,
// exact, from every change; of the whole time, and of slices of it.
//
// Not thread-safe. Changing allocates nothing once a connection is known. Nothing here can fail; a
// depth below zero is a programmer error.
#ifndef PGRING_METRICS_CONNECTION_DEPTH_H_
#define PGRING_METRICS_CONNECTION_DEPTH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"

namespace pgring {

struct ConnectionDepth {
  int64_t units = 0;  // that were sent on it
  int peak = 0;
  double mean = 0;

  friend bool operator==(const ConnectionDepth& left, const ConnectionDepth& right) = default;
};

// A slice of time: over it and over all connections the mean, and the most that was in flight on
// any of them.
struct DepthSlice {
  double mean = 0;
  int peak = 0;

  friend bool operator==(const DepthSlice& left, const DepthSlice& right) = default;
};

struct DepthOverTime {
  int64_t slice_ns = 0;
  std::vector<DepthSlice> slices;  // from the start on
};

class DepthMeter {
 public:
  // Slices are a millisecond at first; when there are so many, neighbours become one.
  static constexpr size_t kMaxSlices = 480;

  // Begins anew at `now_ns` with the depths as they are.
  void Start(int64_t now_ns);
  // By 1 (a unit was sent) or -1 (it was answered). `connection` is a small number.
  void Change(size_t connection, int change, int64_t now_ns);
  // Means are from Start to `now_ns`; 0 where that is no time.
  std::vector<ConnectionDepth> Get(int64_t now_ns) const;
  // Up to `now_ns`, at which nothing changes any more.
  DepthOverTime OverTime(int64_t now_ns);

 private:
  struct Slice {
    absl::int128 area = 0;  // units x ns, of all connections
    int peak = 0;
  };

  // Closes the slices that end by then.
  void Advance(int64_t now_ns);
  void OpenSlice();
  void MergeSlices();

  struct Meter {
    int64_t units = 0;
    int depth = 0;
    int peak = 0;
    int64_t since_ns = 0;
    absl::int128 area = 0;  // units x ns
  };

  int64_t start_ns_ = 0;
  std::vector<Meter> meters_;
  int total_ = 0;  // in flight
  int64_t slice_ns_ = 0;
  int64_t slice_ends_ns_ = 0;  // of the last one, which is open; 0: before Start
  int64_t advanced_ns_ = 0;
  std::vector<Slice> slices_;
};

}  // namespace pgring

#endif  // PGRING_METRICS_CONNECTION_DEPTH_H_
