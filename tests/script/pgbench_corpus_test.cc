// Runs a corpus of expressions through the real pgbench and through ours and compares every result.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cluster/find_binaries.h"
#include "cluster/throwaway_server.h"
#include "script/random_source.h"
#include "script/script_list.h"
#include "script/script_parser.h"
#include "script/script_runner.h"

namespace pgring {
namespace {

constexpr uint64_t kSeed = 20251101;

const ScriptRunner::Definitions kDefinitions = {
    {"i", "42"},
    {"n", "-7"},
    {"z", "0"},
    {"big", "9223372036854775807"},
    {"d", "1.5"},
    {"t", "true"},
    {"f", "FALSE"},
    {"y", "yE"},
    {"off", "off"},
    {"nothing", "NuLl"},
    {"blank", " 12"},
    {"hex", "0x1F"},
    {"e", "-1e3"},
    {"word", "abc"},
    {"sign", "+"},
    {"huge", "99999999999999999999"},
    {"infinite", "inf"},
    {"tail", "12 "},
    {"underflow", "1e-999"},
    {"nan", "nan"},
};

// Beside the server's programs, which may be links to where they really are, or in PATH.
std::string FindPgbench() {
  std::vector<std::filesystem::path> directories;
  const auto binaries = FindPostgresBinaries();
  if (binaries.ok()) {
    directories.emplace_back(binaries->directory);
    directories.push_back(std::filesystem::canonical(binaries->postgres()).parent_path());
  }
  const char* path = std::getenv("PATH");
  for (const auto& part : absl::StrSplit(path == nullptr ? "" : path, ':')) {
    directories.emplace_back(std::string(part));
  }
  for (const auto& directory : directories) {
    if (std::filesystem::exists(directory / "pgbench")) return directory / "pgbench";
  }
  return "";
}

class PgbenchEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    pgbench_ = FindPgbench();
    if (pgbench_.empty()) {
      std::fprintf(stderr, "there is no pgbench beside the server's programs or in PATH\n");
      std::exit(1);
    }
    auto started = ThrowawayServer::Start({});
    if (!started.ok()) {
      std::fprintf(stderr, "the test server did not start: %s\n",
                   started.status().ToString().c_str());
      std::exit(1);
    }
    server_ = *std::move(started);
    char directory[] = "/tmp/pgring-script-test-XXXXXX";
    directory_ = mkdtemp(directory);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  const ThrowawayServer& server() const { return *server_; }
  const std::string& pgbench() const { return pgbench_; }
  const std::string& directory() const { return directory_; }

