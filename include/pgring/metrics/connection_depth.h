// How many operations were in flight on each of the connections that they share: peaks and means
// over time, exact, from every change.
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

class DepthMeter {
 public:
  // Begins anew at `now_ns` with the depths as they are.
  void Start(int64_t now_ns);
  // By 1 (a unit was sent) or -1 (it was answered). `connection` is a small number.
  void Change(size_t connection, int change, int64_t now_ns);
  // Means are from Start to `now_ns`; 0 where that is no time.
  std::vector<ConnectionDepth> Get(int64_t now_ns) const;

 private:
  struct Meter {
    int64_t units = 0;
    int depth = 0;
    int peak = 0;
    int64_t since_ns = 0;
    absl::int128 area = 0;  // units x ns
  };

  int64_t start_ns_ = 0;
  std::vector<Meter> meters_;
};

}  // namespace pgring

#endif  // PGRING_METRICS_CONNECTION_DEPTH_H_
