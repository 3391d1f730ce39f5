#include "workload/script_workload.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "script/script_check.h"
#include "script/script_parser.h"
#include "workload/script_client.h"
#include "workload/script_protocol.h"

namespace pgring {
namespace {

class ScriptOperations final : public OperationSource {
 public:
  ScriptOperations(ScriptChooser chooser, uint64_t seed)
      : chooser_(std::move(chooser)), seed_(seed) {}
  Operation At(int64_t index) const override {
    if (chooser_.is_single()) return {0, 0, index};
    // Not the generator that the script's own numbers come from.
    RandomSource random(OperationSeed(~seed_, index));
    return {static_cast<uint8_t>(chooser_.Choose(&random)), 0, index};
  }

 private:
  const ScriptChooser chooser_;
  const uint64_t seed_;
};

}  // namespace

ScriptWorkload::ScriptWorkload(const ScriptOptions& options) : options_(options) {}
ScriptWorkload::~ScriptWorkload() = default;

absl::StatusOr<std::unique_ptr<ScriptWorkload>> ScriptWorkload::Make(const ScriptOptions& options) {
  std::unique_ptr<ScriptWorkload> workload(new ScriptWorkload(options));
  PGRING_RETURN_IF_ERROR(workload->DefineVariables());
  PGRING_RETURN_IF_ERROR(workload->Compile());
  PGRING_RETURN_IF_ERROR(workload->CheckVariables());
  return workload;
}

absl::Status ScriptWorkload::Compile() {
  std::vector<int64_t> weights;
  for (const ScriptText& source : options_.scripts) {
    absl::StatusOr<Script> script = ParseScript({source.name, source.text}, &symbols_);
    if (!script.ok()) return script.status();
    if (options_.mode.value_or(source.default_mode) != QueryMode::kSimple) {
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
std::vector<std::string> ScriptWorkload::PlannedSql() const {
  std::vector<std::string> texts;
  for (const std::vector<Statement>& statements : planned_) {
    for (const Statement& statement : statements) {
      if (!statement.sql.empty()) texts.push_back(statement.sql);
    }
  }
  return texts;
}

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

QueryMode ScriptWorkload::ModeOf(size_t script_index) const {
  return options_.mode.value_or(options_.scripts[script_index].default_mode);
}

// Of a simple script; one that was asked to be simple always does.
bool ScriptWorkload::SendsText(const Session& session) const {
  return options_.mode.has_value() || session.takes_text();
}

absl::Status ScriptWorkload::ExplainFailure(const ScriptClient& client, size_t script_index,
                                            size_t at, const absl::Status& status) const {
  if (client.sends_text) return status;
  return WithSimpleProtocolHint(
      status, scripts_[script_index].commands[at],
      options_.mode.has_value() ? ParameterReason::kAskedFor : ParameterReason::kPipelining);
}

void ScriptWorkload::StartRun() {
  recorder_.Clear();
  pipelined_simple_ = false;
}

std::vector<std::string> ScriptWorkload::Observations(BlockingSession*, const CommittedWork&) {
  if (!pipelined_simple_) return {};
  std::string names;
  for (size_t index = 0; index < scripts_.size(); ++index) {
    if (ModeOf(index) != QueryMode::kSimple) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", scripts_[index].name);
  }
  return {
      absl::StrCat("sent as prepared statements, because pipelining cannot use the simple "
                   "protocol: ",
                   names,
                   "; runs without pipelining send it as text (-M simple), so compare this one "
                   "with runs of -M prepared only")};
}

bool ScriptWorkload::AvoidPreparedStatements() {
  bool any = false;
  for (size_t index = 0; index < planned_.size(); ++index) {
    for (Statement& statement : planned_[index]) {
      if (statement.protocol != StatementProtocol::kPreparedOnUse) continue;
      statement.protocol = StatementProtocol::kExtended;
      any = any || ModeOf(index) != QueryMode::kSimple;
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
      statement.protocol = options_.mode == QueryMode::kExtended
                               ? StatementProtocol::kExtended
                               : StatementProtocol::kPreparedOnUse;
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

absl::Status ScriptWorkload::CheckVariables() {
  std::vector<VariableSlot> given = {client_id_};
  for (VariableSlot slot = 0; slot < symbols_.size(); ++slot) {
    if (initial_variables_.IsSet(slot)) given.push_back(slot);
  }
  std::vector<CheckedScript> checked;
  for (size_t index = 0; index < scripts_.size(); ++index) {
    const ScriptText& source = options_.scripts[index];
    if (source.weight == 0) continue;
    checked.push_back(
        {{source.name, source.text}, &scripts_[index], ModeOf(index) == QueryMode::kSimple});
  }
  ScriptFindings findings = CheckScripts(checked, given, symbols_);
  warnings_ = std::move(findings.warnings);
  return findings.error;
}

std::unique_ptr<ClientState> ScriptWorkload::MakeClient(int number, Pauses* pauses) {
  auto client = std::make_unique<ScriptClient>(initial_variables_, &symbols_, pauses);
  if (!client->variables.IsSet(client_id_)) {
    client->variables.SetValue(client_id_, Value::Integer(number));
  }
  return client;
}

std::unique_ptr<OperationSource> ScriptWorkload::MakeOperations() const {
  return std::make_unique<ScriptOperations>(*chooser_, options_.seed);
}

}  // namespace pgring