 private:
  std::unique_ptr<ThrowawayServer> server_;
  std::string pgbench_;
  std::string directory_;
};

// Owned by GoogleTest.
PgbenchEnvironment* const kEnvironment =
    static_cast<PgbenchEnvironment*>(::testing::AddGlobalTestEnvironment(new PgbenchEnvironment));

std::string WriteScript(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(kEnvironment->directory(), "/", name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

// The lines that pgbench writes to standard error.
std::vector<std::string> RunPgbench(const std::vector<std::string>& arguments) {
  std::vector<std::string> quoted = {absl::StrCat("'", kEnvironment->pgbench(), "'")};
  for (const std::string& argument : arguments) quoted.push_back(absl::StrCat("'", argument, "'"));
  quoted.push_back(absl::StrCat("'", kEnvironment->server().conninfo(), "'"));
  const std::string command =
      absl::StrCat("LC_ALL=C ", absl::StrJoin(quoted, " "), " 2>&1 >/dev/null </dev/null");
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {"popen failed"};
  std::string text;
  char buffer[4096];
  size_t count = 0;
  while ((count = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0) text.append(buffer, count);
  pclose(pipe);
  return absl::StrSplit(text, '\n');
}

std::vector<std::string> RunScript(const std::string& path, int transactions,
                                   const ScriptRunner::Definitions& definitions = kDefinitions) {
  std::vector<std::string> arguments = {
      "-n", "-t", absl::StrCat(transactions), absl::StrCat("--random-seed=", kSeed), "-f", path};
  for (const auto& [name, text] : definitions) {
    arguments.insert(arguments.end(), {"-D", absl::StrCat(name, "=", text)});
  }
  return RunPgbench(arguments);
}

std::vector<std::string> DebugLines(const std::vector<std::string>& lines) {
  std::vector<std::string> result;
  for (const std::string& line : lines) {
    if (line.starts_with("debug(")) result.push_back(line);
  }
  return result;
}

// The first "pgbench: error: ..." without that.
std::string FirstError(const std::vector<std::string>& lines) {
  constexpr absl::string_view kLead = "pgbench: error: ";
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, kLead)) return line.substr(kLead.size());
  }
  return "";
}

// Expressions by section ("[values]"); lines that begin with -- are comments.
const std::vector<std::string>& Corpus(const std::string& section) {
  static const auto* const sections = [] {
    auto* read = new std::map<std::string, std::vector<std::string>>;
    std::ifstream file(PGRING_EXPRESSIONS_FILE);
    std::string line;
    std::string current;
    while (std::getline(file, line)) {
      if (line.empty() || line.starts_with("--")) continue;
      if (line.starts_with("[")) {
        current = line.substr(1, line.size() - 2);
      } else {
        (*read)[current].push_back(line);
      }
    }
    return read;
  }();
  return sections->at(section);
}

TEST(PgbenchCorpus, IsLarge) {
  EXPECT_GE(
      Corpus("values").size() + Corpus("run-time errors").size() + Corpus("static errors").size(),
      300u);
}

// Several transactions, so that the generator's state is carried on as well.
TEST(PgbenchCorpus, ValuesAreTheSame) {
  std::string text;
  for (const std::string& expression : Corpus("values")) {
    absl::StrAppend(&text, "\\set v debug(", expression, ")\n");
  }
  constexpr int kTransactions = 3;
  const std::vector<std::string> lines = RunScript(WriteScript("values.sql", text), kTransactions);
  ASSERT_EQ(FirstError(lines), "");
  const std::vector<std::string> theirs = DebugLines(lines);

  ScriptRunner runner(kSeed, kDefinitions);
  const auto script = runner.Parse(text);
  ASSERT_TRUE(script.ok()) << script.status();
  for (int i = 0; i < kTransactions; ++i) {
    const absl::Status status = runner.Run(*script);
    ASSERT_TRUE(status.ok()) << status << " after " << runner.debug_lines().back();
  }
  const std::vector<std::string>& ours = runner.debug_lines();
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_GE(ours.size(), Corpus("values").size() * kTransactions);
  // The lines say which command, and so which expression, they are from.
  for (size_t i = 0; i < theirs.size(); ++i) EXPECT_EQ(ours[i], theirs[i]);
}

TEST(PgbenchCorpus, RunTimeErrorsAreTheSame) {
  for (const std::string& expression : Corpus("run-time errors")) {
    const std::string text = absl::StrCat("\\set v debug(", expression, ")\n");
    const std::vector<std::string> lines = RunScript(WriteScript("error.sql", text), 1);
    const std::string theirs = FirstError(lines);
    EXPECT_NE(theirs, "") << expression;

    ScriptRunner runner(kSeed, kDefinitions);
    const auto script = runner.Parse(text);
    ASSERT_TRUE(script.ok()) << script.status();
    EXPECT_EQ(std::string(runner.Run(*script).message()), theirs) << expression;
    // What was written before the error.
    EXPECT_EQ(runner.debug_lines(), DebugLines(lines)) << expression;
  }
}

// Ours names the column, and at syntax errors the token.
std::string WithoutOurs(std::string message, const std::string& path) {
  message = message.substr(0, message.find('\n'));
  const size_t line_end = message.find(':', path.size() + 1);
  const size_t column_end = message.find(':', line_end + 1);
  message.erase(line_end, column_end - line_end);
  const size_t token = message.find("syntax error (");
  if (token != std::string::npos) {
    const size_t begin = token + std::string("syntax error").size();
    message.erase(begin, message.rfind(" in command") - begin);
  }
  return message;
}

// "\n" in the corpus is a line break.
TEST(PgbenchCorpus, StaticErrorsAreTheSame) {
  for (const std::string& line : Corpus("static errors")) {
    const std::string text = absl::StrCat(absl::StrJoin(absl::StrSplit(line, "\\n"), "\n"), "\n");
    const std::string path = WriteScript("static.sql", text);
    const std::vector<std::string> lines = RunPgbench({"-n", "-f", path});
    SymbolTable symbols;
    const auto script = ParseScript({path, text}, &symbols);
    ASSERT_FALSE(script.ok()) << line;
    EXPECT_EQ(WithoutOurs(std::string(script.status().message()), path), FirstError(lines)) << line;
  }
}

TEST(Pgbench, RandomNumbersOfAllKindsAreTheSame) {
  const std::string text =
      "\\set a debug(random(1, 1000000))\n"
      "\\set b debug(random_gaussian(-500, 10000, 2.5))\n"
      "\\set c debug(random_exponential(1, 100000, 9.9))\n"
      "\\set d debug(random_zipfian(1, 100000, 1.07))\n"
      "\\set e debug(random_zipfian(5, 90000000000, 3.5))\n"
      "\\set f debug(hash(:a))\n"
      "\\set g debug(permute(:a, 77777))\n";
  constexpr int kTransactions = 500;
  const std::vector<std::string> theirs =
      DebugLines(RunScript(WriteScript("random.sql", text), kTransactions, {}));
  ScriptRunner runner(kSeed);
  const auto script = runner.Parse(text);
  ASSERT_TRUE(script.ok()) << script.status();
  for (int i = 0; i < kTransactions; ++i) ASSERT_TRUE(runner.Run(*script).ok());
  ASSERT_EQ(theirs.size(), 7u * kTransactions);
  EXPECT_EQ(runner.debug_lines(), theirs);
}

TEST(Pgbench, EveryClientDrawsTheSame) {
  constexpr int kClients = 5;
  constexpr int kTransactions = 20;
  const std::string text = "\\set a debug(:client_id * 10000000 + random(1, 1000000))\n";
  std::vector<std::string> theirs = DebugLines(
      RunPgbench({"-n", "-t", absl::StrCat(kTransactions), "-c", absl::StrCat(kClients), "-j", "1",
                  absl::StrCat("--random-seed=", kSeed), "-f", WriteScript("client.sql", text)}));
  RunGenerators generators = MakeRunGenerators(kSeed, kClients, 1, false);
  std::vector<std::string> ours;
  for (int client = 0; client < kClients; ++client) {
    for (int i = 0; i < kTransactions; ++i) {
      const int64_t number = generators.clients[client].Uniform(1, 1'000'000);
      ours.push_back(absl::StrCat("debug(script=0,command=1): int ", client * 10'000'000 + number));
    }
  }
  // The clients run side by side.
  std::sort(theirs.begin(), theirs.end());
  std::sort(ours.begin(), ours.end());
  EXPECT_EQ(ours, theirs);
}

TEST(Pgbench, ScriptsAreChosenTheSame) {
  constexpr int kTransactions = 200;
  const std::string path = WriteScript("choice.sql", "\\set a debug(0)\n");
  const std::vector<std::string> theirs = DebugLines(
      RunPgbench({"-n", "-t", absl::StrCat(kTransactions), absl::StrCat("--random-seed=", kSeed),
                  "-f", path + "@3", "-f", path + "@0", "-f", path + "@2"}));
  const auto chooser = ScriptChooser::Make({3, 0, 2});
  ASSERT_TRUE(chooser.ok());
  RunGenerators generators = MakeRunGenerators(kSeed, 1, 1, false);
  std::vector<std::string> ours;
  for (int i = 0; i < kTransactions; ++i) {
    const size_t script = chooser->Choose(&generators.threads[0].choose_script);
    ours.push_back(absl::StrCat("debug(script=", script, ",command=1): int 0"));
  }
  EXPECT_EQ(ours, theirs);
}

}  // namespace
}  // namespace pgring
