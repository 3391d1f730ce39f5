// One operation and the list of them that every scenario of a comparison runs: same seed, same
// order. Plain data.
#ifndef PGRING_WORKLOAD_OPERATION_H_
#define PGRING_WORKLOAD_OPERATION_H_

#include <cstdint>
#include <vector>

namespace pgring {

struct Operation {
  uint8_t kind = 0;   // index into the workload's kinds
  int32_t value = 0;  // the kind's parameter
};

// What operations read and could not be sure of, summed over a run.
struct OperationTally {
  int64_t rows_read = 0;
  // Sum of a hash of every row: independent of the order in which operations run.
  uint64_t rows_checksum = 0;
  // Creates whose COMMIT was sent and never confirmed: they count as failed, and may be in the
  // database all the same.
  int64_t unconfirmed_commits = 0;
  int64_t round_trips = 0;  // of succeeded operations

  void Add(const OperationTally& other) {
    rows_read += other.rows_read;
    rows_checksum += other.rows_checksum;
    unconfirmed_commits += other.unconfirmed_commits;
    round_trips += other.round_trips;
  }
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_OPERATION_H_
