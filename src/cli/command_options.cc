#include "cli/command_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/option_values.h"
#include "pgring/postgres/pool.h"

namespace pgring {

void AddAddress(CLI::App* command, const char* group, Options* options) {
  command->add_option("-h,--host", options->target.host, "host name or socket directory")
      ->group(group);
  command->add_option("-p,--port", options->target.port, "port")->group(group);
  command->add_option("-U,--username", options->target.user, "role")->group(group);
  command
      ->add_option(
          "-d,--dbname", options->target.database,
          "database, 'key=value …' or postgresql:// URI; or as the last argument, without -d")
      ->group(group);
}

void AddTarget(CLI::App* command, Options* options) {
  const char* group = "Target (default: PG* environment, else a throwaway server)";
  AddAddress(command, group, options);
  command
      ->add_flag("--throwaway", options->force_throwaway,
                 "start a throwaway PostgreSQL whatever the environment says")
      ->group(group);
}

void AddIo(CLI::App* command, const char* group, RawOptions* raw) {
  command
      ->add_option("--io", raw->io,
                   "how bytes move in the reactor: completion (through the ring, but a blocking "
                   "receive while nothing else is in flight), ring (always through the ring), "
                   "readiness (libpq's own calls, when the ring says so), or auto: completion, or "
                   "readiness where that does not work")
      ->check(CLI::IsMember({"auto", "completion", "ring", "readiness"}))
      ->capture_default_str()
      ->group(group);
}

void AddScenario(CLI::App* command, RawOptions* raw, bool several) {
  const char* group = "Scenario";
  const std::string types = absl::StrCat("TEXT:{", absl::StrJoin(ScenarioTypeNames(), ","), "}");
  if (several) {
    command
        ->add_option("--scenarios", raw->scenarios,
                     "which, in which order; each may carry settings: chunked:10, async:pool=200, "
                     "window:20:pool=10:timeout=5, async:pipeline")
        ->type_name(types)
        ->capture_default_str()
        ->group(group);
  } else {
    command->add_option("--scenario", raw->scenario, "which; it may carry settings: window:20")
        ->type_name(types)
        ->group(group);
  }
  command
      ->add_option(
          "-c,--client,--limit", raw->defaults.limit,
          "operations at once in threads, chunked, window, pipelined and multiplexed (default 40)")
      ->check(WholeNumber(1, kMaxLimit))
      ->group(group);
  command
      ->add_option("--pool-size", raw->defaults.pool_size,
                   "connections kept (default: 100 in async, else the limit)")
      ->check(WholeNumber(1, kMaxPoolConnections))
      ->group(group);
  command
      ->add_option("--max-overflow", raw->defaults.max_overflow,
                   "connections beyond the pool size, under pressure (default 0)")
      ->check(WholeNumber(0, kMaxPoolConnections))
      ->group(group);
  command
      ->add_option("--pool-timeout", raw->defaults.pool_timeout_s,
                   "seconds to wait for a connection (default 0: for ever)")
      ->transform(Duration(TimeUnit::kSeconds, 0, kMaxPoolTimeoutS))
      ->group(group);
  command
      ->add_flag("--pipeline", raw->defaults.pipeline,
                 "on the reactor, send statements that need no answer together with the next one "
                 "of their transaction (scenario pipelined is window with this)")
      ->group(group);
  AddIo(command, group, raw);
}

void AddSampling(CLI::App* command, Options* options, RawOptions* raw) {
  const char* group = "Cause";
  command
      ->add_option("--server-samples", raw->server_samples,
                   "what limits a run, from samples of pg_stat_activity over a connection of their "
                   "own: auto (where that is possible) or off")
      ->check(CLI::IsMember({"auto", "off"}))
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("--control", options->control,
                   "'key=value …' or postgresql:// URI of the server itself, for sampling it, and "
                   "for the workers of a fleet to meet, where the target is a pooler")
      ->type_name("CONNINFO")
      ->group(group);
}

void AddProfiling(CLI::App* command, Options* options) {
  command
      ->add_option(
          "--perf-control", options->perf_control,
          "fifo:CTL[,ACK]: have a perf that waits for it (perf record --delay=-1 --control "
          "...) count in the measured phase of each run, and only there")
      ->type_name("CHANNEL")
      ->group("Profiling");
}

void AddServer(CLI::App* command, Options* options, RawOptions* raw) {
  command->add_option("--max-connections", options->server.max_connections, "of the server")
      ->check(WholeNumber(10, 262'143))
      ->capture_default_str();
  command
      ->add_option("--tcp", raw->tcp_port,
                   "listen on 127.0.0.1 as well, on this port (0: any free one)")
      ->check(WholeNumber(0, 65'535));
  command->add_flag("--unsafe-fast", options->server.unsafe_fast,
                    "fsync, synchronous_commit and full_page_writes off: not a server whose "
                    "figures mean much");
}

}  // namespace pgring
