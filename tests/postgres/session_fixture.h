// One session to the test program's server, of each kind (see session_sides.h): connect, execute,
// close. At its end nothing of it may be left, neither in the kernel nor as an open descriptor.
#ifndef PGRING_TESTS_POSTGRES_SESSION_FIXTURE_H_
#define PGRING_TESTS_POSTGRES_SESSION_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pgring/base/status.h"
#include "session_sides.h"
#include "support/execute_task.h"
#include "support/server_environment.h"

namespace pgring {

using SessionSides =
    ::testing::Types<ReactorSide, CompletionSide, LoneCompletionSide, BlockingSide>;

struct SideNames {
  template <typename Side>
  static std::string GetName(int) {
    if (std::is_same_v<Side, BlockingSide>) return "Blocking";
    if (std::is_same_v<Side, LoneCompletionSide>) return "LoneCompletion";
    return std::is_same_v<Side, CompletionSide> ? "Completion" : "Readiness";
  }
};

inline ConnectionParameters ParametersOf(const std::string& conninfo) {
  ConnectionTarget target;
  target.database = conninfo;
  return *ConnectionParameters::Resolve(target);
}

template <typename Side>
class SessionFixture : public ::testing::Test {
 protected:
  ~SessionFixture() override {
    if (session_ != nullptr) Close();
    EXPECT_EQ(side_.in_flight(), 0u) << "the kernel still works on a closed session";
    EXPECT_EQ(CountDescriptors(), descriptors_before_) << "a descriptor was leaked";
  }

  absl::Status Connect(const ConnectionParameters& parameters) {
    if (session_ != nullptr) Close();
    parameters_ = parameters;
    session_ = side_.Make(&parameters_, &statements_);
    return side_.Connect(session_.get());
  }
  void Close() {
    side_.Close(session_.get());
    session_.reset();
  }

  void AddStatement(const std::string& name, const std::string& sql, int parameters = 0,
                    StatementProtocol protocol = StatementProtocol::kPrepared) {
    statements_.push_back({name, sql, parameters, protocol});
  }
  absl::StatusOr<Result> Execute(size_t statement, const std::vector<const char*>& values = {}) {
    const Parameters parameters(values.data(), static_cast<int>(values.size()));
    return side_.Run(ExecuteTask(session_.get(), &statements_[statement], parameters));
  }
  // The first value, else the failure's code.
  std::string Value(size_t statement, const std::vector<const char*>& values = {}) {
    const absl::StatusOr<Result> result = Execute(statement, values);
    if (!result.ok()) return FailureCode(result.status());
    return result->rows() == 0 ? "no row" : std::string(result->Text(0, 0));
  }

  Side side_;
  const int descriptors_before_ = CountDescriptors();
  ConnectionParameters parameters_;
  std::vector<Statement> statements_;
  decltype(std::declval<Side>().Make(nullptr, nullptr)) session_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_POSTGRES_SESSION_FIXTURE_H_
