// One operation and where operations come from: every scenario of a comparison runs the same ones,
// in the same order. Nothing here can fail.
#ifndef PGRING_WORKLOAD_OPERATION_H_
#define PGRING_WORKLOAD_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "pgring/base/check.h"

namespace pgring {

// Operations of the warm-up are none of the list's: that is run whole after it.
inline constexpr int64_t kFirstWarmupIndex = int64_t{1} << 62;

struct Operation {
  // Such an operation counts nowhere but in the verification.
  bool warms_up() const { return index >= kFirstWarmupIndex; }

  uint8_t kind = 0;   // index into the workload's kinds
  int32_t value = 0;  // the kind's parameter
  int64_t index = 0;  // its number in the source
};

// Operations by number. Immutable, and used from several threads.
class OperationSource {
 public:
  virtual ~OperationSource() = default;
  // The operation with that number, from 0 up: always the same.
  virtual Operation At(int64_t index) const = 0;
};

// Begins anew where it ends: a run for a time takes as many as it gets.
class OperationList final : public OperationSource {
 public:
  explicit OperationList(std::vector<Operation> operations) : operations_(std::move(operations)) {}
  Operation At(int64_t index) const override {
    PGRING_CHECK(!operations_.empty(), "an operation was asked of an empty list");
    Operation operation = operations_[static_cast<size_t>(index) % operations_.size()];
    operation.index = index;
    return operation;
  }

 private:
  const std::vector<Operation> operations_;
};

// What operations read and could not be sure of, summed over a run.
struct OperationTally {
  int64_t rows_read = 0;
  // Sum of a hash of every row: independent of the order in which operations run.
  uint64_t rows_checksum = 0;
  // Writes whose COMMIT was sent and never confirmed: they count as failed, and may be in the
  // database all the same.
  int64_t unconfirmed_commits = 0;
  int64_t round_trips = 0;  // of succeeded operations
  // Of the measured phase's I/O; see pgring/base/system_calls.h.
  int64_t system_calls = 0;

  void Add(const OperationTally& other) {
    rows_read += other.rows_read;
    rows_checksum += other.rows_checksum;
    unconfirmed_commits += other.unconfirmed_commits;
    round_trips += other.round_trips;
    system_calls += other.system_calls;
  }
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_OPERATION_H_
