// Every option of pgbench 15 is accepted, in the form in which pgbench's users write it, or refused
// with a message that says what to use in pgring.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "cli/options.h"

namespace pgring {
namespace {

struct PgbenchOption {
  std::string name;                 // the long one
  std::string forms;                // what is tried, one after the other, split at '|'
  std::string refusal;              // part of the message; empty: accepted
  std::string command = "compare";  // of pgring
  std::string with = "-S";          // other options that it needs
};

const std::vector<PgbenchOption>& PgbenchOptions() {
  static const std::vector<PgbenchOption> options = {
      {"--initialize", "-i|--initialize", "'pgring init' makes pgbench's tables"},
      {"--init-steps", "-I dtg|--init-steps=dtgvp", "", "init", ""},
      {"--fillfactor", "-F 90|--fillfactor=90", "", "init", ""},
      {"--no-vacuum", "-n|--no-vacuum", "", "init", ""},
      {"--quiet", "-q|--quiet", "", "init", ""},
      {"--scale", "-s 10|-s10|--scale=10", "", "init", ""},
      {"--foreign-keys", "--foreign-keys", "", "init", ""},
      {"--index-tablespace", "--index-tablespace=fast", "", "init", ""},
      {"--partition-method", "--partition-method=hash", "", "init", "--partitions=2"},
      {"--partitions", "--partitions=2", "", "init", ""},
      {"--tablespace", "--tablespace=fast", "", "init", ""},
      {"--unlogged-tables", "--unlogged-tables", "", "init", ""},
      {"--builtin", "-b tpcb-like|-b se@2|-bselect|--builtin=simple-update@3", ""},
      {"--file", "-f /nonexistent.sql|--file=/nonexistent.sql", "-f: "},
      {"--skip-some-updates", "-N|--skip-some-updates", ""},
      {"--select-only", "-S|--select-only", "", "compare", ""},
      {"--client", "-c 10|-c10|--client=10|--client 10", ""},
      {"--connect", "-C|--connect", ""},
      {"--define", "-D a=1|-Da=1|--define=a=1", ""},
      {"--jobs", "-j 4|-j4|--jobs=4", ""},
      {"--log", "-l|--log", ""},
      {"--latency-limit", "-L 10|-L 0.5|--latency-limit=10", ""},
      {"--protocol", "-M simple|-M extended|--protocol=prepared", "", "compare",
       "-S --scenarios window"},
      {"--no-vacuum", "-n|--no-vacuum", ""},
      {"--progress", "-P 1|-P1|--progress=1|--progress 1", ""},
      {"--report-per-command", "-r|--report-per-command", ""},
      {"--rate", "-R 100|-R 0.5|--rate=100", ""},
      {"--scale", "-s 10|--scale=10", ""},
      {"--transactions", "-t 100|-t100|--transactions=100", ""},
      {"--time", "-T 60|-T60|--time=60", ""},
      {"--vacuum-all", "-v|--vacuum-all", ""},
      {"--aggregate-interval", "--aggregate-interval=5", "", "compare", "-S -l -T 10"},
      {"--failures-detailed", "--failures-detailed", ""},
      {"--log-prefix", "--log-prefix=run", "", "compare", "-S -l"},
      {"--max-tries", "--max-tries=10|--max-tries 1", ""},
      {"--progress-timestamp", "--progress-timestamp", "", "compare", "-S -P 1"},
      {"--random-seed", "--random-seed=42|--random-seed=time|--random-seed=rand", ""},
      {"--sampling-rate", "--sampling-rate=0.01|--sampling-rate=1", "", "compare", "-S -l"},
      {"--verbose-errors", "--verbose-errors", ""},
      {"--show-script", "--show-script=tpcb-like", "", "compare", ""},
      // pgbench 15 has -d for it; -d and --dbname name the database here, as since pgbench 17.
      {"--debug", "--debug", "pgring has no debugging output"},
      {"--debug", "-d", "", "compare", "-S"},
      {"--host", "-h db.example|--host=db.example", ""},
      {"--port", "-p 5433|--port=5433", ""},
      {"--username", "-U app|--username=app", ""},
      {"--version", "-V|--version", "", "compare", ""},
      {"--help", "-?|--help", "", "compare", ""},
  };
  return options;
}

absl::StatusOr<Options> ParseWords(const std::string& words) {
  const std::vector<std::string> arguments = absl::StrSplit(words, ' ', absl::SkipEmpty());
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  return ParseOptions(static_cast<int>(pointers.size()), pointers.data());
}

TEST(PgbenchOptionsTest, AreAcceptedOrSayWhatToUse) {
  for (const PgbenchOption& option : PgbenchOptions()) {
    const std::vector<std::string> forms = absl::StrSplit(option.forms, '|');
    for (const std::string& form : forms) {
      std::string line = "pgring " + option.command + " " + option.with + " " + form + " bench";
      if (form == "-V" || form == "--version") line = "pgring " + form;
      const absl::StatusOr<Options> options = ParseWords(line);
      if (option.refusal.empty()) {
        ASSERT_TRUE(options.ok()) << line << ": " << options.status();
        if (options->command == Subcommand::kHelp || options->command == Subcommand::kVersion) {
          continue;
        }
        EXPECT_EQ(options->target.database, "bench") << line;
      } else {
        EXPECT_THAT(std::string(options.status().message()), testing::HasSubstr(option.refusal))
            << line;
      }
    }
  }
}

TEST(PgbenchOptionsTest, AreAllHere) {
  std::set<std::string> known;
  for (const PgbenchOption& option : PgbenchOptions()) known.insert(option.name);
  FILE* help = popen("pgbench --help 2>/dev/null", "r");
  ASSERT_NE(help, nullptr);
  std::string text;
  for (int character = fgetc(help); character != EOF; character = fgetc(help)) {
    text += static_cast<char>(character);
  }
  pclose(help);
  if (text.empty()) GTEST_SKIP() << "no pgbench in PATH";
  const std::regex names(R"(\n  (?:-., )?(--[a-z-]+))");
  int count = 0;
  for (std::sregex_iterator name(text.begin(), text.end(), names), end; name != end; ++name) {
    EXPECT_EQ(known.count((*name)[1]), 1U) << (*name)[1] << " of pgbench is not in the table";
    ++count;
  }
  EXPECT_GE(count, 40);
}

}  // namespace
}  // namespace pgring
