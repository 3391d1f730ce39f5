// The simulated server's answers to the statements of FamilyWorkload, in both statement styles.
#ifndef PGRING_TESTS_SUPPORT_SIMULATED_FAMILY_H_
#define PGRING_TESTS_SUPPORT_SIMULATED_FAMILY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/simulated_session.h"

namespace pgring {

class SimulatedFamily {
 public:
  // Reads find `parents` rows of a and two children of each.
  explicit SimulatedFamily(int parents = 10);

  void set_service_ns(int64_t service_ns) { service_ns_ = service_ns; }
  // Every statement is written down: "insert_a(2,3,4)".
  void set_log(std::vector<std::string>* log) { log_ = log; }
  // Executions of this statement end like that.
  void Fail(const std::string& statement, const absl::Status& status) {
    failures_[statement] = status;
  }
  // Replaces what this statement gives.
  void SetRows(const std::string& statement, const SimulatedRows& rows) { rows_[statement] = rows; }
  void set_commit_tag(const std::string& tag) { commit_tag_ = tag; }

  SimulatedAnswer Answer(const Statement& statement, Parameters parameters);

 private:
  int64_t service_ns_ = 0;
  std::vector<std::string>* log_ = nullptr;
  std::map<std::string, absl::Status> failures_;
  std::map<std::string, SimulatedRows> rows_;
  std::string commit_tag_ = "COMMIT";
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_SIMULATED_FAMILY_H_
