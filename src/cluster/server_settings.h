// The text side of a throwaway server: its options checked, its configuration files and command
// lines written, its log read. No processes here; only AddConfiguration touches files.
#ifndef PGRING_CLUSTER_SERVER_SETTINGS_H_
#define PGRING_CLUSTER_SERVER_SETTINGS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cluster/find_binaries.h"
#include "cluster/throwaway_server.h"

namespace pgring {

// sockaddr_un::sun_path less its terminating zero.
inline constexpr size_t kSocketPathLimitBytes = 107;

// PostgreSQL's own upper bound.
inline constexpr int kMaxConnectionsLimit = 262'143;

// The superuser that initdb makes, independently of the user that runs it.
inline constexpr char kDatabaseUserName[] = "postgres";

inline constexpr size_t kLogTailLines = 15;
inline constexpr size_t kLogTailLimitBytes = 256 * 1024;  // what is read to find them

// InvalidArgument names the option, its value and what is allowed.
absl::Status CheckServerOptions(const ThrowawayServerOptions& options);

// Whether `parent` can hold a server's directory: its Unix socket path must fit, and libpq's host
// lists leave no way to write a comma. The message names TMPDIR.
absl::Status CheckParentDirectory(const std::string& parent, int port);

// argv of initdb, with only such options as the version knows.
std::vector<std::string> InitdbArguments(const PostgresBinaries& binaries,
                                         const std::string& data_directory);

// This process's environment without what would change the server's meaning or messages: PG*, the
// locale, and systemd's readiness socket. "NAME=value".
std::vector<std::string> ServerEnvironment();

// What is appended to postgresql.conf; later lines win there.
std::string ConfigurationText(const ThrowawayServerOptions& options, const std::string& directory,
                              int port);

// Appends ConfigurationText to postgresql.conf and puts the options' hba lines before those of
// pg_hba.conf. The files must exist: initdb made them, for the user the server runs as.
absl::Status AddConfiguration(const ThrowawayServerOptions& options, const std::string& directory,
                              int port);

// A conninfo string for libpq. PGHOSTADDR, or a service with a hostaddr, would lead such a string
// to another server, whose data a run might then replace; the string rules that out if the
// environment has them.
std::string ConninfoText(const std::string& host, int port);

// "'it''s \\ here'": quoted for postgresql.conf.
std::string QuoteSetting(std::string_view value);

// The last kLogTailLines lines, each on a line of its own and indented by two spaces; empty when
// there is none. Left out is what the server says to connections that come too early: while we wait
// for it these are our own attempts, and they would push out the lines that tell why it is late.
std::string LogTail(const std::string& path);

}  // namespace pgring

#endif  // PGRING_CLUSTER_SERVER_SETTINGS_H_
