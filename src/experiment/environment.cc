#include "experiment/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr const char* kReportedSettings[] = {"fsync", "synchronous_commit", "full_page_writes",
                                             "max_connections", "shared_buffers"};

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

}  // namespace pgring
