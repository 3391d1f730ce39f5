#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/scenario_list.h"

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
                              "--frobnicate; see 'pgring compare --help'"},
                    BadOption{{"compare", "sync"}, "sync; see 'pgring compare --help'"},
                    BadOption{{"compare", "run"}, "run"},
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
                    BadOption{{"compare", "--seed", "-1"}, "--seed: \"-1\" is not a whole number"},
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

}  // namespace
}  // namespace pgring
