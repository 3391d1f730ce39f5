// What `pgring init` makes of its command line and says of its progress, without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/init_command.h"
#include "pgring/base/clock.h"

namespace pgring {
namespace {

using testing::AllOf;
using testing::HasSubstr;

absl::StatusOr<Options> ParseInit(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"pgring", "init"});
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

InitOptions ParsedInit(const std::vector<const char*>& arguments) {
  const auto options = ParseInit(arguments);
  EXPECT_TRUE(options.ok()) << options.status();
  if (!options.ok()) return InitOptions();
  EXPECT_EQ(options->command, Subcommand::kInit);
  return options->init;
}

std::string InitRefusal(const std::vector<const char*>& arguments) {
  const auto options = ParseInit(arguments);
  EXPECT_FALSE(options.ok()) << "accepted: " << testing::PrintToString(arguments);
  return std::string(options.status().message());
}

TEST(InitOptionsTest, DefaultsAreThoseOfPgbench) {
  const InitOptions init = ParsedInit({});
  EXPECT_EQ(init.tables.scale, 1);
  EXPECT_EQ(init.tables.steps, "dtgvp");
  EXPECT_EQ(init.tables.fillfactor, 100);
  EXPECT_EQ(init.tables.partitions, 0);
  EXPECT_FALSE(init.tables.unlogged);
  EXPECT_FALSE(init.quiet);
}

TEST(InitOptionsTest, LettersAndLongNames) {
  const InitOptions init = ParsedInit(
      {"-s", "20", "-I", "d t G", "-F", "90", "-q", "--unlogged-tables", "--tablespace", "a",
       "--index-tablespace", "b", "--partitions", "3", "--partition-method", "hash"});
  EXPECT_EQ(init.tables.scale, 20);
  EXPECT_EQ(init.tables.steps, "d t G");
  EXPECT_EQ(init.tables.fillfactor, 90);
  EXPECT_TRUE(init.tables.unlogged);
  EXPECT_EQ(init.tables.tablespace, "a");
  EXPECT_EQ(init.tables.index_tablespace, "b");
  EXPECT_EQ(init.tables.partitions, 3);
  EXPECT_EQ(init.tables.partition_method, PgbenchPartitionMethod::kHash);
  EXPECT_TRUE(init.quiet);
  EXPECT_EQ(ParsedInit({"--scale", "2147483647"}).tables.scale, 2'147'483'647);
}

TEST(InitOptionsTest, OptionsThatAddAndTakeAwaySteps) {
  EXPECT_EQ(ParsedInit({"-n"}).tables.steps, "dtg p");
  EXPECT_EQ(ParsedInit({"--foreign-keys"}).tables.steps, "dtgvpf");
  EXPECT_EQ(ParsedInit({"--foreign-keys", "-I", "dtfp"}).tables.steps, "dtfp");
  EXPECT_EQ(ParsedInit({"-n", "-I", "v"}).tables.steps, " ");
}

TEST(InitOptionsTest, Refusals) {
  EXPECT_THAT(InitRefusal({"-I", "dtx"}),
              AllOf(HasSubstr("--init-steps"), HasSubstr("\"x\""), HasSubstr("dtgGvpf")));
  EXPECT_THAT(InitRefusal({"-I", " "}), HasSubstr("no step"));
  EXPECT_THAT(InitRefusal({"-s", "0"}), AllOf(HasSubstr("--scale"), HasSubstr("1 to 2147483647")));
  EXPECT_THAT(InitRefusal({"-s", "2147483648"}), HasSubstr("--scale"));
  EXPECT_THAT(InitRefusal({"-F", "9"}), AllOf(HasSubstr("--fillfactor"), HasSubstr("10 to 100")));
  EXPECT_THAT(InitRefusal({"--partitions", "-1"}), HasSubstr("--partitions"));
  EXPECT_THAT(InitRefusal({"--partitions", "2", "--partition-method", "list"}),
              HasSubstr("--partition-method"));
  EXPECT_THAT(InitRefusal({"--partition-method", "hash"}),
              AllOf(HasSubstr("--partition-method"), HasSubstr("with --partitions")));
  EXPECT_THAT(InitRefusal({"--throwaway"}), HasSubstr("--throwaway"));
}

TEST(InitSummaryTest, NamesEveryStep) {
  EXPECT_EQ(InitSummary({{'d', 4'000'000}, {'G', 1'500'000'000}}),
            "done in 1.50 s (drop tables 0.00 s, server-side generate 1.50 s).");
  EXPECT_EQ(InitSummary({}), "done in 0.00 s ().");
}

TEST(RowReportsTest, EveryHundredThousandRows) {
  RowReports reports(/*quiet=*/false);
  EXPECT_EQ(reports.Line("t", 10, 10, 1), "");
  EXPECT_EQ(reports.Line("t", 99'999, 500'000, 1), "");
  EXPECT_EQ(reports.Line("t", 100'000, 500'000, kNanosecondsPerSecond),
            "t: 100000 of 500000 rows (20%), 1.00 s, 4.00 s left");
  EXPECT_NE(reports.Line("t", 500'000, 500'000, 5 * kNanosecondsPerSecond), "");
}

TEST(RowReportsTest, QuietMeansEveryFiveSecondsAndTheLast) {
  RowReports reports(/*quiet=*/true);
  constexpr int64_t kSecond = kNanosecondsPerSecond;
  EXPECT_EQ(reports.Line("t", 10, 10, 1), "") << "a small table is not worth a line";
  EXPECT_EQ(reports.Line("t", 100'000, 500'000, 4 * kSecond), "");
  EXPECT_NE(reports.Line("t", 123'456, 500'000, 6 * kSecond), "");
  EXPECT_EQ(reports.Line("t", 200'000, 500'000, 9 * kSecond), "");
  EXPECT_NE(reports.Line("t", 300'000, 500'000, 10 * kSecond), "");
  EXPECT_NE(reports.Line("t", 500'000, 500'000, 11 * kSecond), "");
  EXPECT_EQ(reports.Line("u", 100'000, 500'000, 4 * kSecond), "") << "time began anew";
  EXPECT_NE(reports.Line("u", 200'000, 500'000, 5 * kSecond), "");
}

}  // namespace
}  // namespace pgring
