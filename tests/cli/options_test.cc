#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "cli/scenario_list.h"
#include "support/scoped_environment.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

absl::StatusOr<Options> Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "pgring");
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  return ParseOptions(static_cast<int>(pointers.size()), pointers.data());
}

Options Parsed(const std::vector<std::string>& arguments) {
  auto options = Parse(arguments);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? *options : Options();
}

std::string Refusal(const std::vector<std::string>& arguments) {
  const auto options = Parse(arguments);
  EXPECT_FALSE(options.ok()) << "accepted: " << testing::PrintToString(arguments);
  EXPECT_TRUE(options.ok() || absl::IsInvalidArgument(options.status())) << options.status();
  return std::string(options.status().message());
}

std::vector<std::string> Labels(const Options& options) {
  std::vector<std::string> labels;
  for (const ScenarioPlan& scenario : options.plan.scenarios) labels.push_back(scenario.label);
  return labels;
}

TEST(OptionsTest, NoArgumentsMeanHelp) {
  const Options options = Parsed({});
  EXPECT_EQ(options.command, Subcommand::kHelp);
  EXPECT_THAT(options.help_text, AllOf(HasSubstr("compare"), HasSubstr("run"), HasSubstr("server"),
                                       HasSubstr("doctor")));
}

TEST(OptionsTest, HelpIsQuestionMarkBecauseHIsTheHost) {
  for (const char* flag : {"-?", "--help"}) {
    EXPECT_EQ(Parsed({flag}).command, Subcommand::kHelp);
    const Options compare = Parsed({"compare", flag});
    EXPECT_EQ(compare.command, Subcommand::kHelp);
    EXPECT_THAT(compare.help_text,
                AllOf(HasSubstr("--scenarios"), HasSubstr("-h,--host"), HasSubstr("--out")));
    EXPECT_THAT(Parsed({"run", flag}).help_text,
                AllOf(HasSubstr("--scenario "), Not(HasSubstr("--scenarios"))));
  }
  EXPECT_EQ(Parsed({"compare", "-h", "db.example"}).target.host, "db.example");
}

TEST(OptionsTest, VersionIsACommand) {
  EXPECT_EQ(Parsed({"--version"}).command, Subcommand::kVersion);
  EXPECT_EQ(Parsed({"-V"}).command, Subcommand::kVersion);
}

