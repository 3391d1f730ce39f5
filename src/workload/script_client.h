// One client of a script workload: its variables, its random numbers, and the memory that running a
// script uses again and again.
#ifndef PGRING_WORKLOAD_SCRIPT_CLIENT_H_
#define PGRING_WORKLOAD_SCRIPT_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgring/postgres/statement.h"
#include "script/expression.h"
#include "workload/workload.h"

namespace pgring {

// Of one operation's random numbers: spreads the operations over all seeds (the finalizer of
// splitmix64).
inline uint64_t OperationSeed(uint64_t seed, int64_t index) {
  uint64_t mixed = seed + 0x9e3779b97f4a7c15u * (static_cast<uint64_t>(index) + 1);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

class ScriptClient final : public ClientState {
 public:
  ScriptClient(const VariableStore& initial, const SymbolTable* symbols, Pauses* client_pauses)
      : random(0), pauses(client_pauses) {
    variables.CopyFrom(initial);
    context.variables = &variables;
    context.random = &random;
    context.symbols = symbols;
  }
  ScriptClient(const ScriptClient&) = delete;
  ScriptClient& operator=(const ScriptClient&) = delete;

  // Keeps what the operation may change, or brings it back for another attempt.
  void Begin(uint64_t operation_seed) {
    // A script without \set changes none.
    const bool changed = variables.TakeChanged();
    if (changed && retries_) {
      variables.CopyFrom(variables_before_);
      variables.TakeChanged();
    } else if (changed) {
      variables_before_.CopyFrom(variables);
    }
    retries_ = false;
    failed_place_.reset();
    random = RandomSource(operation_seed);
  }

  void PrepareRetry() override {
    retries_ = true;
    if (failed_place_.has_value()) recorder_->Retried(*failed_place_);
  }
  // Where the recorder has counted the attempt's failure.
  void NoteFailure(CommandRecorder* recorder, size_t place) {
    recorder_ = recorder;
    failed_place_ = place;
  }
  bool aborted() const override { return aborted_; }
  void Abort() { aborted_ = true; }

  // The error that comes is not the current command's but this one's.
  void BlameCommand(size_t command) { blamed_ = command; }
  size_t TakeBlamedCommand(size_t current) {
    return std::exchange(blamed_, std::nullopt).value_or(current);
  }

  VariableStore variables;
  RandomSource random;
  EvaluationContext context;
  std::vector<const char*> parameters;
  Pauses* const pauses;
  std::vector<size_t> unanswered;  // commands whose statements have been sent, in order
  bool sends_text = false;         // the script that runs uses the simple protocol
  Statement simple;                // the text of the statement in flight, of the simple protocol
  std::string line;                // of \\shell
  std::string output;              // of \\setshell
  std::string name;                // of a variable that \\gset makes

 private:
  VariableStore variables_before_;
  std::optional<size_t> blamed_;
  CommandRecorder* recorder_ = nullptr;
  std::optional<size_t> failed_place_;
  bool retries_ = false;
  bool aborted_ = false;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_SCRIPT_CLIENT_H_
