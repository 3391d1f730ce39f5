#include "real_pgbench.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "cli_fixture.h"

namespace pgring {
namespace {

// Beside the server's programs, which may be links to where they really are, or in PATH.
std::string FindRealPgbench() {
  const PostgresBinaries& binaries = SharedServer().binaries();
  const std::filesystem::path real = std::filesystem::canonical(binaries.postgres());
  for (const std::filesystem::path& directory :
       {std::filesystem::path(binaries.directory), real.parent_path()}) {
    if (std::filesystem::exists(directory / "pgbench")) return directory / "pgbench";
  }
  return "pgbench";
}

}  // namespace

PgbenchRun RunRealPgbench(const std::vector<std::string>& arguments,
                          const std::string& environment) {
  std::string command = "env LC_ALL=C";
  if (!environment.empty()) command += " '" + environment + "'";
  command += " '" + FindRealPgbench() + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " '" + SharedServer().conninfo() + "' 2>&1 </dev/null";
  PgbenchRun run;
  FILE* stream = popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t count = 1; stream != nullptr && count > 0;) {
    count = fread(buffer.data(), 1, buffer.size(), stream);
    run.output.append(buffer.data(), count);
  }
  const int status = stream == nullptr ? -1 : pclose(stream);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return run;
}

void ExpectRealPgbenchDoes(int64_t transactions, const std::vector<std::string>& arguments,
                           const std::string& environment) {
  const PgbenchRun run = RunRealPgbench(arguments, environment);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  const std::string all = std::to_string(transactions);
  const std::string processed = "actually processed: " + all + "/" + all + "\n";
  for (const std::string& line : {processed, std::string("failed transactions: 0 ")}) {
    EXPECT_NE(run.output.find(line), std::string::npos) << line << "is not in\n" << run.output;
  }
}

}  // namespace pgring