TEST(OptionsTest, DefaultsAreThoseOfTheContract) {
  const Options options = Parsed({"compare"});
  EXPECT_EQ(options.command, Subcommand::kCompare);
  const WorkloadPlan& workload = options.plan.workload;
  EXPECT_EQ(workload.operations, 35'000);
  EXPECT_EQ(workload.write_ratio, 0.5);
  EXPECT_EQ(workload.seed, 42U);
  EXPECT_EQ(workload.statements, StatementStyle::kBatched);
  EXPECT_FALSE(workload.fk_index);
  EXPECT_FALSE(workload.print_rows);
  EXPECT_THAT(Labels(options), testing::ElementsAre("sync", "async", "chunked", "window"));
  EXPECT_TRUE(options.target.empty());
  EXPECT_FALSE(options.force_throwaway);
  EXPECT_EQ(options.server.max_connections, 2000);
  EXPECT_EQ(options.output.directory, "");
  EXPECT_EQ(options.output.json_file, "");
  EXPECT_FALSE(options.output.quiet);
  EXPECT_EQ(options.output.progress, ProgressMode::kAuto);
  EXPECT_EQ(options.output.color, ColorMode::kAuto);
}

TEST(OptionsTest, TakesEveryOption) {
  const Options options = Parsed({"compare",
                                  "-h",
                                  "h",
                                  "-p",
                                  "1",
                                  "-U",
                                  "u",
                                  "-d",
                                  "d",
                                  "--operations",
                                  "7",
                                  "--write-ratio",
                                  "0.25",
                                  "--seed",
                                  "18446744073709551615",
                                  "--statements",
                                  "per-row",
                                  "--fk-index",
                                  "--print-rows",
                                  "--scenarios",
                                  "window,threads",
                                  "--limit",
                                  "3",
                                  "--pool-size",
                                  "5",
                                  "--max-overflow",
                                  "2",
                                  "--pool-timeout",
                                  "1.5",
                                  "--io",
                                  "readiness",
                                  "--out",
                                  "o",
                                  "--json",
                                  "j",
                                  "--quiet",
                                  "--progress",
                                  "plain",
                                  "--color",
                                  "never"});
  EXPECT_EQ(options.target.host, "h");
  EXPECT_EQ(options.target.port, "1");
  EXPECT_EQ(options.target.user, "u");
  EXPECT_EQ(options.target.database, "d");
  EXPECT_EQ(options.plan.workload.operations, 7);
  EXPECT_EQ(options.plan.workload.write_ratio, 0.25);
  EXPECT_EQ(options.plan.workload.seed, 18'446'744'073'709'551'615U);
  EXPECT_EQ(options.plan.workload.statements, StatementStyle::kPerRow);
  EXPECT_TRUE(options.plan.workload.fk_index);
  EXPECT_TRUE(options.plan.workload.print_rows);
  ASSERT_EQ(Labels(options), (std::vector<std::string>{"window", "threads"}));
  EXPECT_EQ(options.plan.scenarios[0].limit, 3);
  EXPECT_EQ(options.plan.scenarios[0].pool.size, 5);
  EXPECT_EQ(options.plan.scenarios[0].pool.max_overflow, 2);
  EXPECT_EQ(options.plan.scenarios[0].pool.timeout_s, 1.5);
  EXPECT_EQ(options.plan.scenarios[1].limit, 3);
  EXPECT_EQ(options.plan.wanted_io, IoMode::kReadiness);
  EXPECT_EQ(options.output.directory, "o");
  EXPECT_EQ(options.output.json_file, "j");
  EXPECT_TRUE(options.output.quiet);
  EXPECT_EQ(options.output.progress, ProgressMode::kPlain);
  EXPECT_EQ(options.output.color, ColorMode::kNever);
}

TEST(OptionsTest, RunIsAComparisonOfOne) {
  const Options options = Parsed({"run", "--scenario", "chunked:10"});
  EXPECT_EQ(options.command, Subcommand::kCompare);
  EXPECT_THAT(Labels(options), testing::ElementsAre("chunked:10"));
  EXPECT_THAT(Refusal({"run"}), HasSubstr("--scenario is required"));
  EXPECT_THAT(Refusal({"run", "--scenario", "sync,async"}), HasSubstr("compare --scenarios"));
}

TEST(OptionsTest, ServerHasItsOwnOptions) {
  const Options options =
      Parsed({"server", "--max-connections", "50", "--tcp", "0", "--unsafe-fast"});
  EXPECT_EQ(options.command, Subcommand::kServer);
  EXPECT_EQ(options.server.max_connections, 50);
  EXPECT_EQ(options.server.tcp_port, 0);
  EXPECT_TRUE(options.server.unsafe_fast);
  EXPECT_FALSE(Parsed({"server"}).server.tcp_port.has_value());
}

TEST(OptionsTest, DoctorTakesATarget) {
  const Options options = Parsed({"doctor", "-h", "h"});
  EXPECT_EQ(options.command, Subcommand::kDoctor);
  EXPECT_EQ(options.target.host, "h");
}

TEST(OptionsTest, TheDatabaseIsTheLastArgumentAsInPgbench) {
  for (const char* command : {"compare", "init", "doctor"}) {
    EXPECT_EQ(Parsed({command, "bench"}).target.database, "bench") << command;
  }
  EXPECT_EQ(Parsed({"compare", "-c", "10", "-T", "30", "postgresql://h/bench"}).target.database,
            "postgresql://h/bench");
  // Options may follow it, and after -- nothing is an option.
  const Options options = Parsed({"run", "bench", "--scenario", "sync", "-S"});
  EXPECT_EQ(options.target.database, "bench");
  EXPECT_EQ(options.plan.workload.scripts.size(), 1U);
  EXPECT_EQ(Parsed({"compare", "--", "bench"}).target.database, "bench");
  EXPECT_THAT(Refusal({"compare", "bench", "other"}),
              HasSubstr("\"other\" is one argument too many: \"bench\" was taken for"));
  EXPECT_THAT(Refusal({"compare", "-d", "bench", "other"}),
              HasSubstr("\"other\" is one argument too many: -d bench names the database"));
  EXPECT_THAT(Refusal({"compare", "--throwaway", "bench"}), HasSubstr("DBNAME"));
}

class ScriptFiles : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& file : {one_, two_}) std::ofstream(file) << "SELECT 1;\n";
  }
  void TearDown() override {
    for (const std::string& file : {one_, two_}) std::remove(file.c_str());
  }
  const std::string one_ = testing::TempDir() + "options_test_one.sql";
  const std::string two_ = testing::TempDir() + "options_test_two.sql";
};

