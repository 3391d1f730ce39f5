#include "cluster/server_settings.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "cluster/directory_layout.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

// Where the server listens and what it reads is how we find it and end it.
constexpr const char* kFixedSettings[] = {
    "config_file",      "data_directory",          "hba_file", "ident_file",
    "listen_addresses", "unix_socket_directories", "port",
};

absl::Status CheckSettingName(const std::string& name) {
  const bool well_formed =
      !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char character) {
        return absl::ascii_isalnum(character) || character == '_' || character == '.';
      });
  if (!well_formed) {
    return absl::InvalidArgumentError(
        fmt::format("start a throwaway server: \"{}\" is not the name of a server setting; give "
                    "NAME=VALUE as in postgresql.conf",
                    name));
  }
  const auto is_same = [&name](const char* fixed) { return absl::AsciiStrToLower(name) == fixed; };
  if (std::any_of(std::begin(kFixedSettings), std::end(kFixedSettings), is_same)) {
    return absl::InvalidArgumentError(fmt::format(
        "start a throwaway server: pgring needs the setting {} for itself there; leave it "
        "out (the option for TCP sets addresses and port)",
        name));
  }
  return absl::OkStatus();
}

// Symbolic links are refused: the directory belongs to the server's user and we may be root.
absl::Status OpenServerFile(const std::string& path, int flags, int* fd) {
  *fd = open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC);
  if (*fd < 0) return ErrnoStatus(errno, fmt::format("open {}", path));
  return absl::OkStatus();
}

absl::Status WriteAllAndClose(int fd, std::string_view text, const std::string& path) {
  absl::Status status;
  while (!text.empty()) {
    const ssize_t length = write(fd, text.data(), text.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) {
      status = ErrnoStatus(errno, fmt::format("write {}", path));
      break;
    }
    text.remove_prefix(static_cast<size_t>(length));
  }
  close(fd);
  return status;
}

std::string ReadToEnd(int fd) {
  std::string content;
  char buffer[4096];
  ssize_t length;
  while ((length = read(fd, buffer, sizeof(buffer))) > 0) {
    content.append(buffer, static_cast<size_t>(length));
  }
  return content;
}

absl::Status AddHbaLines(const std::vector<std::string>& lines, const std::string& path) {
  int fd = -1;
  PGRING_RETURN_IF_ERROR(OpenServerFile(path, O_RDWR, &fd));
  const std::string text = fmt::format("{}\n{}", fmt::join(lines, "\n"), ReadToEnd(fd));
  if (lseek(fd, 0, SEEK_SET) < 0) {
    const int error = errno;
    close(fd);
    return ErrnoStatus(error, fmt::format("rewind {}", path));
  }
  return WriteAllAndClose(fd, text, path);
}

bool IsInherited(std::string_view variable) {
  for (const std::string_view prefix : {"PG", "LC_", "LANG=", "LANGUAGE=", "NOTIFY_SOCKET="}) {
    if (variable.substr(0, prefix.size()) == prefix) return false;
  }
  return true;
}

std::string QuoteConninfoValue(std::string_view value) {
  std::string quoted = "'";
  for (const char character : value) {
    if (character == '\'' || character == '\\') quoted += '\\';
    quoted += character;
  }
  return quoted + "'";
}

bool IsAboutEarlyConnections(std::string_view line) {
  for (const char* text : {"FATAL:  the database system is starting up",
                           "FATAL:  the database system is not yet accepting connections",
                           "DETAIL:  Consistent recovery state has not been yet reached."}) {
    if (line.find(text) != std::string_view::npos) return true;
  }
  return false;
}

bool IsPlainConninfoValue(std::string_view value) {
  return !value.empty() && value.find_first_of(" \t\n'\\") == std::string_view::npos;
}

}  // namespace

