#include "run/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kReportedSettings[] = {"fsync", "synchronous_commit", "full_page_writes",
                                             "max_connections", "shared_buffers"};

constexpr const char* kAskAllowance =
    "SELECT current_setting('max_connections')::int,"
    " current_setting('superuser_reserved_connections')::int"
    "   + coalesce(current_setting('reserved_connections', true), '0')::int,"
    " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
    " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),"
    " (SELECT datconnlimit FROM pg_database WHERE datname = current_database())";

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const size_t colon = line.find(':');
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos && colon + 2 < line.size()) {
      return line.substr(colon + 2);
    }
  }
  return "";
}

}  // namespace

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

Environment DescribeHost() {
  Environment environment;
  environment.build = GetBuildInfo();
  environment.started_at = UtcNow();
  utsname names = {};
  if (uname(&names) == 0) {
    environment.host = names.nodename;
    environment.kernel = absl::StrCat(names.sysname, " ", names.release);
  }
  environment.cpu_model = CpuModel();
  environment.cpu_count = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  environment.memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  environment.libpq_version = LibpqVersion();
  return environment;
}

absl::Status DescribeServer(BlockingSession* session, const ConnectionParameters& parameters,
                            Environment* environment) {
  environment->server_version = session->libpq().ServerParameter("server_version");
  environment->server_address = parameters.Describe();
  for (const char* name : kReportedSettings) {
    absl::StatusOr<Result> shown = session->ExecuteSql(absl::StrCat("SHOW ", name).c_str());
    if (!shown.ok()) return Annotate(shown.status(), "asking the server for its settings");
    environment->server_settings.emplace_back(name, std::string(shown->Text(0, 0)));
  }
  return absl::OkStatus();
}

absl::StatusOr<ConnectionAllowance> AskConnectionAllowance(BlockingSession* session) {
  absl::StatusOr<Result> answer = session->ExecuteSql(kAskAllowance);
  if (!answer.ok()) return Annotate(answer.status(), "asking the server for its connection limits");
  const int64_t max_connections = answer->Integer(0, 0).value_or(0);
  const int64_t reserved = answer->Integer(0, 1).value_or(0);
  const bool superuser = answer->Text(0, 2) == "t";
  ConnectionAllowance allowance;
  allowance.connections = max_connections;
  allowance.explanation = absl::StrCat("max_connections ", max_connections);
  if (!superuser) {
    allowance.connections -= reserved;
    absl::StrAppend(&allowance.explanation, ", ", reserved, " reserved for superusers");
    for (const int column : {3, 4}) {
      const int64_t limit = answer->Integer(0, column).value_or(-1);
      if (limit < 0) continue;
      allowance.connections = std::min(allowance.connections, limit);
      absl::StrAppend(&allowance.explanation, ", CONNECTION LIMIT ", limit, " of the ",
                      column == 3 ? "role" : "database");
    }
  }
  --allowance.connections;
  absl::StrAppend(&allowance.explanation, ", 1 for pgring's own control");
  return allowance;
}

}  // namespace pgring