// Was taken for a second script; with CLI11's rules for repeated options only that one ran.
TEST_F(ScriptFiles, EachOptionTakesOneValue) {
  EXPECT_THAT(Refusal({"compare", "-f", one_, two_}),
              AllOf(HasSubstr(two_), HasSubstr("every script needs an -f of its own")));
  EXPECT_THAT(Refusal({"compare", "-f", one_, two_ + "@3"}), HasSubstr("is a file"));
  EXPECT_THAT(Refusal({"compare", "-b", "tpcb-like", "select-only@2"}),
              HasSubstr("every built-in script needs a -b of its own"));
  EXPECT_EQ(Parsed({"compare", "-D", "x=1", "bench", "-f", one_}).target.database, "bench");
  const Options both = Parsed({"compare", "-f", one_, "-f", two_ + "@3", "bench"});
  ASSERT_EQ(both.plan.workload.scripts.size(), 2U);
  EXPECT_EQ(both.plan.workload.scripts[1].name, two_);
  EXPECT_EQ(both.plan.workload.scripts[1].weight, 3);
}

TEST(OptionsTest, TheLastOfRepeatedOptionsWins) {
  const Options options = Parsed({"compare",
                                  "-T",
                                  "1",
                                  "-c",
                                  "3",
                                  "--time=7",
                                  "--client",
                                  "5",
                                  "--progress=1",
                                  "-P",
                                  "2",
                                  "--seed",
                                  "1",
                                  "--random-seed=2",
                                  "-l",
                                  "-l",
                                  "--scenarios",
                                  "sync",
                                  "--scenarios",
                                  "window",
                                  "-M",
                                  "simple",
                                  "-M",
                                  "extended",
                                  "-S"});
  EXPECT_EQ(options.plan.load.duration_s, 7);
  EXPECT_EQ(options.plan.scenarios.at(0).limit, 5);
  EXPECT_EQ(options.output.progress_interval_s, 2);
  EXPECT_EQ(options.plan.workload.seed, 2U);
  EXPECT_THAT(Labels(options), testing::ElementsAre("window"));
  EXPECT_EQ(options.plan.workload.mode, QueryMode::kExtended);
}

TEST(OptionsTest, ProgressTakesPgbenchsSecondsAndPgringsModes) {
  EXPECT_EQ(Parsed({"compare", "--progress=1"}).output.progress_interval_s, 1);
  EXPECT_EQ(Parsed({"compare", "-P", "5"}).output.progress_interval_s, 5);
  EXPECT_EQ(Parsed({"compare", "-P5s"}).output.progress_interval_s, 5);
  const Options plain = Parsed({"compare", "--progress", "plain"});
  EXPECT_EQ(plain.output.progress, ProgressMode::kPlain);
  EXPECT_FALSE(plain.output.progress_interval_s.has_value());
  for (const char* value : {"0", "-1", "0.5", "loud", "1e9", ""}) {
    EXPECT_THAT(Refusal({"compare", "--progress", value}),
                HasSubstr("is neither a whole number of seconds from 1 to 86400 nor auto, bar"));
  }
}

