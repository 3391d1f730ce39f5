// What a script costs the client apart from talking to the server: a \set, a variable bound to a
// parameter, a variable put into a text, the choice of a script.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "pgring/base/check.h"
#include "script/builtin_scripts.h"
#include "script/expression.h"
#include "script/script_list.h"
#include "script/script_parser.h"
#include "script/sql_text.h"

namespace pgring {
namespace {

// A script of its own, with one client's variables.
class OneClient {
 public:
  explicit OneClient(std::string_view text) {
    absl::StatusOr<Script> parsed = ParseScript({"benchmark.sql", text}, &symbols_);
    PGRING_CHECK(parsed.ok(), "the script of a benchmark does not parse");
    script_ = *std::move(parsed);
    context_.variables = &variables_;
    context_.random = &random_;
    context_.symbols = &symbols_;
    for (const char* name : {"scale", "default_seed"}) {
      const absl::StatusOr<VariableSlot> slot = symbols_.Intern(name);
      PGRING_CHECK(slot.ok(), "a new table of names refuses one");
      variables_.SetValue(*slot, Value::Integer(100));
    }
    for (const Command& command : script_.commands) Set(command);
  }

  void Set(const Command& command) {
    if (command.kind != CommandKind::kSet) return;
    Value value;
    const absl::Status status = Evaluate(command.expression, &context_, &value);
    PGRING_CHECK(status.ok(), "the expression of a benchmark fails");
    variables_.SetValue(command.variable, value);
  }

  const Script& script() const { return script_; }
  VariableStore* variables() { return &variables_; }

 private:
  SymbolTable symbols_;
  Script script_;
  VariableStore variables_;
  RandomSource random_{42};
  EvaluationContext context_;
};

void BmSet(benchmark::State& state, const char* expression) {
  OneClient client(std::string("\\set other 4711\n\\set x ") + expression + "\n");
  const Command& command = client.script().commands[1];
  for (auto _ : state) client.Set(command);
}
BENCHMARK_CAPTURE(BmSet, constant, "1");
BENCHMARK_CAPTURE(BmSet, arithmetic, ":other * 3 + 1");
BENCHMARK_CAPTURE(BmSet, random, "random(1, 100000 * :scale)");
BENCHMARK_CAPTURE(BmSet, zipfian, "random_zipfian(1, 100000 * :scale, 1.2)");
BENCHMARK_CAPTURE(BmSet, hash, "abs(hash(:other)) % 1000");

// A new value each time, so that its text is made each time, as an operation does.
void BmBindVariable(benchmark::State& state) {
  OneClient client("\\set x 1\nSELECT :x;\n");
  const VariableSlot slot = client.script().commands[1].sql.parameters[0];
  int64_t number = 1'000'000;
  for (auto _ : state) {
    client.variables()->SetValue(slot, Value::Integer(++number));
    benchmark::DoNotOptimize(client.variables()->FindText(slot)->c_str());
  }
}
BENCHMARK(BmBindVariable);

// The simple protocol: the whole text of select-only's statement.
void BmSubstituteVariable(benchmark::State& state) {
  OneClient client("\\set aid 1\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n");
  const SqlCommand& sql = client.script().commands[1].sql;
  std::string text;
  for (auto _ : state) {
    SubstituteVariables(sql.text, sql.references, client.variables(), &text);
    benchmark::DoNotOptimize(text.data());
  }
}
BENCHMARK(BmSubstituteVariable);

void BmChooseAmongThreeScripts(benchmark::State& state) {
  const absl::StatusOr<ScriptChooser> chooser = ScriptChooser::Make({5, 3, 2});
  PGRING_CHECK(chooser.ok(), "these weights are good");
  RandomSource random(42);
  for (auto _ : state) benchmark::DoNotOptimize(chooser->Choose(&random));
}
BENCHMARK(BmChooseAmongThreeScripts);

// Once for each run, to be seen beside the rest.
void BmParseTpcbLike(benchmark::State& state) {
  const absl::StatusOr<const BuiltinScript*> builtin = FindBuiltinScript("tpcb-like");
  PGRING_CHECK(builtin.ok(), "tpcb-like is built in");
  for (auto _ : state) {
    SymbolTable symbols;
    absl::StatusOr<Script> script = ParseScript({"tpcb-like", (*builtin)->text}, &symbols);
    benchmark::DoNotOptimize(script);
  }
}
BENCHMARK(BmParseTpcbLike);

}  // namespace
}  // namespace pgring

BENCHMARK_MAIN();
