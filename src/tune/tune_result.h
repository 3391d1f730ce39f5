// What `pgring tune` found: plain data between the stages, which fill it, and the reports, which
// only read it. An unknown figure is empty, never zero. Nothing here can fail.
#ifndef PGRING_TUNE_TUNE_RESULT_H_
#define PGRING_TUNE_TUNE_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pgring/statistics/median_interval.h"
#include "run/comparison_result.h"
#include "search/limit_search.h"
#include "tune/tune_plan.h"

namespace pgring {

// Which number trials differ in.
enum class SearchedNumber : uint8_t {
  kOperations,   // in flight
  kConnections,  // that they share
};

// The search for the number of connections, which comes first where operations share them. Limits
// are connections here.
struct ConnectionSearch {
  SearchAnswer answer;
  std::vector<Trial> trials;
};

// What fresh runs at the answer, beside others, say of it.
enum class Confirmation : uint8_t {
  kConfirmed,
  kUndecided,     // too few blocks, or too much noise, to tell the limits apart
  kContradicted,  // half of it or twice as much is better by more than 2 %
};

struct TestingStage {
  int answer = 0;
  int connections = 0;  // of the answer, where operations share them; else 0
  // Blocks of the answer, half of it and twice as much, in this order; then of as many operations
  // over half and over twice as many connections, where they are shared.
  ComparisonResult limits;
  // Blocks of the answer and of the other ways to drive as many operations. The answer's runs are
  // those of the first blocks of `limits`, which goes on alone where that is all that is undecided.
  // Without runs where only the limits were compared.
  ComparisonResult ways;
  // Labels of the scenarios beside the answer; empty: not tested.
  std::string half;
  std::string twice;
  std::string fewer_connections;
  std::string more_connections;
  Confirmation confirmation = Confirmation::kUndecided;
  // Of kContradicted: the limit that was better, or the number of connections.
  std::optional<int> better;
  std::optional<int> better_connections;
  // No further run can be made, and why; empty: it can.
  std::string lost_server;
};

// A rule of thumb, and what its limit would give.
struct Formula {
  std::string name;  // "2 x cores + 1"
  int limit = 0;
  // Of the answer's; nothing where the limit lies outside of what was measured.
  std::optional<double> throughput_ratio;
  std::optional<double> p99_ns;
};

struct RateTrial {
  double offered_per_s = 0;
  double achieved_per_s = 0;
  std::vector<std::optional<double>> percentiles_ms;  // in the order of the plan's service levels
  bool holds = false;
  bool client_limited = false;
};

struct ServiceLevelStage {
  int limit = 0;  // operations in flight
  std::vector<RateTrial> trials;
  // The highest rate that kept every service level; nothing: none did.
  std::optional<double> highest_rate_per_s;
  bool held_twice = false;
  // A higher one is known not to keep them; otherwise it is "at least".
  bool is_bounded = false;
  // No further run can be made, and why; empty: it can.
  std::string lost_server;
};

struct TuneResult {
  TunePlan plan;
  Environment environment;
  bool interrupted = false;
  // Why there is no answer; empty: there is one.
  std::string failure;
  // Whole sentences that belong to the answer.
  std::vector<std::string> remarks;
  // The search ended before its time, for a reason that is among the remarks.
  bool stopped_early = false;
  // Before each of the searches, where operations share connections; else none.
  std::vector<ConnectionSearch> connection_searches;
  // One, or two where the testing stage contradicted the first.
  std::vector<SearchAnswer> searches;
  std::vector<std::vector<Trial>> trials;  // of each search
  std::vector<TestingStage> testing;       // of each search
  std::vector<Formula> formulas;
  std::optional<ServiceLevelStage> service_level;
  // How long all stages took.
  double took_s = 0;
  // Of the machine's processors or, in one thread, of one: what the client used at the answer.
  std::optional<double> client_share;

  // How many connections operations share; nothing where each has its own.
  std::optional<int> connections() const {
    if (connection_searches.empty()) return std::nullopt;
    return connection_searches.back().answer.limit;
  }
  // Everything that was asked for has an answer that fresh runs confirm.
  bool succeeded() const {
    const bool keeps_levels =
        service_level.has_value() && service_level->highest_rate_per_s.has_value();
    return confirmed() && (plan.service_levels.empty() || keeps_levels);
  }
  bool confirmed() const {
    return failure.empty() && !interrupted && !testing.empty() &&
           testing.back().confirmation == Confirmation::kConfirmed;
  }
};

}  // namespace pgring

#endif  // PGRING_TUNE_TUNE_RESULT_H_
