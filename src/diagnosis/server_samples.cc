#include "diagnosis/server_samples.h"

#include <numeric>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pgring/base/archive.h"
#include "pgring/base/check.h"

namespace pgring {
namespace {

auto AsTuple(const WaitKey& key) {
  return std::tie(key.state, key.wait_event_type, key.wait_event, key.query_id);
}

}  // namespace

std::string CreateIndexSql(const std::string& table, const std::vector<std::string>& columns) {
  return absl::StrCat("CREATE INDEX ON ", table, " (", absl::StrJoin(columns, ", "), ")");
}

bool operator<(const WaitKey& left, const WaitKey& right) { return AsTuple(left) < AsTuple(right); }
bool operator==(const WaitKey& left, const WaitKey& right) {
  return AsTuple(left) == AsTuple(right);
}

void SampleTally::Add(const SampledSessions& sample) {
  ++samples_;
  ++block_.samples;
  bool sees_class = false;
  for (const auto& [key, sessions] : sample) {
    counts_[key] += sessions;
    const WaitClass seen = ClassifyWait(key.state, key.wait_event_type, key.wait_event);
    if (seen != WaitClass::kUndecided) {
      block_.classes[static_cast<size_t>(seen)] += sessions;
      sees_class = true;
    }
    if (IsActiveState(key.state)) block_.active += sessions;
    if (IsIdleInTransaction(key.state)) block_.idle_in_transaction += sessions;
  }
  if (sees_class) ++samples_with_sessions_;
  if (block_.samples == kSamplesInBlock) Finish();
}

void SampleTally::Finish() {
  if (block_.samples == 0) return;
  const int64_t all = std::accumulate(block_.classes.begin(), block_.classes.end(), int64_t{0});
  for (size_t place = 0; place < classes_.size(); ++place) {
    classes_[place].AddBlock(block_.classes[place], all);
  }
  total_.AddBlock(block_.active + block_.idle_in_transaction, block_.samples);
  active_.AddBlock(block_.active, block_.samples);
  idle_in_transaction_.AddBlock(block_.idle_in_transaction, block_.samples);
  block_ = Block();
}

void SampleTally::Add(const SampleTally& other) {
  PGRING_CHECK(block_.samples == 0 && other.block_.samples == 0, "a block is not closed");
  samples_ += other.samples_;
  samples_with_sessions_ += other.samples_with_sessions_;
  for (const auto& [key, sessions] : other.counts_) counts_[key] += sessions;
  for (size_t place = 0; place < classes_.size(); ++place) {
    classes_[place].Add(other.classes_[place]);
  }
  total_.Add(other.total_);
  active_.Add(other.active_);
  idle_in_transaction_.Add(other.idle_in_transaction_);
}

bool operator==(const SampleTally& left, const SampleTally& right) {
  return left.samples_ == right.samples_ &&
         left.samples_with_sessions_ == right.samples_with_sessions_ &&
         left.counts_ == right.counts_ && left.classes_ == right.classes_ &&
         left.total_ == right.total_ && left.active_ == right.active_ &&
         left.idle_in_transaction_ == right.idle_in_transaction_;
}

void SamplerCost::Add(const SamplerCost& other) {
  queries += other.queries;
  server_s += other.server_s;
  user_s += other.user_s;
  system_s += other.system_s;
  span_s += other.span_s;
}

void TableActivity::Add(const TableActivity& other) {
  sequential_scans += other.sequential_scans;
  sequential_tuples += other.sequential_tuples;
  index_scans += other.index_scans;
  index_tuples += other.index_tuples;
}

void ServerSamples::Add(const ServerSamples& other) {
  measured.Add(other.measured);
  whole.Add(other.whole);
  whole_cost.Add(other.whole_cost);
  for (const auto& [name, difference] : other.counters) counters[name] += difference;
  for (const auto& [name, activity] : other.tables) tables[name].Add(activity);
  for (const auto& [lock, count] : other.locks) locks[lock] += count;
  hidden_rows += other.hidden_rows;
  other_active += other.other_active;
  behind_pooler = behind_pooler || other.behind_pooler;
  cost.Add(other.cost);
  // Of the same statements and tables: the first ones stand for all.
  if (scans.empty()) scans = other.scans;
  if (foreign_keys.empty()) foreign_keys = other.foreign_keys;
}

void Archived(Archive* archive, WaitKey* key) {
  archive->Fields(&key->state, &key->wait_event_type, &key->wait_event, &key->query_id);
}

void Archived(Archive* archive, SampleTally* tally) {
  archive->Fields(&tally->samples_, &tally->samples_with_sessions_, &tally->counts_,
                  &tally->classes_, &tally->total_, &tally->active_, &tally->idle_in_transaction_);
}

void Archived(Archive* archive, SamplerCost* cost) {
  archive->Fields(&cost->queries, &cost->server_s, &cost->user_s, &cost->system_s, &cost->span_s);
}

void Archived(Archive* archive, TableActivity* activity) {
  archive->Fields(&activity->sequential_scans, &activity->sequential_tuples, &activity->index_scans,
                  &activity->index_tuples);
}

void Archived(Archive* archive, ScanningStatement* statement) {
  archive->Fields(&statement->sql, &statement->filter, &statement->columns);
}

void Archived(Archive* archive, ScanFinding* finding) {
  archive->Fields(&finding->table, &finding->scans, &finding->tuples, &finding->share,
                  &finding->statements, &finding->index_sql);
}

void Archived(Archive* archive, ForeignKeyFinding* finding) {
  archive->Fields(&finding->name, &finding->table, &finding->referenced_table, &finding->columns,
                  &finding->index_sql);
}

void Archived(Archive* archive, ServerSamples* samples) {
  archive->Fields(&samples->measured, &samples->whole, &samples->whole_cost, &samples->counters,
                  &samples->tables, &samples->locks, &samples->hidden_rows, &samples->other_active,
                  &samples->behind_pooler, &samples->cost, &samples->scans, &samples->foreign_keys);
}

std::optional<double> ServerSamples::Counter(const std::string& name) const {
  const auto found = counters.find(name);
  if (found == counters.end()) return std::nullopt;
  return found->second;
}

}  // namespace pgring
