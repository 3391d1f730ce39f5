// Running a script, command by command: the part of script_workload.h that happens once for every
// operation.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "pgring/base/clock.h"
#include "pgring/base/error_details.h"
#include "pgring/base/status.h"
#include "workload/script_client.h"
#include "workload/script_workload.h"
#include "workload/shell.h"

namespace pgring {
namespace {

// As opposed to a cause of our own, which has small letters.
bool IsSqlState(std::string_view code) {
  return code.size() == 5 && std::all_of(code.begin(), code.end(), [](char character) {
           return absl::ascii_isdigit(static_cast<unsigned char>(character)) ||
                  absl::ascii_isupper(static_cast<unsigned char>(character));
         });
}

constexpr std::string_view kCauseScript = "script";

// `at` is the number that pgbench gives the command in its messages.
absl::Status ScriptFailure(const Script& script, size_t at, const absl::Status& status) {
  // Without a code of its own it is neither the server's nor the connection's.
  const bool has_code = FailureCode(status) != absl::StatusCodeToString(status.code());
  absl::Status detailed = has_code ? status : WithFailureCode(status, kCauseScript);
  detailed = WithFullMessage(std::move(detailed), FullMessage(status));
  const int line = script.commands[at].line;
  detailed = WithScriptPosition(
      std::move(detailed), absl::StrCat("command ", at, " (line ", line, ") of ", script.name));
  return Annotate(detailed, absl::StrCat(script.name, ", line ", line));
}

absl::Status NotInPipeline() { return absl::InvalidArgumentError("not in pipeline mode"); }

bool EndsTransaction(const SqlCommand& sql) {
  return sql.first_word == "COMMIT" || sql.first_word == "END";
}

// Whether the command is over at once.
bool IsImmediate(CommandKind kind) {
  switch (kind) {
    case CommandKind::kSet:
    case CommandKind::kIf:
    case CommandKind::kElif:
    case CommandKind::kElse:
    case CommandKind::kEndif:
      return true;
    default:
      return false;
  }
}

}  // namespace

Task<absl::Status> ScriptWorkload::Run(Session* session, ClientState* state, Operation operation,
                                       OperationTally* tally) {
  auto* client = static_cast<ScriptClient*>(state);
  client->Begin(OperationSeed(options_.seed, operation.index));
  const size_t script_index = operation.kind;
  const Script& script = scripts_[script_index];
  client->context.script_number = static_cast<int>(script_index);
  const bool is_simple = ModeOf(script_index) == QueryMode::kSimple;
  client->sends_text = is_simple && SendsText(*session);
  if (is_simple && !client->sends_text) pipelined_simple_.store(true, std::memory_order_relaxed);
  const bool records = options_.record_commands && !operation.warms_up();
  client->unanswered.clear();
  Transaction transaction(session);
  Transaction* const in_transaction = &transaction;
  absl::Status status;
  size_t at = script.first;
  while (status.ok() && at != script.end()) {
    const Command& command = script.commands[at];
    client->context.command_number = static_cast<int>(at) + 1;
    const int64_t started_ns = records ? SteadyClock::Get()->NowNs() : 0;
    size_t next = command.next;
    if (command.kind == CommandKind::kSql) {
      const Statement* statement = StatementToSend(client, script_index, at);
      const Parameters parameters(client->parameters.data(),
                                  static_cast<int>(client->parameters.size()));
      if (session->in_pipeline()) {
        status = QueueInPipeline(session, command.sql, *statement, parameters);
      } else {
        client->unanswered.push_back(at);
        const AnswerNeeded needed = command.sql.result_use == ResultUse::kIgnored
                                        ? AnswerNeeded::kLater
                                        : AnswerNeeded::kNow;
        co_await transaction.Send(statement, parameters, needed);
        if (transaction.is_answered()) {
          status =
              EndStatements(&transaction, client, script_index, transaction.TakeStatus(), tally);
        }
      }
    } else if (IsImmediate(command.kind)) {
      status = RunImmediate(client, command, &next);
    } else {
      status = co_await RunWaiting(in_transaction, client, script_index, at, tally);
    }
    if (status.ok() && next == script.end() && !transaction.is_answered()) {
      status = co_await Settle(in_transaction, client, script_index, tally);
    }
    if (records || !status.ok()) {
      status = EndCommand(*session, client, script_index, at, status, started_ns);
    }
    at = next;
  }
  const bool is_complete =
      session->at_rest() || (!session->in_transaction() && !session->in_pipeline());
  if (status.ok() && is_complete) co_return status;
  absl::Status ended = co_await EndOperation(session, client, status);
  co_return ended;
}

// Of a command that is recorded, which began at `started_ns`, or of one that failed.
absl::Status ScriptWorkload::EndCommand(const Session& session, ScriptClient* client,
                                        size_t script_index, size_t at, const absl::Status& status,
                                        int64_t started_ns) {
  const size_t blamed = status.ok() ? at : client->TakeBlamedCommand(at);
  if (started_ns != 0) {
    RecordCommand(session, client, script_index, blamed, status,
                  SteadyClock::Get()->NowNs() - started_ns);
  }
  if (status.ok()) return status;
  return ScriptFailure(scripts_[script_index], blamed,
                       ExplainFailure(*client, script_index, blamed, status));
}

void ScriptWorkload::RecordCommand(const Session& session, ScriptClient* client,
                                   size_t script_index, size_t at, const absl::Status& status,
                                   int64_t duration_ns) {
  const size_t place = recorder_places_[script_index][at];
  if (!status.ok()) {
    recorder_.Failed(place);
    client->NoteFailure(&recorder_, place);
    return;
  }
  const bool has_left_with_others = !client->unanswered.empty() && client->unanswered.back() == at;
  const bool is_sql = scripts_[script_index].commands[at].kind == CommandKind::kSql;
  if (is_sql && (session.in_pipeline() || has_left_with_others)) {
    recorder_.LeftInPipeline(place);
  } else {
    recorder_.Succeeded(place, duration_ns);
  }
}

// After an error, or at the end of a script that has left its transaction open.
Task<absl::Status> ScriptWorkload::EndOperation(Session* session, ScriptClient* client,
                                                absl::Status status) {
  if (status.ok()) {
    status = WithFailureCode(
        absl::FailedPreconditionError(
            session->in_pipeline() ? "the script ended with its pipeline open"
                                   : "the script ended without completing its last transaction"),
        kCauseScript);
  }
  const std::string code = FailureCode(status);
  const bool is_sql_error = IsSqlState(code) && session->usable();
  const bool may_go_on = code == "40001" || code == "40P01" || code == kCauseInterrupted ||
                         (options_.continue_on_error && is_sql_error);
  if (!may_go_on) {
    client->Abort();
    status = WithClientAborted(std::move(status));
  }
  co_await BringToRest(session);
  co_return status;
}

// What may have to wait.
Task<absl::Status> ScriptWorkload::RunWaiting(Transaction* transaction, ScriptClient* client,
                                              size_t script_index, size_t at,
                                              OperationTally* tally) {
  const Command* command = &scripts_[script_index].commands[at];
  Session* const session = transaction->session();
  absl::Status status;
  if (!transaction->is_answered()) {
    status = co_await Settle(transaction, client, script_index, tally);
    if (!status.ok()) co_return status;
  }
  switch (command->kind) {
    case CommandKind::kSleep:
      status = co_await RunSleep(client, command);
      break;
    case CommandKind::kShell:
    case CommandKind::kSetShell:
      status = co_await RunShellCommand(client, command);
      break;
    case CommandKind::kStartPipeline:
      status = co_await StartPipeline(session, client, script_index, at);
      break;
    case CommandKind::kSyncPipeline:
      status = session->in_pipeline() ? session->QueueSync() : NotInPipeline();
      break;
    case CommandKind::kEndPipeline:
      status = co_await EndPipeline(session, tally);
      break;
    default:
      PGRING_CHECK(false, "this command never waits");
  }
  co_return status;
}

absl::Status ScriptWorkload::RunImmediate(ScriptClient* client, const Command& command,
                                          size_t* next) {
  if (command.kind == CommandKind::kSet) return SetVariableOf(client, command);
  if (command.kind == CommandKind::kIf || command.kind == CommandKind::kElif) {
    Value condition;
    const absl::Status status = Evaluate(command.expression, &client->context, &condition);
    if (!condition.Truth()) *next = command.next_if_false;
    return status;
  }
  return absl::OkStatus();
}

absl::Status ScriptWorkload::SetVariableOf(ScriptClient* client, const Command& command) {
  Value value;
  PGRING_RETURN_IF_ERROR(Evaluate(command.expression, &client->context, &value));
  client->variables.SetValue(command.variable, value);
  return absl::OkStatus();
}

const Statement* ScriptWorkload::StatementToSend(ScriptClient* client, size_t script_index,
                                                 size_t at) const {
  const SqlCommand& sql = scripts_[script_index].commands[at].sql;
  client->parameters.clear();
  if (client->sends_text) {
    SubstituteVariables(sql.text, sql.references, &client->variables, &client->simple.sql);
    client->simple.protocol = StatementProtocol::kSimple;
    return &client->simple;
  }
  for (const VariableSlot slot : sql.parameters) {
    const std::string* text = client->variables.FindText(slot);
    client->parameters.push_back(text == nullptr ? nullptr : text->c_str());
  }
  return &planned_[script_index][at];
}

absl::Status ScriptWorkload::QueueInPipeline(Session* session, const SqlCommand& sql,
                                             const Statement& statement, Parameters parameters) {
  if (sql.result_use != ResultUse::kIgnored) {
    return absl::InvalidArgumentError("\\gset and \\aset are not allowed in pipeline mode");
  }
  return session->QueueExecute(statement, parameters);
}

Task<absl::Status> ScriptWorkload::Settle(Transaction* transaction, ScriptClient* client,
                                          size_t script_index, OperationTally* tally) {
  absl::Status settled = co_await transaction->Settle();
  co_return EndStatements(transaction, client, script_index, settled, tally);
}

// The statements that were sent have been answered, the last one perhaps just now.
absl::Status ScriptWorkload::EndStatements(Transaction* transaction, ScriptClient* client,
                                           size_t script_index, const absl::Status& status,
                                           OperationTally* tally) {
  if (client->unanswered.empty()) return status;
  const std::vector<Result>& results = *transaction->results();
  const SqlCommand& last = scripts_[script_index].commands[client->unanswered.back()].sql;
  if (!status.ok()) {
    if (EndsTransaction(last) && transaction->MayBeCommitted(status)) ++tally->unconfirmed_commits;
    if (transaction->session()->usable() && results.size() < client->unanswered.size()) {
      client->BlameCommand(client->unanswered[results.size()]);
    }
    client->unanswered.clear();
    return status;
  }
  client->unanswered.clear();
  // A text of several statements counts its last.
  if (client->sends_text) {
    tally->rows_read += results.back().rows();
  } else {
    for (const Result& result : results) tally->rows_read += result.rows();
  }
  return UseResults(results, client, last);
}

absl::Status ScriptWorkload::UseResults(const std::vector<Result>& results, ScriptClient* client,
                                        const SqlCommand& sql) {
  const Result& last = results.back();
  switch (sql.result_use) {
    case ResultUse::kIgnored:
      break;
    case ResultUse::kGset:
      if (last.rows() != 1) {
        return absl::InvalidArgumentError(absl::StrCat("expected one row, got ", last.rows()));
      }
      return StoreRow(client, sql, last, 0);
    case ResultUse::kAset:
      for (const Result& result : results) {
        // Those of other commands are ignored: only a text has several results of its own.
        if (result.rows() == 0 || (&result != &last && !client->sends_text)) continue;
        PGRING_RETURN_IF_ERROR(StoreRow(client, sql, result, result.rows() - 1));
      }
      break;
  }
  return absl::OkStatus();
}

absl::Status ScriptWorkload::StoreRow(ScriptClient* client, const SqlCommand& sql,
                                      const Result& result, int row) {
  for (int column = 0; column < result.columns(); ++column) {
    client->name.assign(sql.variable_prefix);
    client->name.append(result.ColumnName(column));
    const absl::StatusOr<VariableSlot> slot = symbols_.Intern(client->name);
    if (!slot.ok()) return Annotate(slot.status(), "error storing into variable");
    client->variables.SetText(*slot, result.Text(row, column));
  }
  return absl::OkStatus();
}

// Statements are prepared before: within the pipeline an error would take the others with it.
Task<absl::Status> ScriptWorkload::StartPipeline(Session* session, ScriptClient* client,
                                                 size_t script_index, size_t start) {
  if (session->in_pipeline()) {
    co_return absl::InvalidArgumentError("already in pipeline mode");
  }
  if (client->sends_text) {
    co_return absl::InvalidArgumentError("cannot use pipeline mode with the simple query protocol");
  }
  const Script& script = scripts_[script_index];
  for (size_t at = start; at != script.end(); ++at) {
    if (script.commands[at].kind == CommandKind::kEndPipeline) break;
    if (script.commands[at].kind != CommandKind::kSql) continue;
    const Statement* statement = &planned_[script_index][at];
    absl::Status prepared = co_await session->PrepareNow(statement);
    if (!prepared.ok()) {
      co_return prepared;
    }
  }
  co_return session->EnterPipeline();
}

Task<absl::Status> ScriptWorkload::EndPipeline(Session* session, OperationTally* tally) {
  if (!session->in_pipeline()) {
    co_return NotInPipeline();
  }
  absl::Status status = co_await session->SyncPipeline();
  for (const Result& result : session->results()) tally->rows_read += result.rows();
  if (session->usable()) status.Update(session->ExitPipeline());
  co_return status;
}

Task<absl::Status> ScriptWorkload::RunSleep(ScriptClient* client, const Command* command) {
  const auto microseconds = SleepMicroseconds(command->sleep, &client->variables, symbols_);
  if (!microseconds.ok()) co_return microseconds.status();
  const int64_t duration_ns = *microseconds * kNanosecondsPerMicrosecond;
  const bool slept = co_await client->pauses->Sleep(duration_ns);
  if (slept) co_return absl::OkStatus();
  co_return WithFailureCode(absl::CancelledError("interrupted in \\sleep"), kCauseInterrupted);
}

Task<absl::Status> ScriptWorkload::RunShellCommand(ScriptClient* client, const Command* command) {
  absl::Status status = ShellCommandLine(command->words, &client->variables, &client->line);
  if (!status.ok()) co_return status;
  const std::string* line = &client->line;
  std::string* output = command->kind == CommandKind::kSetShell ? &client->output : nullptr;
  Pauses* const pauses = client->pauses;
  status = co_await RunShell(pauses, line, output);
  if (!status.ok() || output == nullptr) co_return status;
  const absl::StatusOr<int64_t> value = SetShellValue(command->words, client->output);
  if (!value.ok()) co_return value.status();
  client->variables.SetValue(command->variable, Value::Integer(*value));
  co_return absl::OkStatus();
}

}  // namespace pgring
