#include "cli/examples.h"

#include <fmt/format.h>

namespace pgring {
namespace {

constexpr Example kExamples[] = {
    {"", "pgring compare", "the main job, on a throwaway server: no database is needed"},
    {"", "pgring tune -d app -f checkout.sql", "the best limit for a script on a database"},
    {"", "pgring diff old new --gate 'throughput>=-3%'", "whether a change made it slower"},
    {"compare", "pgring compare --operations 5000", "a short one, on a throwaway server"},
    {"compare", "pgring compare -d app -f checkout.sql -T 30 --repeat 6",
     "a script for 30 s in each way, six times, with intervals"},
    {"compare", "pgring compare --scenarios window:5,window:10,window:20,window:40 --repeat 6",
     "one way at four limits: the picture shows throughput over the limit"},
    {"compare", "pgring compare -b tpcb-like --rate 500 -T 60",
     "an open loop: 500 operations a second are due, whether there is room or not"},
    {"run", "pgring run --scenario window:20 -d app -f checkout.sql -T 30", "one way alone"},
    {"run", "pgring run --scenario threads:8 -b select-only -T 10 -P 1", "with pgbench's progress"},
    {"tune", "pgring tune -b tpcb-like", "on a throwaway server, in two minutes"},
    {"tune", "pgring tune -d app -f checkout.sql --slo p99=20ms",
     "and the highest rate at which 99 % of the operations take at most 20 ms"},
    {"report", "pgring report bench-results/monday", "as it was printed"},
    {"report", "pgring report monday/result.json --format html --out monday.html",
     "as one page that opens anywhere"},
    {"report", "pgring report monday --hgrm > monday.hgrm",
     "percentiles for HdrHistogram's plotters"},
    {"diff", "pgring diff monday tuesday", "what changed, with intervals"},
    {"diff", "pgring diff main branch --gate 'throughput>=-3%' --gate 'p99<=+10%'",
     "exit code 3 where a gate is breached"},
    {"export", "pgring export --format csv monday tuesday", "a line for each scenario and metric"},
    {"export", "pgring export --format openmetrics monday > pgring.prom",
     "for a Prometheus textfile collector"},
    {"merge", "pgring merge worker-*.pgring", "what the workers of a fleet wrote, as one result"},
    {"init", "pgring init -s 100 -d app", "pgbench's tables, 10 million accounts"},
    {"server", "pgring server --tcp 5433", "a PostgreSQL to play with; Ctrl-C removes it"},
    {"doctor", "pgring doctor -d app", "what this machine and that database allow"},
};

}  // namespace

std::span<const Example> Examples() { return kExamples; }

std::string ExamplesText(std::string_view command) {
  std::string text;
  for (const Example& example : kExamples) {
    if (example.command != command) continue;
    text += fmt::format("  {}\n      {}\n", example.line, example.what);
  }
  return text.empty() ? text : "Examples:\n" + text;
}

}  // namespace pgring
