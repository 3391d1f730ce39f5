// The options that are not a part's of their own: target, scenario, sampling, profiling, server;
// and what all commands' options are read into. A part of options.cc.
#ifndef PGRING_CLI_COMMAND_OPTIONS_H_
#define PGRING_CLI_COMMAND_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "cli/diff_options.h"
#include "cli/fleet_options.h"
#include "cli/init_options.h"
#include "cli/load_options.h"
#include "cli/options.h"
#include "cli/output_options.h"
#include "cli/repeat_options.h"
#include "cli/scenario_list.h"
#include "cli/tune_options.h"

namespace pgring {

// What CLI11 fills in before anything is resolved.
struct RawOptions {
  std::string scenarios = "sync,async,chunked,window";
  std::string scenario;
  ScenarioDefaults defaults;
  RawLoad load;
  RawRepeat repeat;
  RawFleet fleet;
  RawTune tune;
  RawDiff diff;
  std::string io = "auto";
  std::string server_samples = "auto";
  RawOutput output;
  RawInit init;
  int tcp_port = -1;
};

void AddAddress(CLI::App* command, const char* group, Options* options);
void AddTarget(CLI::App* command, Options* options);
void AddIo(CLI::App* command, const char* group, RawOptions* raw);
// `several`: --scenarios, else --scenario.
void AddScenario(CLI::App* command, RawOptions* raw, bool several);
// What a run is watched by.
void AddSampling(CLI::App* command, Options* options, RawOptions* raw);
void AddProfiling(CLI::App* command, Options* options);
void AddServer(CLI::App* command, Options* options, RawOptions* raw);

}  // namespace pgring

#endif  // PGRING_CLI_COMMAND_OPTIONS_H_
