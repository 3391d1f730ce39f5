// Our lines beside those of the real pgbench: what it logged is read, formatted again and compared
// byte for byte; of the lines that only a run can fill, the shape is compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "report/pgbench_log.h"
#include "report/pgbench_progress.h"
#include "support/server_environment.h"

namespace pgring {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::string> LinesOf(std::istream* stream) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(*stream, line);) lines.push_back(line);
  return lines;
}

// "0 12 3.5" becomes "N N N".
std::string Shape(const std::string& line) {
  static const std::regex number("[0-9]+(\\.[0-9]+)?");
  return std::regex_replace(line, number, "N");
}

// How many digits follow each point.
std::vector<size_t> Decimals(const std::string& line) {
  static const std::regex pattern("[.][0-9]+");
  std::vector<size_t> decimals;
  for (std::sregex_iterator it(line.begin(), line.end(), pattern), end; it != end; ++it) {
    decimals.push_back(static_cast<size_t>(it->length()) - 1);
  }
  return decimals;
}

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

PgbenchOutcome OutcomeOf(const std::string& word) {
  if (word == "skipped") return PgbenchOutcome::kSkipped;
  if (word == "serialization" || word == "failed") return PgbenchOutcome::kSerializationFailure;
  if (word == "deadlock") return PgbenchOutcome::kDeadlockFailure;
  return PgbenchOutcome::kSucceeded;
}

class PgbenchReferenceTest : public testing::Test {
 protected:
  PgbenchReferenceTest() {
    char name[] = "/tmp/pgring-reference-XXXXXX";
    if (mkdtemp(name) != nullptr) directory_ = name;
    EXPECT_EQ(AskServer("DROP TABLE IF EXISTS counter; CREATE TABLE counter AS SELECT 0 AS value"),
              "");
    WriteScript("nothing", "SELECT 1;\n");
    WriteScript("conflict",
                "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT value FROM counter;\n"
                "\\sleep 1 ms\nUPDATE counter SET value = value + 1;\nCOMMIT;\n");
  }
  ~PgbenchReferenceTest() override {
    std::filesystem::remove_all(directory_);
    AskServer("DROP TABLE counter");
  }

  void WriteScript(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ + "/" + name + ".sql") << text;
  }

  // Runs pgbench in the directory; the lines of both its streams.
  std::vector<std::string> Run(const std::string& arguments) const {
    const ConnectionParameters parameters = ServerParameters();
    const std::string command = "cd " + directory_ + " && pgbench -n " + arguments +
                                " 'host=" + parameters.Get("host") +
                                " port=" + parameters.Get("port") +
                                " user=" + parameters.Get("user") + " dbname=postgres' 2>&1";
    std::string output;
    FILE* stream = popen(command.c_str(), "r");
    std::array<char, 4096> buffer;
    for (size_t count = 1; stream != nullptr && count > 0;) {
      count = fread(buffer.data(), 1, buffer.size(), stream);
      output.append(buffer.data(), count);
    }
    const int status = stream == nullptr ? -1 : pclose(stream);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << output;
    std::istringstream lines(output);
    return LinesOf(&lines);
  }

  std::vector<std::string> FileNames() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      if (entry.path().extension() != ".sql") names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // The lines of the log of the first thread; fails unless there is one.
  std::vector<std::string> Log() const {
    const std::vector<std::string> names = FileNames();
    EXPECT_THAT(names, SizeIs(1));
    if (names.empty()) return {};
    std::ifstream file(directory_ + "/" + names.front());
    return LinesOf(&file);
  }

  // Every line of the log must come out of our formatter as it is.
  void ExpectReproduced(const PgbenchLogFormat& format) const {
    const std::vector<std::string> lines = Log();
    EXPECT_FALSE(lines.empty());
    const size_t columns = 6 + (format.rate ? 1 : 0) + (format.max_tries ? 1 : 0);
    for (const std::string& line : lines) {
      const std::vector<std::string> words = Words(line);
      ASSERT_THAT(words, SizeIs(columns)) << line;
      PgbenchTransaction transaction;
      transaction.client = std::stoi(words[0]);
      transaction.number = std::stoll(words[1]);
      transaction.outcome = OutcomeOf(words[2]);
      if (transaction.outcome == PgbenchOutcome::kSucceeded) {
        transaction.latency_us = std::stoll(words[2]);
      }
      transaction.script = std::stoi(words[3]);
      transaction.end_epoch_us = std::stoll(words[4]) * 1'000'000 + std::stoll(words[5]);
      if (format.rate) transaction.lag_us = std::stoll(words[6]);
      if (format.max_tries) transaction.retries = std::stoll(words.back());
      EXPECT_GE(transaction.number, 1) << line;
      PgbenchLogLine ours;
      EXPECT_EQ(FormatPgbenchTransaction(format, transaction, &ours), line + "\n");
    }
  }

  std::string directory_;
};

TEST_F(PgbenchReferenceTest, PlainLog) {
  Run("-l -t 20 -c 2 -f nothing.sql -f nothing.sql");
  ExpectReproduced({});
  EXPECT_THAT(Log(), SizeIs(40));
}

