// What the tests of the program share: one real server for each test program, comparisons on it,
// and their results read back. At the end of each test program every result.json that a program
// under test wrote below its working directory is checked against the schema.
#ifndef PGRING_TESTS_CLI_CLI_FIXTURE_H_
#define PGRING_TESTS_CLI_CLI_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/throwaway_server.h"
#include "support/program.h"

namespace pgring {

using Json = nlohmann::json;

// Where the tests let comparisons write, below the program's working directory.
inline constexpr char kOut[] = "out";
inline constexpr char kOutLeft[] = "work/out";
// max_connections of the shared server.
inline constexpr int kServerConnections = 60;
// A role that must give this password on the Unix socket, and one that may nothing in particular.
inline constexpr char kPasswordRole[] = "secretive";
inline constexpr char kPassword[] = "open-sesame";
inline constexpr char kPlainRole[] = "plain";

// Started when first asked for, gone with the test program. Its commits reach the kernel but not
// the disk (fsync off), which no test can tell from a durable server.
ThrowawayServer& SharedServer();
// One like it that the test may end.
std::unique_ptr<ThrowawayServer> StartServer();

// A session of the test's own.
class Client {
 public:
  explicit Client(const std::string& conninfo);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const;
  // The first value of the last result ("" when there is none), or the error message.
  std::string Ask(const std::string& sql);

 private:
  void* connection_;
};

// The same over a session of its own on the shared server.
std::string AskServer(const std::string& sql);

// A script, mine.sql, in a directory of its own that goes with the object.
class ScriptFile {
 public:
  explicit ScriptFile(const std::string& text);
  ~ScriptFile();
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;
  std::string path() const { return directory_ + "/mine.sql"; }

 private:
  std::string directory_;
};

// `arguments` of "run" and "compare" with the I/O mode that PGRING_TEST_IO names, if it does: so
// that the same test program runs once in each (see meson.build).
std::vector<std::string> InTestIoMode(std::vector<std::string> arguments);

// `command` on `conninfo` with --out kOut and then `arguments`; in the tests' I/O mode.
std::vector<std::string> On(const std::string& conninfo, const std::string& command,
                            const std::vector<std::string>& arguments);
// "pgring run --scenario SCENARIO" there, with as many operations.
std::vector<std::string> RunOn(const std::string& conninfo, const std::string& scenario,
                               int64_t operations, const std::vector<std::string>& more = {});

// result.json of the program's --out kOut; a null value when there is none that parses.
Json ResultOf(const Program& program);

// Expects of a run that every operation is accounted for, overall and in each kind, and that it ran
// in the tests' I/O mode.
void ExpectAllAccountedFor(const Json& run, int64_t operations);
// Expects a successful verification.
void ExpectVerified(const Json& run);
// Expects the exit code that the runs' validity calls for, and that nothing but figures of an unfit
// build, and what is true of `failed`, spoils validity: at most 1 % failed, or a reason that says
// so.
void ExpectJudged(const Json& run);
int ExitOf(const Json& result);

// The reasons of a run without the one that a sanitizer or debug build adds to every run.
std::vector<std::string> ReasonsOf(const Json& run);
// Whether any of `texts` contains `part`.
bool AnyContains(const std::vector<std::string>& texts, const std::string& part);

}  // namespace pgring

#endif  // PGRING_TESTS_CLI_CLI_FIXTURE_H_
