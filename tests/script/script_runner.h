// Runs scripts without a server, for tests: meta commands are evaluated, SQL commands passed by.
#ifndef PGRING_TESTS_SCRIPT_SCRIPT_RUNNER_H_
#define PGRING_TESTS_SCRIPT_SCRIPT_RUNNER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "script/expression.h"
#include "script/random_source.h"
#include "script/script.h"
#include "script/variables.h"

namespace pgring {

// One client with its variables and generator, as `pgbench -c 1 --random-seed=SEED` sets them up.
class ScriptRunner {
 public:
  using Definitions = std::vector<std::pair<std::string, std::string>>;

  // `definitions`: what -D sets.
  explicit ScriptRunner(uint64_t random_seed, const Definitions& definitions = {});
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;

  absl::StatusOr<Script> Parse(std::string_view text);

  // One transaction: until its end, or a run-time error, or kMaxSteps. The SQL commands passed, as
  // the simple protocol would send them, are added to sent().
  absl::Status Run(const Script& script, int script_number = 0);

  // "int 5", "null"; "error: ..." for static errors (their first line) and run-time errors.
  std::string Value(std::string_view expression);

  SymbolTable& symbols() { return symbols_; }
  VariableStore& variables() { return variables_; }
  RunGenerators& generators() { return generators_; }
  EvaluationContext& context() { return context_; }
  std::vector<std::string>& debug_lines() { return sink_.lines; }
  std::vector<std::string>& sent() { return sent_; }

 private:
  static constexpr int kMaxSteps = 100'000;

  class Sink final : public DebugSink {
   public:
    void Write(std::string_view line) override { lines.emplace_back(line); }
    std::vector<std::string> lines;
  };

  void Define(const std::string& name, class Value value);
  absl::Status RunCommand(const Command& command, bool* condition);

  SymbolTable symbols_;
  VariableStore variables_;
  RunGenerators generators_;
  Sink sink_;
  EvaluationContext context_;
  std::vector<std::string> sent_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SCRIPT_SCRIPT_RUNNER_H_