TEST_F(PgbenchReferenceTest, FileNamesOfThreads) {
  Run("-l -t 1 -c 3 -j 3 -f nothing.sql");
  std::vector<std::string> names = FileNames();
  ASSERT_THAT(names, SizeIs(3));
  const int64_t process_id =
      std::stoll(Words(std::regex_replace(names.front(), std::regex("[^0-9]+"), " "))[0]);
  std::vector<std::string> ours;
  for (int thread = 0; thread < 3; ++thread) {
    ours.push_back(PgbenchLogFileName(kDefaultPgbenchLogPrefix, process_id, thread));
  }
  EXPECT_EQ(names, ours);
}

TEST_F(PgbenchReferenceTest, LogWithScheduleLag) {
  Run("-l -t 50 -R 2000 -f nothing.sql");
  ExpectReproduced({.rate = true});
}

TEST_F(PgbenchReferenceTest, LogWithSkippedTransactions) {
  Run("-l -t 200 -R 1000000 -L 0.1 -f nothing.sql");
  ExpectReproduced({.rate = true, .latency_limit = true});
  EXPECT_THAT(Log(), Contains(HasSubstr(" skipped ")));
}

TEST_F(PgbenchReferenceTest, LogWithRetriesAndFailures) {
  Run("-l -t 20 -c 4 --max-tries 2 -f conflict.sql");
  ExpectReproduced({.max_tries = true});
  EXPECT_THAT(Log(), Contains(HasSubstr(" failed ")));
}

TEST_F(PgbenchReferenceTest, LogWithDetailedFailures) {
  Run("-l -t 20 -c 4 --failures-detailed -f conflict.sql");
  ExpectReproduced({.failures_detailed = true});
  EXPECT_THAT(Log(), Contains(HasSubstr(" serialization ")));
}

TEST_F(PgbenchReferenceTest, AggregatedLog) {
  for (const std::string more :
       {"", "-R 50 -L 100 --max-tries 2 --failures-detailed --log-prefix all"}) {
    SCOPED_TRACE(more);
    Run("-l --aggregate-interval 1 -T 3 -f nothing.sql " + more);
    const std::vector<std::string> theirs = Log();
    ASSERT_FALSE(theirs.empty());
    const bool all = !more.empty();
    PgbenchAggregator aggregator(
        {.rate = all, .latency_limit = all, .max_tries = all, .failures_detailed = all},
        std::stoll(Words(theirs.front())[0]) * 1'000'000, 1);
    std::vector<std::string> ours;
    const absl::Status advanced = aggregator.AdvanceTo(
        (std::stoll(Words(theirs.front())[0]) + 2) * 1'000'000, [&ours](std::string_view line) {
          ours.emplace_back(line.substr(0, line.size() - 1));
          return absl::OkStatus();
        });
    ASSERT_TRUE(advanced.ok()) << advanced;
    ASSERT_THAT(ours, SizeIs(2));
    ASSERT_GE(theirs.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(Shape(ours[i]), Shape(theirs[i])) << theirs[i];
      EXPECT_EQ(Words(ours[i])[0], Words(theirs[i])[0]) << "starts of intervals";
      // Intervals begin with whole seconds, so the first one is short: there may be none in it.
      if (i == 0) continue;
      EXPECT_NE(Words(theirs[i])[1], "0") << "transactions come second";
      EXPECT_EQ(Words(theirs[i])[6] == "0", !all) << "the sum of the lag comes seventh";
    }
    for (const std::string& name : FileNames()) std::filesystem::remove(directory_ + "/" + name);
  }
}

// An interval without transactions, as pgbench writes it.
TEST_F(PgbenchReferenceTest, EmptyInterval) {
  WriteScript("slow", "\\sleep 2200 ms\n");
  Run("-l --aggregate-interval 1 -t 1 -f slow.sql");
  const std::vector<std::string> theirs = Log();
  ASSERT_FALSE(theirs.empty());
  const int64_t start_s = std::stoll(Words(theirs.front())[0]);
  PgbenchAggregator aggregator({}, start_s * 1'000'000, 1);
  std::string ours;
  ASSERT_TRUE(aggregator
                  .AdvanceTo((start_s + 1) * 1'000'000,
                             [&ours](std::string_view line) {
                               ours = line;
                               return absl::OkStatus();
                             })
                  .ok());
  EXPECT_EQ(ours, theirs.front() + "\n");
}

TEST_F(PgbenchReferenceTest, ProgressLines) {
  struct Case {
    const char* arguments;
    PgbenchProgressFormat format;
  };
  for (const Case& each : {Case{"", {}}, Case{"-R 100", {.rate = true}},
                           Case{"-R 100 -L 50", {.rate = true, .latency_limit = true}},
                           Case{"-L 50 --max-tries 3", {.latency_limit = true, .max_tries = true}},
                           Case{"--progress-timestamp", {.timestamp = true}}}) {
    SCOPED_TRACE(each.arguments);
    const std::vector<std::string> lines =
        Run(std::string("-P 1 -T 2 -f nothing.sql ") + each.arguments);
    const auto theirs = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.rfind("progress: ", 0) == 0;
    });
    ASSERT_NE(theirs, lines.end()) << testing::PrintToString(lines);
    const std::string ours =
        PgbenchProgressLine(each.format, {.since_start_us = 1'000'000, .since_last_us = 1'000'000},
                            PgbenchProgressTotals(), PgbenchProgressTotals());
    EXPECT_EQ(Shape(ours), Shape(*theirs));
    EXPECT_EQ(Decimals(ours), Decimals(*theirs));
  }
}

}  // namespace
}  // namespace pgring