TEST(OptionsTest, TimesMayHaveUnits) {
  EXPECT_EQ(Parsed({"compare", "-T", "5s"}).plan.load.duration_s, 5);
  EXPECT_EQ(Parsed({"compare", "-T", "2min"}).plan.load.duration_s, 120);
  EXPECT_EQ(Parsed({"compare", "-T", "0.5h"}).plan.load.duration_s, 1800);
  EXPECT_EQ(Parsed({"compare", "-T", "500ms"}).plan.load.duration_s, 0.5);
  EXPECT_EQ(Parsed({"compare", "--warmup", "1min"}).plan.load.warmup_s, 60);
  EXPECT_EQ(Parsed({"compare", "-L", "50"}).plan.load.latency_limit_ms, 50);
  EXPECT_EQ(Parsed({"compare", "-L", "50ms"}).plan.load.latency_limit_ms, 50);
  EXPECT_EQ(Parsed({"compare", "-L", "2s"}).plan.load.latency_limit_ms, 2000);
  EXPECT_EQ(Parsed({"compare", "-L", "500us"}).plan.load.latency_limit_ms, 0.5);
  EXPECT_EQ(Parsed({"compare", "-l", "--aggregate-interval", "1min"}).output.aggregate_interval_s,
            60);
  for (const char* value : {"5x", "s", "", "ms", "5 minutes", "nan", "infs", "0", "0x5", "-1s"}) {
    EXPECT_THAT(Refusal({"compare", "-T", value}),
                AllOf(HasSubstr("-T/--time: \""),
                      HasSubstr("is not a number of seconds from 0.001 to 604800")))
        << value;
  }
}

TEST(OptionsTest, JobsAreWorkersThatShareWhatHasALimit) {
  const auto workers = [](const std::vector<std::string>& arguments) {
    std::vector<int> counts;
    for (const ScenarioPlan& scenario : Parsed(arguments).plan.scenarios) {
      counts.push_back(scenario.workers);
    }
    return counts;
  };
  EXPECT_THAT(workers({"compare", "-j", "4"}), testing::ElementsAre(1, 4, 4, 4));
  EXPECT_THAT(workers({"compare", "--jobs=1"}), testing::Each(1));
  EXPECT_THAT(workers({"run", "--scenario", "window:1", "-j", "auto"}), testing::Each(1));
  EXPECT_THAT(Refusal({"run", "--scenario", "window:3", "-j", "4"}),
              HasSubstr("-j 4: 4 workers cannot share the 3 operations in flight of scenario"));
  EXPECT_THAT(Refusal({"run", "--scenario", "window:8:pool=3", "-j", "4"}),
              HasSubstr("-j 4: 4 workers cannot share the 3 connections of scenario"));
  EXPECT_THAT(Refusal({"compare", "-j", "2", "--print-rows"}), HasSubstr("--print-rows would mix"));
}

