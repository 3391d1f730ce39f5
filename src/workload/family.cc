#include "workload/family.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/random.h"
#include "pgring/base/status.h"
#include "workload/row_checksum.h"

namespace pgring {
namespace {

constexpr int32_t kSmallestValue = 1;
constexpr int32_t kLargestValue = 100'000;
// The read's LIMIT, and so the number of parameters of the second select.
constexpr int kParentsPerRead = 10;
// Which of the three new parents each of the five children belongs to.
constexpr std::array<int, kFamilyRowsOfB> kParentOfChild = {0, 0, 1, 2, 2};

// A whole number as the text that libpq sends.
struct NumberText {
  explicit NumberText(int64_t value) {
    *std::to_chars(digits, digits + sizeof digits - 1, value).ptr = '\0';
  }
  char digits[24];
};

// An id as the server wrote it, for as long as its result does not live.
struct IdText {
  // False when there is not exactly one.
  bool Take(const Result& result) {
    if (result.rows() != 1) return false;
    const std::string_view id = result.Text(0, 0);
    if (id.size() >= sizeof text) return false;
    *std::copy(id.begin(), id.end(), text) = '\0';
    return true;
  }
  char text[24];
};

int RowsOf(const std::vector<Result>& results) {
  int rows = 0;
  for (const Result& result : results) rows += result.rows();
  return rows;
}

absl::Status Unexpected(std::string_view what) {
  return WithFailureCode(absl::InternalError(std::string(what)), kCauseUnexpectedResult);
}

}  // namespace

std::vector<Operation> MakeFamilyOperations(int64_t count, double write_ratio, uint64_t seed) {
  Random random(seed);
  std::vector<Operation> operations;
  operations.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t kind = random.Chance(write_ratio) ? kFamilyCreate : kFamilyRead;
    const auto value = static_cast<int32_t>(random.Between(kSmallestValue, kLargestValue));
    operations.push_back({kind, value, i});
  }
  random.Shuffle(&operations);
  return operations;
}

FamilyWorkload::FamilyWorkload(const FamilyOptions& options) : options_(options) {
  const bool batched = options.statements == StatementStyle::kBatched;
  statements_ = {
      {"begin", "BEGIN", 0},
      {"commit", "COMMIT", 0},
      {"rollback", "ROLLBACK", 0},
      {"select_a", "SELECT id, data, create_date FROM pgring.a LIMIT 10", 0},
      // Without the index not prepared: the server would sooner or later settle on a plan that does
      // not know the ids, and builds them into an array anew for every row of b - three times
      // slower, from and until whenever autovacuum happens to come by.
      {"select_b",
       "SELECT a_id, id, data FROM pgring.b WHERE a_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
       "$10)",
       kParentsPerRead,
       options.fk_index ? StatementProtocol::kPrepared : StatementProtocol::kExtended},
  };
  if (batched) {
    statements_.push_back({"insert_a",
                           "INSERT INTO pgring.a (data) VALUES ($1), ($2), ($3) RETURNING id",
                           kFamilyRowsOfA});
    statements_.push_back(
        {"insert_b", "INSERT INTO pgring.b (a_id) VALUES ($1), ($2), ($3), ($4), ($5) RETURNING id",
         kFamilyRowsOfB});
  } else {
    statements_.push_back(
        {"insert_a", "INSERT INTO pgring.a (data) VALUES ($1) RETURNING id, create_date", 1});
    statements_.push_back({"insert_b", "INSERT INTO pgring.b (a_id) VALUES ($1) RETURNING id", 1});
  }
  begin_ = Find("begin");
  commit_ = Find("commit");
  rollback_ = Find("rollback");
  insert_a_ = Find("insert_a");
  insert_b_ = Find("insert_b");
  select_a_ = Find("select_a");
  select_b_ = Find("select_b");
}

const Statement* FamilyWorkload::Find(const char* name) const {
  for (const Statement& statement : statements_) {
    if (statement.name == name) return &statement;
  }
  PGRING_CHECK(false, "the workload has no such statement");
}

bool FamilyWorkload::AvoidPreparedStatements() {
  for (Statement& statement : statements_) statement.protocol = StatementProtocol::kExtended;
  return true;
}

Task<absl::Status> FamilyWorkload::Run(Session* session, ClientState*, Operation operation,
                                       OperationTally* tally) {
  if (operation.kind == kFamilyCreate) return Create(session, operation.value, tally);
  return Read(session, tally);
}

Task<absl::Status> FamilyWorkload::Create(Session* session, int32_t value, OperationTally* tally) {
  Transaction transaction(session);
  Transaction* const in_transaction = &transaction;
  const Parameters none;
  co_await transaction.Send(begin_, none);
  absl::Status status;
  if (options_.statements == StatementStyle::kBatched) {
    status = co_await InsertBatched(in_transaction, value);
  } else {
    status = co_await InsertPerRow(in_transaction, value);
  }
  if (status.ok()) {
    status = co_await transaction.Commit(commit_);
    if (!status.ok() && transaction.MayBeCommitted(status)) ++tally->unconfirmed_commits;
    // What has been sent since the parents were there.
    if (status.ok() && RowsOf(*transaction.results()) != kFamilyRowsOfB) {
      status = Unexpected("insert into b: not five ids");
    }
  }
  // The COMMIT too may have been skipped: an error of what left with it comes first.
  if (!status.ok()) {
    co_await BringToRest(session);
  }
  co_return status;
}

