// The built-in workload `family`: creates write a small family of rows in one transaction (three
// parents in a, five children in b), reads fetch ten parents and their children.
//
// By default b.a_id has no index, as in the case that this workload reproduces, so reads scan b and
// slow down as it grows.
#ifndef PGRING_WORKLOAD_FAMILY_H_
#define PGRING_WORKLOAD_FAMILY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pgring/postgres/transaction.h"
#include "workload/family_options.h"
#include "workload/workload.h"

namespace pgring {

inline constexpr uint8_t kFamilyCreate = 0;
inline constexpr uint8_t kFamilyRead = 1;
inline constexpr int kFamilyRowsOfA = 3;  // that a create inserts
inline constexpr int kFamilyRowsOfB = 5;

// `count` operations, each a create with probability `write_ratio` and a value uniform in
// 1..100,000, shuffled; the same for the same seed on every machine.
std::vector<Operation> MakeFamilyOperations(int64_t count, double write_ratio, uint64_t seed);

class FamilyWorkload final : public Workload {
 public:
  explicit FamilyWorkload(const FamilyOptions& options);

  const std::vector<std::string>& kinds() const override { return kinds_; }
  const std::vector<Statement>& statements() const override { return statements_; }
  bool uses_own_schema() const override { return true; }
  bool AvoidPreparedStatements() override;
  Task<absl::Status> Run(Session* session, ClientState* client, Operation operation,
                         OperationTally* tally) override;
  absl::Status Prepare(BlockingSession* session, std::vector<std::string>* notes) override;
  absl::StatusOr<std::optional<Verification>> Verify(BlockingSession* session,
                                                     const CommittedWork& work) override;
  std::vector<std::string> Observations(BlockingSession* session,
                                        const CommittedWork& work) override;

 private:
  const Statement* Find(const char* name) const;
  Task<absl::Status> Create(Session* session, int32_t value, OperationTally* tally);
  Task<absl::Status> InsertBatched(Transaction* transaction, int32_t value);
  Task<absl::Status> InsertPerRow(Transaction* transaction, int32_t value);
  Task<absl::Status> Read(Session* session, OperationTally* tally);
  Task<absl::Status> ReadRows(Transaction* transaction, OperationTally* tally);
  absl::Status FoldParents(const Result& result, OperationTally* tally) const;
  absl::Status FoldChildren(const Result& result, OperationTally* tally) const;

  const FamilyOptions options_;
  const std::vector<std::string> kinds_ = {"create", "read"};
  std::vector<Statement> statements_;
  const Statement* begin_ = nullptr;
  const Statement* commit_ = nullptr;
  const Statement* rollback_ = nullptr;
  const Statement* insert_a_ = nullptr;
  const Statement* insert_b_ = nullptr;
  const Statement* select_a_ = nullptr;
  const Statement* select_b_ = nullptr;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_FAMILY_H_
