// What the server's sessions did during a run, and why: a part of result.json.
#include <utility>

#include "report/json_values.h"
#include "report/server_cause.h"

namespace pgring {
namespace {

const char* CheckName(SampleCheck check) {
  switch (check) {
    case SampleCheck::kAgrees:
      return "agrees";
    case SampleCheck::kDisagrees:
      return "disagrees";
    case SampleCheck::kNotPossible:
      return "not_possible";
  }
  return "";
}

Json CauseJson(const Cause& cause) {
  Json classes = Json::array();
  for (const ClassShare& share : cause.shares) {
    classes.push_back({{"class", WaitClassName(share.wait_class)},
                       {"share", share.share},
                       {"interval", {share.interval.low, share.interval.high}}});
  }
  const Json named = cause.named.has_value() ? Json(WaitClassName(*cause.named)) : Json();
  return {{"class", named},
          {"few_at_work", cause.few_at_work},
          {"trusted", cause.is_trusted},
          {"summary", TextOrNull(cause.summary)},
          {"advice", TextOrNull(cause.advice)},
          {"check", CheckName(cause.check)},
          {"check_text", TextOrNull(cause.check_text)},
          {"classes", std::move(classes)}};
}

Json WaitsJson(const SampledSessions& counts) {
  Json waits = Json::array();
  for (const auto& [key, sessions] : counts) {
    waits.push_back({{"state", key.state},
                     {"type", TextOrNull(key.wait_event_type)},
                     {"event", TextOrNull(key.wait_event)},
                     // A string: see rows_checksum.
                     {"query_id", key.query_id ? Json(std::to_string(*key.query_id)) : Json()},
                     {"sessions", sessions}});
  }
  return waits;
}

Json TablesJson(const std::map<std::string, TableActivity>& tables) {
  Json json = Json::object();
  for (const auto& [name, activity] : tables) {
    if (activity.sequential_scans == 0 && activity.index_scans == 0) continue;
    json[name] = {{"sequential_scans", activity.sequential_scans},
                  {"sequential_tuples", activity.sequential_tuples},
                  {"index_scans", activity.index_scans},
                  {"index_tuples", activity.index_tuples}};
  }
  return json;
}

Json ScansJson(const std::vector<ScanFinding>& scans) {
  Json json = Json::array();
  for (const ScanFinding& scan : scans) {
    Json statements = Json::array();
    for (const ScanningStatement& statement : scan.statements) {
      statements.push_back({{"sql", statement.sql},
                            {"filter", TextOrNull(statement.filter)},
                            {"columns", statement.columns}});
    }
    json.push_back({{"table", scan.table},
                    {"scans", scan.scans},
                    {"tuples", scan.tuples},
                    {"share", scan.share},
                    {"statements", std::move(statements)},
                    {"index", TextOrNull(scan.index_sql)}});
  }
  return json;
}

Json ForeignKeysJson(const std::vector<ForeignKeyFinding>& keys) {
  Json json = Json::array();
  for (const ForeignKeyFinding& key : keys) {
    json.push_back({{"name", key.name},
                    {"table", key.table},
                    {"referenced_table", key.referenced_table},
                    {"columns", key.columns},
                    {"index", key.index_sql}});
  }
  return json;
}

}  // namespace

Json ServerSamplesJson(const Run& run) {
  if (!run.server_samples.has_value()) return Json();
  const ServerSamples& samples = *run.server_samples;
  const Cause cause = CauseOfRun(run);
  Json counters = Json::object();
  for (const auto& [name, difference] : samples.counters) counters[name] = difference;
  Json locks = Json::array();
  for (const auto& [lock, count] : samples.locks) {
    locks.push_back({{"kind", lock.first}, {"table", lock.second}, {"count", count}});
  }
  return {{"samples", samples.measured.samples()},
          {"sessions", samples.measured.sessions()},
          {"active", cause.active},
          {"idle_in_transaction", cause.idle_in_transaction},
          {"cause", CauseJson(cause)},
          {"waits", WaitsJson(samples.measured.counts())},
          {"counters", std::move(counters)},
          {"tables", TablesJson(samples.tables)},
          {"locks", std::move(locks)},
          {"hidden_rows", samples.hidden_rows},
          {"other_active", samples.other_active},
          {"scans", ScansJson(samples.scans)},
          {"foreign_keys", ForeignKeysJson(samples.foreign_keys)},
          {"cost",
           {{"looks", samples.cost.queries},
            {"server_s", samples.cost.server_s},
            {"client_s", samples.cost.user_s + samples.cost.system_s},
            {"span_s", samples.cost.span_s}}}};
}

}  // namespace pgring