TEST(OptionsTest, SeedsAreNumbersTimeRandOrTheEnvironments) {
  ScopedPostgresEnvironment environment;
  EXPECT_EQ(Parsed({"compare"}).plan.workload.seed, 42U);
  EXPECT_EQ(Parsed({"compare", "--random-seed=7"}).plan.workload.seed, 7U);
  const uint64_t random = Parsed({"compare", "--random-seed=rand"}).plan.workload.seed;
  EXPECT_NE(Parsed({"compare", "--random-seed=rand"}).plan.workload.seed, random);
  // Microseconds since 1970, so that a later run has a larger one.
  const uint64_t time = Parsed({"compare", "--seed", "time"}).plan.workload.seed;
  EXPECT_GT(time, 1'700'000'000'000'000U);
  EXPECT_GE(Parsed({"compare", "--seed", "time"}).plan.load.arrival_seed, time);
  environment.Set("PGBENCH_RANDOM_SEED", "99");
  EXPECT_EQ(Parsed({"compare"}).plan.workload.seed, 99U);
  EXPECT_EQ(Parsed({"compare", "--seed", "7"}).plan.workload.seed, 7U);
  environment.Set("PGBENCH_RANDOM_SEED", "often");
  EXPECT_THAT(Refusal({"compare"}),
              HasSubstr("PGBENCH_RANDOM_SEED: \"often\" is neither a whole number"));
}

TEST(OptionsTest, ShowScriptPrintsAndEnds) {
  for (const char* command : {"compare", "run"}) {
    const Options options = Parsed({command, "--show-script=select-only"});
    EXPECT_EQ(options.command, Subcommand::kHelp);
    EXPECT_THAT(options.help_text, AllOf(HasSubstr("-- select-only: <builtin: select only>\n"),
                                         HasSubstr("SELECT abalance FROM pgbench_accounts")));
    EXPECT_THAT(Parsed({command, "-b", "list"}).help_text, HasSubstr("tpcb-like"));
  }
  EXPECT_THAT(Refusal({"compare", "--show-script=s"}), HasSubstr("--show-script: ambiguous"));
}

TEST(OptionsTest, TheUserSaysWhatAValidRunMayHave) {
  const Options strict = Parsed({"compare"});
  EXPECT_EQ(strict.plan.load.max_failed_share, 0.01);
  EXPECT_FALSE(strict.plan.load.allow_unstable);
  const Options lenient = Parsed({"compare", "--max-failed", "100", "--allow-unstable"});
  EXPECT_EQ(lenient.plan.load.max_failed_share, 1);
  EXPECT_TRUE(lenient.plan.load.allow_unstable);
}

// The message names the option, so that the user knows which of twenty to look at.
struct BadOption {
  std::vector<std::string> arguments;
  std::string message;
};

class BadOptionTest : public testing::TestWithParam<BadOption> {};

TEST_P(BadOptionTest, IsRefusedInOneLineThatNamesIt) {
  const std::string message = Refusal(GetParam().arguments);
  EXPECT_THAT(message, HasSubstr(GetParam().message));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOptionTest,
    testing::Values(BadOption{{"frobnicate"}, "frobnicate; see 'pgring --help'"},
                    BadOption{{"compare", "--frobnicate"},
                              "there is no option --frobnicate; see 'pgring compare --help'"},
                    BadOption{{"compare", "sync"}, "sync stands where the database's name does"},
                    BadOption{{"server", "bench"}, "\"bench\" is one argument too many"},
                    BadOption{{"compare", "-M", "extended"}, "-M is the protocol of scripts"},
                    BadOption{{"compare", "-s", "3"}, "-s sets the scripts' :scale"},
                    BadOption{{"compare", "--operations", "0"}, "--operations"},
                    BadOption{{"compare", "--operations", "10000001"}, "--operations"},
                    BadOption{{"compare", "--operations", "99999999999999999999"}, "--operations"},
                    BadOption{{"compare", "--operations", "-5"}, "--operations"},
                    BadOption{{"compare", "--operations", "many"}, "--operations"},
                    BadOption{{"compare", "--operations", "1e3"}, "--operations"},
                    BadOption{{"compare", "--operations"}, "--operations"},
                    BadOption{{"compare", "--write-ratio", "1.1"}, "--write-ratio"},
                    BadOption{{"compare", "--write-ratio", "-0.1"}, "--write-ratio"},
                    // Was accepted: no comparison with a range is true of it, the check's neither.
                    BadOption{{"compare", "--write-ratio", "nan"}, "--write-ratio"},
                    BadOption{{"compare", "--pool-timeout", "nan"}, "--pool-timeout"},
                    BadOption{{"compare", "--pool-timeout", "inf"}, "--pool-timeout"},
                    BadOption{{"compare", "--pool-timeout", "-1"}, "--pool-timeout"},
                    // Was accepted as 18446744073709551615.
                    BadOption{{"compare", "--seed", "-1"},
                              "--seed/--random-seed: \"-1\" is neither a whole number"},
                    BadOption{{"compare", "--seed", "18446744073709551616"}, "--seed"},
                    BadOption{{"compare", "--seed", "0x2a"}, "--seed"},
                    BadOption{{"compare", "--statements", "bulk"}, "--statements"},
                    BadOption{{"compare", "--io", "aio"}, "--io"},
                    BadOption{{"compare", "--limit", "0"}, "--limit"},
                    BadOption{{"compare", "--limit", "100001"}, "--limit"},
                    BadOption{{"compare", "--pool-size", "0"}, "--pool-size"},
                    BadOption{{"compare", "--max-overflow", "-1"}, "--max-overflow"},
                    BadOption{{"compare", "--progress", "loud"}, "--progress"},
                    BadOption{{"compare", "--color", "blue"}, "--color"},
                    BadOption{{"compare", "--scenarios", "bogus"}, "bogus"},
                    BadOption{{"compare", "--scenarios", ""}, "scenario \"\""},
                    BadOption{{"compare", "--throwaway", "-h", "x"}, "leave out -h"},
                    // Rows between the braces of a JSON text would spoil both.
                    BadOption{{"compare", "--print-rows", "--json", "-"}, "standard output"},
                    BadOption{{"compare", "-D", "x=1"}, "-D defines variables of scripts"},
                    // Was accepted, and nothing came of it.
                    BadOption{{"compare", "-r"}, "-r shows the times of scripts' commands: give"},
                    BadOption{{"run", "-r", "--scenario", "sync"}, "leave -r out"},
                    BadOption{{"server", "--tcp", "65536"}, "--tcp"},
                    BadOption{{"server", "--tcp", "-1"}, "--tcp"},
                    BadOption{{"server", "--max-connections", "0"}, "--max-connections"},
                    BadOption{{"server", "-h", "x"}, "-h"},
                    BadOption{{"doctor", "--operations", "1"}, "--operations"}));

// What main() of pgbench refuses after its options were read.
INSTANTIATE_TEST_SUITE_P(
    PgbenchRefuses, BadOptionTest,
    testing::Values(
        BadOption{{"compare", "-t", "5", "-T", "5"}, "-t and -T both say when a run ends"},
        BadOption{{"compare", "--progress-timestamp"}, "add -P SECONDS"},
        BadOption{{"compare", "--progress-timestamp", "--progress", "plain"}, "add -P SECONDS"},
        BadOption{{"compare", "--log-prefix", "x"}, "--log-prefix is for the transaction log"},
        BadOption{{"compare", "--log-prefix=pgbench_log"}, "add -l"},
        BadOption{{"compare", "--sampling-rate", "0.5"}, "--sampling-rate is for the transaction"},
        BadOption{{"compare", "--sampling-rate", "1"}, "--sampling-rate is for the transaction"},
        BadOption{{"compare", "-l", "--sampling-rate", "0"}, "--sampling-rate: must be above 0"},
        BadOption{{"compare", "-l", "--sampling-rate", "nan"}, "--sampling-rate: \"nan\" is not"},
        BadOption{{"compare", "--aggregate-interval", "5"}, "--aggregate-interval is for the"},
        BadOption{{"compare", "-l", "--aggregate-interval", "5", "--sampling-rate", "1"},
                  "leave out --sampling-rate"},
        BadOption{{"compare", "-l", "--aggregate-interval", "5", "-T", "12"},
                  "-T 12 is not a multiple of --aggregate-interval 5"},
        BadOption{{"compare", "-l", "--aggregate-interval", "50", "-T", "25"},
                  "-T 25 is not a multiple of --aggregate-interval 50"},
        BadOption{{"compare", "--max-tries", "0", "-S"}, "--max-tries 0 tries for ever"},
        BadOption{{"compare", "-D", "x", "-S"}, "is not of the form NAME=VALUE"},
        BadOption{{"compare", "-D", "=1", "-S"}, "is not of the form NAME=VALUE"},
        BadOption{{"compare", "-D", "x=", "-S"}, "is not of the form NAME=VALUE"},
        BadOption{{"compare", "-R", "0"}, "-R/--rate: \"0\" is not a number from 0.001"},
        BadOption{{"compare", "-L", "0"}, "-L/--latency-limit: \"0\" is not a number of milli"},
        BadOption{{"compare", "-c", "0"}, "-c/--client/--limit: \"0\" is not a whole number"},
        BadOption{{"compare", "-j", "0"}, "-j/--jobs: \"0\" is not a whole number from 1"},
        BadOption{{"compare", "-t", "0"}, "-t/--transactions: \"0\" is not a whole number"},
        BadOption{{"compare", "-s", "0"}, "-s/--scale: \"0\" is not a whole number from 1"},
        BadOption{{"compare", "-M", "fast"}, "-M/--protocol: fast not in"},
        BadOption{{"init", "--partition-method", "hash"}, "there are no partitions"},
        BadOption{{"init", "-I", "dtx"}, "--init-steps"}));

// What was typed, and what was probably meant.
INSTANTIATE_TEST_SUITE_P(
    Unknown, BadOptionTest,
    testing::Values(
        // Was "not expected: sync --scenarioz", in that order.
        BadOption{{"compare", "--scenarioz", "sync"},
                  "there is no option --scenarioz; did you mean --scenarios? See 'pgring compare"},
        BadOption{{"run", "--scenarios", "sync"}, "it is an option of 'pgring compare'"},
        BadOption{{"compare", "--tme=5"}, "there is no option --tme; did you mean --time?"},
        BadOption{{"compare", "--agg", "5"}, "did you mean --aggregate-interval?"},
        BadOption{{"compare", "--lgo"}, "did you mean --log?"},
        BadOption{{"compare", "-nSZ"}, "there is no option -Z; see"},
        BadOption{{"compare", "-F", "90"},
                  "there is no option -F: it is an option of 'pgring init'"},
        BadOption{{"init", "-c", "5"},
                  "there is no option -c: it is an option of 'pgring compare' and 'pgring run'"},
        BadOption{{"compare", "-i"}, "there is no option -i: 'pgring init' makes pgbench's tables"},
        BadOption{{"-i", "-s", "10", "bench"}, "-i: 'pgring init' makes pgbench's tables"},
        BadOption{{"compare", "--debug"}, "pgring has no debugging output"},
        BadOption{{"compare", "-d", "-c", "5"}, "-d names a database, and \"-c\" looks like an"},
        BadOption{
            {"-c", "10", "bench"},
            "-c needs a command before it: pgring compare|run|tune|report|diff|export|merge|"},
        BadOption{{"--hlep"}, "there is no option --hlep; did you mean --help?"},
        BadOption{{"-T10", "compare"}, "-T10 comes after the command: pgring compare -T10"},
        BadOption{{"comparee"}, "there is no command comparee; did you mean compare? See"},
        BadOption{{"compare", "-T"}, "-T/--time: a value is missing"},
        BadOption{{"compare", "-c", "many"}, "-c/--client/--limit: \"many\" is not a whole number"},
        BadOption{{"compare", "-v"}, "-v vacuums pgbench's tables for scripts: give one"},
        BadOption{{"compare", "--max-failed", "101"}, "--max-failed: \"101\" is not a number from"},
        BadOption{{"compare", "--scenarios", "window:1:2:4"}, "the limit is set twice"}));

}  // namespace
}  // namespace pgring
