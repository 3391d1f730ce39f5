// pgbench scripts as a workload: each script is a kind of operation, and running one is an
// operation. Semantics are pgbench's; where ours differ is said here.
//
// An operation's script and random numbers follow from the seed and the operation's number alone,
// so that every scenario runs the same operations. A client's variables stay with it.
//
// An error that pgbench's client is aborted by aborts the client here: it runs nothing more. Its
// session is rolled back and may serve others. With continue_on_error, an SQL error does not.
#ifndef PGRING_WORKLOAD_SCRIPT_WORKLOAD_H_
#define PGRING_WORKLOAD_SCRIPT_WORKLOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pgring/postgres/transaction.h"
#include "script/script.h"
#include "script/script_list.h"
#include "workload/pgbench_balances.h"
#include "workload/script_options.h"
#include "workload/workload.h"

namespace pgring {

class ScriptClient;

class ScriptWorkload final : public Workload {
 public:
  // InvalidArgument: a script that does not parse or cannot run, a bad variable, no scripts.
  static absl::StatusOr<std::unique_ptr<ScriptWorkload>> Make(const ScriptOptions& options);
  ~ScriptWorkload() override;

  const std::vector<std::string>& kinds() const override { return kinds_; }
  const std::vector<Statement>& statements() const override { return no_statements_; }
  std::unique_ptr<ClientState> MakeClient(int number, Pauses* pauses) override;
  bool uses_session_state() const override { return true; }
  bool AvoidPreparedStatements() override;
  void StartRun() override;
  std::vector<CommandFigures> command_figures() const override { return recorder_.Get(); }
  Task<absl::Status> Run(Session* session, ClientState* state, Operation operation,
                         OperationTally* tally) override;
  absl::Status Prepare(BlockingSession* session, std::vector<std::string>* notes) override;
  absl::StatusOr<std::optional<Verification>> Verify(BlockingSession* session,
                                                     const CommittedWork& work) override;
  std::string Findings() const override;
  void Adopt(std::string_view findings) override;
  std::vector<std::string> Observations(BlockingSession* session,
                                        const CommittedWork& work) override;

  // What is likely to be wrong with the scripts, to be told before the run. Every run's notes have
  // it as well.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // The SQL of all commands that can be sent with parameters, in which $1, $2, … stand for
  // variables.
  std::vector<std::string> PlannedSql() const;

  // The operations that the weights and the seed give.
  std::unique_ptr<OperationSource> MakeOperations() const;

 private:
  explicit ScriptWorkload(const ScriptOptions& options);
  absl::Status Compile();
  std::string KindName(const std::string& script) const;
  void PlaceCommands();
  void PlanStatements(const Script& script);
  QueryMode ModeOf(size_t script_index) const;
  bool SendsText(const Session& session) const;
  absl::Status ExplainFailure(const ScriptClient& client, size_t script_index, size_t at,
                              const absl::Status& status) const;
  absl::Status DefineVariables();
  absl::Status CheckVariables();
  absl::Status SetVariable(const std::string& name, Value value);

  bool uses_pgbench_tables() const;
  bool writes_pgbench_tables() const;
  void UseScale(int64_t scale);
  absl::Status ReadBalances(BlockingSession* session, std::vector<std::string>* notes);
  absl::Status FindTables(BlockingSession* session, std::vector<std::string>* notes);
  void VacuumAccounts(BlockingSession* session, std::vector<std::string>* notes);

  absl::Status EndCommand(const Session& session, ScriptClient* client, size_t script_index,
                          size_t at, const absl::Status& status, int64_t started_ns);
  void RecordCommand(const Session& session, ScriptClient* client, size_t script_index, size_t at,
                     const absl::Status& status, int64_t duration_ns);
  // With the client's variables as its parameters, or in its text.
  const Statement* StatementToSend(ScriptClient* client, size_t script_index, size_t at) const;
  static absl::Status QueueInPipeline(Session* session, const SqlCommand& sql,
                                      const Statement& statement, Parameters parameters);
  Task<absl::Status> RunWaiting(Transaction* transaction, ScriptClient* client, size_t script_index,
                                size_t at, OperationTally* tally);
  absl::Status RunImmediate(ScriptClient* client, const Command& command, size_t* next);
  Task<absl::Status> Settle(Transaction* transaction, ScriptClient* client, size_t script_index,
                            OperationTally* tally);
  absl::Status EndStatements(Transaction* transaction, ScriptClient* client, size_t script_index,
                             const absl::Status& status, OperationTally* tally);
  Task<absl::Status> StartPipeline(Session* session, ScriptClient* client, size_t script_index,
                                   size_t start);
  Task<absl::Status> EndPipeline(Session* session, OperationTally* tally);
  Task<absl::Status> RunSleep(ScriptClient* client, const Command* command);
  Task<absl::Status> RunShellCommand(ScriptClient* client, const Command* command);
  Task<absl::Status> EndOperation(Session* session, ScriptClient* client, absl::Status status);
  absl::Status SetVariableOf(ScriptClient* client, const Command& command);
  absl::Status UseResults(const std::vector<Result>& results, ScriptClient* client,
                          const SqlCommand& sql);
  absl::Status StoreRow(ScriptClient* client, const SqlCommand& sql, const Result& result, int row);

  const ScriptOptions options_;
  SymbolTable symbols_;
  std::vector<std::string> kinds_;
  std::vector<std::string> warnings_;
  std::vector<Script> scripts_;
  // By script and command: how it is sent with parameters. With -M simple its text goes instead.
  std::vector<std::vector<Statement>> planned_;
  std::vector<std::vector<size_t>> recorder_places_;  // empty without -r
  CommandRecorder recorder_;
  const std::vector<Statement> no_statements_;
  std::optional<ScriptChooser> chooser_;
  VariableStore initial_variables_;
  VariableSlot client_id_ = kNoVariable;
  VariableSlot scale_ = kNoVariable;
  bool scale_given_ = false;  // with -D
  // In this run, a script that is simple by default went with parameters, because the run
  // pipelines.
  std::atomic<bool> pipelined_simple_ = false;
  std::optional<int64_t> found_scale_;  // of the tables, by Prepare
  // Before the run, where built-in scripts alone write.
  std::optional<PgbenchBalances> balances_;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_SCRIPT_WORKLOAD_H_
