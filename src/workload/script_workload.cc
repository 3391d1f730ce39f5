#include "workload/script_workload.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "script/script_parser.h"
#include "workload/script_client.h"

namespace pgring {
namespace {

class ScriptOperations final : public OperationSource {
 public:
  ScriptOperations(ScriptChooser chooser, uint64_t seed)
      : chooser_(std::move(chooser)), seed_(seed) {}
  Operation At(int64_t index) const override {
    // Not the generator that the script's own numbers come from.
    RandomSource random(OperationSeed(~seed_, index));
    return {static_cast<uint8_t>(chooser_.Choose(&random)), 0, index};
  }

 private:
  const ScriptChooser chooser_;
  const uint64_t seed_;
};

StatementProtocol ProtocolOf(QueryMode mode) {
  switch (mode) {
    case QueryMode::kSimple:
      return StatementProtocol::kSimple;
    case QueryMode::kExtended:
      return StatementProtocol::kExtended;
    case QueryMode::kPrepared:
      break;
  }
  return StatementProtocol::kPreparedOnUse;
}

}  // namespace

ScriptWorkload::ScriptWorkload(const ScriptOptions& options) : options_(options) {}
ScriptWorkload::~ScriptWorkload() = default;

absl::StatusOr<std::unique_ptr<ScriptWorkload>> ScriptWorkload::Make(const ScriptOptions& options) {
  std::unique_ptr<ScriptWorkload> workload(new ScriptWorkload(options));
  PGRING_RETURN_IF_ERROR(workload->Compile());
  PGRING_RETURN_IF_ERROR(workload->DefineVariables());
  return workload;
}

absl::Status ScriptWorkload::Compile() {
  std::vector<int64_t> weights;
  for (const ScriptText& source : options_.scripts) {
    absl::StatusOr<Script> script = ParseScript({source.name, source.text}, &symbols_);
    if (!script.ok()) return script.status();
    if (options_.mode != QueryMode::kSimple) {
      PGRING_RETURN_IF_ERROR(CheckExtendedProtocol(*script));
    }
    weights.push_back(source.weight);
    kinds_.push_back(KindName(source.name));
    scripts_.push_back(*std::move(script));
  }
  absl::StatusOr<ScriptChooser> chooser = ScriptChooser::Make(std::move(weights));
  if (!chooser.ok()) return chooser.status();
  chooser_ = *std::move(chooser);
  for (const Script& script : scripts_) PlanStatements(script);
  if (options_.record_commands) PlaceCommands();
  return absl::OkStatus();
}

// The same file may be given twice, with two weights; the two are different kinds.
std::string ScriptWorkload::KindName(const std::string& script) const {
  std::string name = script;
  for (int number = 2; std::find(kinds_.begin(), kinds_.end(), name) != kinds_.end(); ++number) {
    name = absl::StrCat(script, " (", number, ")");
  }
  return name;
}

void ScriptWorkload::PlaceCommands() {
  for (size_t index = 0; index < scripts_.size(); ++index) {
    std::vector<size_t>& places = recorder_places_.emplace_back();
    for (const Command& command : scripts_[index].commands) {
      places.push_back(recorder_.Add(kinds_[index], command.first_line));
    }
  }
}

bool ScriptWorkload::AvoidPreparedStatements() {
  bool any = false;
  for (std::vector<Statement>& statements : planned_) {
    for (Statement& statement : statements) {
      if (statement.protocol == StatementProtocol::kPreparedOnUse) {
        statement.protocol = StatementProtocol::kExtended;
        any = true;
      }
    }
  }
  return any;
}

void ScriptWorkload::PlanStatements(const Script& script) {
  size_t number = 0;
  for (const std::vector<Statement>& statements : planned_) number += statements.size();
  std::vector<Statement>& planned = planned_.emplace_back();
  for (const Command& command : script.commands) {
    Statement statement;
    if (command.kind == CommandKind::kSql) {
      statement.name = absl::StrCat("pgring_", number);
      statement.sql = command.sql.parameterized_text;
      statement.parameter_count = static_cast<int>(command.sql.parameters.size());
      statement.protocol = ProtocolOf(options_.mode);
      statement.number = number;
    }
    planned.push_back(std::move(statement));
    ++number;
  }
}

absl::Status ScriptWorkload::SetVariable(const std::string& name, Value value) {
  absl::StatusOr<VariableSlot> slot = symbols_.Intern(name);
  if (!slot.ok()) return slot.status();
  if (!initial_variables_.IsSet(*slot)) initial_variables_.SetValue(*slot, value);
  return absl::OkStatus();
}

absl::Status ScriptWorkload::DefineVariables() {
  for (const auto& [name, text] : options_.variables) {
    absl::StatusOr<VariableSlot> slot = symbols_.Intern(name);
    if (!slot.ok()) return slot.status();
    initial_variables_.SetText(*slot, text);
  }
  const RunGenerators generators = MakeRunGenerators(options_.seed, 1, 1, false);
  PGRING_RETURN_IF_ERROR(SetVariable("default_seed", Value::Integer(generators.default_seed)));
  PGRING_RETURN_IF_ERROR(
      SetVariable("random_seed", Value::Integer(static_cast<int64_t>(options_.seed))));
  absl::StatusOr<VariableSlot> scale = symbols_.Intern("scale");
  if (!scale.ok()) return scale.status();
  scale_ = *scale;
  scale_given_ = initial_variables_.IsSet(scale_);
  PGRING_RETURN_IF_ERROR(SetVariable("scale", Value::Integer(options_.scale.value_or(1))));
  absl::StatusOr<VariableSlot> client_id = symbols_.Intern("client_id");
  if (!client_id.ok()) return client_id.status();
  client_id_ = *client_id;
  return absl::OkStatus();
}

std::unique_ptr<ClientState> ScriptWorkload::MakeClient(int number) {
  auto client = std::make_unique<ScriptClient>(initial_variables_, &symbols_);
  if (!client->variables.IsSet(client_id_)) {
    client->variables.SetValue(client_id_, Value::Integer(number));
  }
  return client;
}

std::unique_ptr<OperationSource> ScriptWorkload::MakeOperations() const {
  return std::make_unique<ScriptOperations>(*chooser_, options_.seed);
}

}  // namespace pgring