absl::Status CheckServerOptions(const ThrowawayServerOptions& options) {
  if (options.max_connections < 1 || options.max_connections > kMaxConnectionsLimit) {
    return absl::InvalidArgumentError(
        fmt::format("start a throwaway server: max_connections {} is outside 1..{}",
                    options.max_connections, kMaxConnectionsLimit));
  }
  if (options.tcp_port.has_value() && (*options.tcp_port < 0 || *options.tcp_port > 65'535)) {
    return absl::InvalidArgumentError(fmt::format(
        "start a throwaway server: TCP port {} is outside 0..65535 (0: any)", *options.tcp_port));
  }
  for (const auto& [name, value] : options.settings) {
    PGRING_RETURN_IF_ERROR(CheckSettingName(name));
    if (value.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(
          fmt::format("start a throwaway server: the value of {} contains a zero byte", name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckParentDirectory(const std::string& parent, int port) {
  if (parent.find(',') != std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("start a throwaway server below {}: libpq cannot connect to a socket whose "
                    "path has a comma; set TMPDIR to another directory",
                    parent));
  }
  const size_t length = fmt::format("{}/{}{:X<{}}/.s.PGSQL.{}", parent, kDirectoryPrefix, "",
                                    kDirectorySuffixLength, port)
                            .size();
  if (length <= kSocketPathLimitBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "start a throwaway server below {}: the path of its Unix socket would have {} bytes and the "
      "limit is {}; set TMPDIR to a directory with a shorter path, such as /tmp",
      parent, length, kSocketPathLimitBytes));
}

std::vector<std::string> InitdbArguments(const PostgresBinaries& binaries,
                                         const std::string& data_directory) {
  std::vector<std::string> arguments = {
      binaries.initdb(), "-D",        data_directory,    "-A",         "trust", "-U",
      kDatabaseUserName, "--no-sync", "--encoding=UTF8", "--locale=C",
  };
  constexpr int kFirstWithNoInstructions = 14;
  if (binaries.major_version >= kFirstWithNoInstructions) arguments.push_back("--no-instructions");
  return arguments;
}

std::vector<std::string> ServerEnvironment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (IsInherited(*variable)) variables.emplace_back(*variable);
  }
  variables.emplace_back("LC_ALL=C");
  return variables;
}

std::string QuoteSetting(std::string_view value) {
  std::string quoted = "'";
  for (const char character : value) {
    if (character == '\n') {
      quoted += "\\n";
      continue;
    }
    if (character == '\'' || character == '\\') quoted += character;
    quoted += character;
  }
  return quoted + "'";
}

std::string ConfigurationText(const ThrowawayServerOptions& options, const std::string& directory,
                              int port) {
  // A list of names in double quotes, in which a double quote is doubled.
  std::string socket_directory = "\"";
  for (const char character : directory) {
    if (character == '"') socket_directory += character;
    socket_directory += character;
  }
  socket_directory += '"';

  std::vector<std::pair<std::string, std::string>> settings = {
      {"listen_addresses", options.tcp_port.has_value() ? "127.0.0.1" : ""},
      {"port", std::to_string(port)},
      {"unix_socket_directories", socket_directory},
      {"max_connections", std::to_string(options.max_connections)},
      // No checkpoint falls into a run: its cost would land on whichever scenario is running.
      {"max_wal_size", "4GB"},
      {"checkpoint_timeout", "30min"},
      {"logging_collector", "off"},
      {"log_destination", "stderr"},
  };
  if (options.unsafe_fast) {
    for (const char* name : {"fsync", "synchronous_commit", "full_page_writes"}) {
      settings.emplace_back(name, "off");
    }
  }
  settings.insert(settings.end(), options.settings.begin(), options.settings.end());
  std::string text = "\n# pgring throwaway server\n";
  for (const auto& [name, value] : settings) {
    text += fmt::format("{} = {}\n", name, QuoteSetting(value));
  }
  return text;
}

absl::Status AddConfiguration(const ThrowawayServerOptions& options, const std::string& directory,
                              int port) {
  const std::string data_directory = directory + "/" + kDataDirectoryName;
  const std::string path = data_directory + "/postgresql.conf";
  int fd = -1;
  PGRING_RETURN_IF_ERROR(OpenServerFile(path, O_WRONLY | O_APPEND, &fd));
  PGRING_RETURN_IF_ERROR(WriteAllAndClose(fd, ConfigurationText(options, directory, port), path));
  if (options.hba_lines.empty()) return absl::OkStatus();
  return AddHbaLines(options.hba_lines, data_directory + "/pg_hba.conf");
}

std::string ConninfoText(const std::string& host, int port) {
  const std::string shown_host = IsPlainConninfoValue(host) ? host : QuoteConninfoValue(host);
  std::string text =
      fmt::format("host={} port={} user={} dbname=postgres", shown_host, port, kDatabaseUserName);
  for (const char* name : {"PGHOSTADDR", "PGSERVICE"}) {
    if (getenv(name) != nullptr) return text + " hostaddr=''";
  }
  return text;
}

std::string LogTail(const std::string& path) {
  int fd = -1;
  if (!OpenServerFile(path, O_RDONLY, &fd).ok()) return "";
  struct stat information{};
  if (fstat(fd, &information) == 0 &&
      information.st_size > static_cast<off_t>(kLogTailLimitBytes)) {
    lseek(fd, -static_cast<off_t>(kLogTailLimitBytes), SEEK_END);
  }
  const std::string content = ReadToEnd(fd);
  close(fd);
  std::vector<std::string> lines = absl::StrSplit(content, '\n', absl::SkipEmpty());
  std::erase_if(lines, IsAboutEarlyConnections);
  std::string tail;
  const size_t first = lines.size() > kLogTailLines ? lines.size() - kLogTailLines : 0;
  for (size_t i = first; i < lines.size(); ++i) tail += fmt::format("\n  {}", lines[i]);
  return tail;
}

}  // namespace pgring
