#include "run/run_archive.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace pgring {

// Of plans.

void Archived(Archive* archive, PoolPlan* pool) {
  archive->Fields(&pool->size, &pool->max_overflow, &pool->timeout_s);
}

void Archived(Archive* archive, ScenarioPlan* scenario) {
  std::string type(scenario->type == nullptr ? "" : scenario->type->name);
  archive->Fields(&type, &scenario->label, &scenario->limit, &scenario->pool, &scenario->pipeline,
                  &scenario->connections_given, &scenario->workers);
  if (!archive->reads()) return;
  scenario->type = FindScenarioType(type);
  if (scenario->type == nullptr) archive->Fail("it has a scenario that this pgring does not know");
}

void Archived(Archive* archive, LoadPlan* load) {
  archive->Fields(&load->duration_s, &load->operations_per_client, &load->connect_before,
                  &load->connect_each, &load->exit_on_abort, &load->warmup_s, &load->ramp_s,
                  &load->rate_per_s);
  archive->EnumField(&load->arrivals, ArrivalKind::kConstant);
  archive->Fields(&load->arrival_seed, &load->latency_limit_ms, &load->max_tries,
                  &load->max_failed_share, &load->allow_unstable);
}

void Archived(Archive* archive, ScriptText* script) {
  archive->Fields(&script->name, &script->text, &script->weight, &script->is_builtin,
                  &script->needs_pgbench_tables);
  archive->EnumField(&script->default_mode, QueryMode::kPrepared);
}

void Archived(Archive* archive, WorkloadPlan* workload) {
  archive->Fields(&workload->name, &workload->operations, &workload->write_ratio, &workload->seed);
  archive->EnumField(&workload->statements, StatementStyle::kPerRow);
  bool has_mode = workload->mode.has_value();
  QueryMode mode = workload->mode.value_or(QueryMode::kSimple);
  archive->Fields(&workload->fk_index, &workload->print_rows, &workload->scripts, &has_mode);
  archive->EnumField(&mode, QueryMode::kPrepared);
  if (archive->reads() && has_mode) workload->mode = mode;
  archive->Fields(&workload->variables, &workload->scale, &workload->vacuum, &workload->vacuum_all,
                  &workload->record_commands, &workload->continue_on_error);
}

void Archived(Archive* archive, ComparisonPlan* plan) {
  archive->Fields(&plan->arguments, &plan->workload, &plan->load, &plan->repeat.blocks,
                  &plan->repeat.until_percent, &plan->repeat.max_blocks, &plan->target.throwaway,
                  &plan->target.description);
  archive->EnumField(&plan->io, IoMode::kRing);
  archive->Fields(&plan->io_reason, &plan->scenarios);
}

// Of what came of them.

void Archived(Archive* archive, OperationTally* tally) {
  archive->Fields(&tally->rows_read, &tally->rows_checksum, &tally->unconfirmed_commits,
                  &tally->round_trips, &tally->system_calls);
}

void Archived(Archive* archive, PoolCounters* counters) {
  archive->Fields(&counters->requested, &counters->opened, &counters->refused,
                  &counters->refused_ns, &counters->discarded);
}

void Archived(Archive* archive, BackendStats* stats) {
  archive->Fields(&stats->enters, &stats->submissions, &stats->completions, &stats->overflows,
                  &stats->blocking_receives);
}

void Archived(Archive* archive, ConnectionDepth* depth) {
  archive->Fields(&depth->units, &depth->peak, &depth->mean);
}

void Archived(Archive* archive, ProcessCost* cost) {
  archive->Fields(&cost->user_s, &cost->system_s, &cost->voluntary_switches,
                  &cost->involuntary_switches);
}

void Archived(Archive* archive, TreeCost* cost) { archive->Fields(&cost->user_s, &cost->system_s); }

void Archived(Archive* archive, ServerMessageCounts* counts) {
  archive->Fields(&counts->warnings, &counts->notices, &counts->notifications,
                  &counts->first_warning, &counts->first_notice);
}

void Archived(Archive* archive, CommandFigures* figures) {
  archive->Fields(&figures->script, &figures->text, &figures->failures, &figures->retries,
                  &figures->pipelined, &figures->duration_ns);
}

void Archived(Archive* archive, Verification* verification) {
  archive->Fields(&verification->expected, &verification->found, &verification->ok,
                  &verification->remark);
}

void Archived(Archive* archive, WorkerPart* part) {
  archive->Fields(&part->rank, &part->host, &part->scheduled, &part->succeeded, &part->failed,
                  &part->skipped, &part->duration_ns, &part->client, &part->late_ns,
                  &part->clock_bound_ns, &part->lost);
}

void Archived(Archive* archive, Run* run) {
  // Nothing ran: nothing was recorded of it.
  if (!archive->reads() && !run->not_started.empty()) {
    run->timeline.Start(0, 0);
    run->timeline.Finish(0);
  }
  archive->Fields(&run->scenario, &run->load, &run->kinds, &run->started_ns, &run->ended_ns,
                  &run->recorder, &run->tally, &run->warmup_tally, &run->timeline, &run->connect_ns,
                  &run->connections, &run->wanted_before, &run->opened_before, &run->connecting_ns,
                  &run->connect_failure);
  archive->Fields(&run->ring_setup, &run->ring, &run->bytes_per_connection, &run->depths,
                  &run->rescued_waits, &run->succeeded_by_kind, &run->late, &run->cut_at_end,
                  &run->retried, &run->retries, &run->aborted_clients, &run->last_lag_ns,
                  &run->interrupted, &run->gave_up, &run->first_failure);
  archive->Fields(&run->client, &run->peak_memory_bytes, &run->server, &run->server_samples,
                  &run->server_messages, &run->commands, &run->verification, &run->not_started,
                  &run->not_verified, &run->remarks, &run->workers);
  if (run->recorder.kind_count() != run->kinds.size() ||
      run->succeeded_by_kind.size() != run->kinds.size()) {
    archive->Fail("a run in it does not know its kinds of operation");
  }
}

void Archived(Archive* archive, Environment* environment) {
  archive->Fields(&environment->build.version, &environment->build.commit,
                  &environment->build.compiler, &environment->build.build_type,
                  &environment->build.sanitizers, &environment->build.is_optimized,
                  &environment->started_at, &environment->host, &environment->kernel,
                  &environment->cpu_model, &environment->cpu_count, &environment->memory_bytes,
                  &environment->libpq_version, &environment->server_version,
                  &environment->server_address, &environment->server_is_throwaway,
                  &environment->server_settings);
}

void Archived(Archive* archive, Block* block) { archive->Fields(&block->runs, &block->planned); }

void Archived(Archive* archive, ComparisonResult* result) {
  archive->Fields(&result->plan, &result->environment, &result->interrupted, &result->blocks);
  // With repeats they are chosen from the blocks.
  if (!result->has_repeats()) archive->Field(&result->runs);
}

}  // namespace pgring