Task<absl::Status> FamilyWorkload::InsertBatched(Transaction* transaction, int32_t value) {
  const std::array<NumberText, kFamilyRowsOfA> data = {NumberText(value + 1), NumberText(value + 2),
                                                       NumberText(value + 3)};
  std::array<const char*, kFamilyRowsOfA> a_values = {data[0].digits, data[1].digits,
                                                      data[2].digits};
  const Parameters a_parameters(a_values.data(), kFamilyRowsOfA);
  auto parents = co_await transaction->Execute(insert_a_, a_parameters);
  if (!parents.ok()) co_return parents.status();
  if (parents->rows() != kFamilyRowsOfA) co_return Unexpected("insert into a: not three ids");

  std::array<const char*, kFamilyRowsOfB> b_values;
  for (size_t child = 0; child < b_values.size(); ++child) {
    b_values[child] = parents->Text(kParentOfChild[child], 0).data();
  }
  const Parameters b_parameters(b_values.data(), kFamilyRowsOfB);
  co_await transaction->Send(insert_b_, b_parameters);
  co_return absl::OkStatus();
}

Task<absl::Status> FamilyWorkload::InsertPerRow(Transaction* transaction, int32_t value) {
  std::array<Pending<Result>, kFamilyRowsOfA> parents;
  for (size_t row = 0; row < parents.size(); ++row) {
    const NumberText data(value + static_cast<int32_t>(row) + 1);
    const char* a_value = data.digits;
    const Parameters a_parameters(&a_value, 1);
    Pending<Result> parent = co_await transaction->Send(insert_a_, a_parameters);
    parents[row] = parent;
  }
  absl::Status inserted = co_await transaction->Settle();
  if (!inserted.ok()) co_return inserted;
  std::array<IdText, kFamilyRowsOfA> ids;
  for (size_t row = 0; row < parents.size(); ++row) {
    if (!ids[row].Take(parents[row].Take())) co_return Unexpected("insert into a: not one id");
  }
  for (const int parent_index : kParentOfChild) {
    const char* b_value = ids[static_cast<size_t>(parent_index)].text;
    const Parameters b_parameters(&b_value, 1);
    co_await transaction->Send(insert_b_, b_parameters);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> FamilyWorkload::Read(Session* session, OperationTally* tally) {
  Transaction transaction(session);
  Transaction* const in_transaction = &transaction;
  const Parameters none;
  co_await transaction.Send(begin_, none);
  absl::Status status = co_await ReadRows(in_transaction, tally);
  if (!status.ok()) {
    co_await BringToRest(session);
  }
  co_return status;
}

Task<absl::Status> FamilyWorkload::ReadRows(Transaction* transaction, OperationTally* tally) {
  const Parameters none;
  auto parents = co_await transaction->Execute(select_a_, none);
  if (!parents.ok()) co_return parents.status();
  absl::Status status = FoldParents(*parents, tally);
  if (!status.ok()) co_return status;
  const int parent_count = parents->rows();
  if (parent_count == 0) {
    status = co_await transaction->Rollback(rollback_);
    co_return status;
  }
  if (parent_count > kParentsPerRead) co_return Unexpected("select from a: more than ten rows");

  // The first creates leave fewer than ten parents; the last one then stands in for the rest, which
  // selects the same rows.
  std::array<const char*, kParentsPerRead> ids;
  for (int i = 0; i < kParentsPerRead; ++i) {
    const int row = i < parent_count ? i : parent_count - 1;
    ids[static_cast<size_t>(i)] = parents->Text(row, 0).data();
  }
  const Parameters id_parameters(ids.data(), kParentsPerRead);
  Pending<Result> children = co_await transaction->Send(select_b_, id_parameters);
  status = co_await transaction->Rollback(rollback_);
  if (status.ok()) status = FoldChildren(children.Take(), tally);
  co_return status;
}

absl::Status FamilyWorkload::FoldParents(const Result& result, OperationTally* tally) const {
  for (int row = 0; row < result.rows(); ++row) {
    const auto id = result.Integer(row, 0);
    if (!id.has_value()) return Unexpected("select from a: an id that is not a number");
    RowChecksum checksum;
    checksum.AddInteger(*id);
    checksum.AddText(result.Text(row, 1));
    checksum.AddTimestamp(result.Text(row, 2));
    tally->rows_checksum += checksum.value();
  }
  tally->rows_read += result.rows();
  return absl::OkStatus();
}

absl::Status FamilyWorkload::FoldChildren(const Result& result, OperationTally* tally) const {
  for (int row = 0; row < result.rows(); ++row) {
    const auto a_id = result.Integer(row, 0);
    const auto id = result.Integer(row, 1);
    if (!a_id.has_value() || !id.has_value()) {
      return Unexpected("select from b: an id that is not a number");
    }
    RowChecksum checksum;
    checksum.AddInteger(*a_id);
    checksum.AddInteger(*id);
    checksum.AddText(result.Text(row, 2));
    tally->rows_checksum += checksum.value();
    if (options_.print_rows) {
      const std::string_view data = result.Text(row, 2);
      std::printf("%lld|%lld|%.*s\n", static_cast<long long>(*a_id), static_cast<long long>(*id),
                  static_cast<int>(data.size()), data.data());
    }
  }
  tally->rows_read += result.rows();
  return absl::OkStatus();
}

}  // namespace pgring
