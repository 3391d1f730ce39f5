// Where and how to connect: libpq's keywords, resolved once, before anything is measured.
//
// Resolving reads service files and does DNS, both of which block; so it happens off the reactor,
// and every connection then starts with numeric addresses.
#ifndef PGRING_POSTGRES_CONNECTION_PARAMETERS_H_
#define PGRING_POSTGRES_CONNECTION_PARAMETERS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace pgring {

class Archive;
class ServerMessages;

// What the command line gave; empty means not given. `database` may be a name, a conninfo string or
// a postgresql:// URI.
struct ConnectionTarget {
  std::string host;
  std::string port;
  std::string user;
  std::string database;

  bool empty() const { return host.empty() && port.empty() && user.empty() && database.empty(); }
};

// One entry of libpq's lists.
struct ConnectionHost {
  std::string host;  // a name, an address or a socket directory; an abstract socket begins with @
  std::string address;
  std::string port;

  std::string Describe() const;  // "db.example:5432 (10.0.0.1)", "/tmp, port 5432"
};

// Whether libpq takes `host` for a Unix socket: a directory, or the name of an abstract socket.
bool IsUnixSocketHost(std::string_view host);

// Whether the PG* environment names a server (PGHOST, PGHOSTADDR, PGPORT, PGDATABASE, PGUSER,
// PGSERVICE).
bool EnvironmentNamesServer();

// Takes every variable that libpq reads out of this process's environment and returns the names of
// those that were set to something. For a throwaway server, which they were not made for: some are
// taken by libpq whatever the parameters say (PGTZ), and an empty parameter does not overrule them
// (PGREQUIREPEER). Call it before there are threads.
std::vector<std::string> ForgetConnectionEnvironment();

class ConnectionParameters {
 public:
  // Merges `target`, the PG* environment and service files as libpq does, resolves host names to
  // addresses and adds our defaults where the user set nothing: application name "pgring", no GSS
  // encryption (its default probes a credential cache on every connect). What a conninfo string or
  // URI says wins over the separate options, as in psql. Of several hosts, those whose names do not
  // resolve are left out, as libpq passes over them. Fails on a malformed conninfo string or when
  // no host name resolves; an unknown service shows when connecting.
  static absl::StatusOr<ConnectionParameters> Resolve(const ConnectionTarget& target);

  // For PQconnectStartParams: parallel, null-terminated arrays; valid while this object lives and
  // is not changed.
  const char* const* keywords() const { return keyword_pointers_.data(); }
  const char* const* values() const { return value_pointers_.data(); }

  // The value of a keyword, or "" when it is not set.
  std::string Get(std::string_view keyword) const;
  // Sets or replaces a keyword.
  void Set(std::string_view keyword, std::string_view value);

  // Takes the entry that equals `host` off the lists of hosts, addresses and ports. Whether any is
  // left; if not, nothing was changed.
  bool RemoveHost(const ConnectionHost& host);

  // What connections opened with these report their notices and notifications to: borrowed, and
  // nullptr where they are dropped.
  ServerMessages* server_messages() const { return server_messages_; }
  void set_server_messages(ServerMessages* messages) { server_messages_ = messages; }

  // "Unix socket /tmp/s, port 5432, database postgres, user app"; never a password. Names the hosts
  // that do not resolve.
  std::string Describe() const;

  // Seconds that connecting to one host may take: connect_timeout, else kDefaultConnectTimeoutS.
  static constexpr int kDefaultConnectTimeoutS = 30;
  int connect_timeout_s() const;

  ConnectionParameters() { Rebuild(); }
  ConnectionParameters(const ConnectionParameters& other)
      : entries_(other.entries_),
        unresolved_hosts_(other.unresolved_hosts_),
        server_messages_(other.server_messages_) {
    Rebuild();
  }
  ConnectionParameters& operator=(const ConnectionParameters& other) {
    if (this == &other) return *this;
    entries_ = other.entries_;
    unresolved_hosts_ = other.unresolved_hosts_;
    server_messages_ = other.server_messages_;
    Rebuild();
    return *this;
  }

  // With its password, and without server_messages: for another process of the same run.
  friend void Archived(Archive* archive, ConnectionParameters* parameters);

 private:
  void Rebuild();
  absl::Status AddAddresses();
  std::vector<ConnectionHost> Hosts() const;
  void SetHosts(const std::vector<ConnectionHost>& hosts);

  std::vector<std::pair<std::string, std::string>> entries_;
  std::vector<std::string> unresolved_hosts_;
  ServerMessages* server_messages_ = nullptr;
  std::vector<const char*> keyword_pointers_;
  std::vector<const char*> value_pointers_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_CONNECTION_PARAMETERS_H_
