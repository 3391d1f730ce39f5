#include "support/simulated_family.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pgring {

SimulatedFamily::SimulatedFamily(int parents) {
  rows_["insert_a(3)"] = {{"1"}, {"2"}, {"3"}};
  rows_["insert_b(5)"] = {{"1"}, {"2"}, {"3"}, {"4"}, {"5"}};
  rows_["insert_a(1)"] = {{"1", "2026-11-22 13:57:26.123456"}};
  rows_["insert_b(1)"] = {{"1"}};
  SimulatedRows& a = rows_["select_a"];
  SimulatedRows& b = rows_["select_b"];
  for (int parent = 1; parent <= parents; ++parent) {
    const std::string id = std::to_string(parent);
    a.push_back({id, std::to_string(1'000 + parent), "2026-11-22 13:57:26.123456"});
    b.push_back({id, std::to_string(2 * parent - 1), ""});
    b.push_back({id, std::to_string(2 * parent), ""});
  }
}

SimulatedAnswer SimulatedFamily::Answer(const Statement& statement, Parameters parameters) {
  if (log_ != nullptr) {
    const std::vector<std::string> values(parameters.values, parameters.values + parameters.count);
    log_->push_back(values.empty()
                        ? statement.name
                        : absl::StrCat(statement.name, "(", absl::StrJoin(values, ","), ")"));
  }
  SimulatedAnswer answer;
  answer.service_ns = service_ns_;
  const auto failure = failures_.find(statement.name);
  if (failure != failures_.end()) answer.status = failure->second;
  // Both styles have an insert_a and an insert_b: their parameters tell them apart. Looking one up
  // must not allocate.
  auto rows = rows_.find(statement.name);
  if (rows == rows_.end() && statement.name.rfind("insert_", 0) == 0) {
    const bool is_a = statement.name == "insert_a";
    const char* name = is_a ? "insert_a(1)" : "insert_b(1)";
    if (parameters.count > 1) name = is_a ? "insert_a(3)" : "insert_b(5)";
    rows = rows_.find(name);
  }
  if (rows != rows_.end()) answer.rows = &rows->second;
  answer.command_tag = statement.name == "commit" ? std::string_view(commit_tag_) : "SIMULATED";
  return answer;
}

}  // namespace pgring
