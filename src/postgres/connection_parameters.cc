#include "pgring/postgres/connection_parameters.h"

#include <libpq-fe.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "pgring/base/archive.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

using OptionList = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

bool IsConninfo(const std::string& database) {
  return database.find('=') != std::string::npos || database.rfind("postgresql://", 0) == 0 ||
         database.rfind("postgres://", 0) == 0;
}

// What stands in the connection string wins over the separate options, as in psql, whose manual
// says: "connection string parameters will override any conflicting command line options".
absl::Status AddParsed(const std::string& conninfo, ConnectionParameters* parameters) {
  char* error = nullptr;
  OptionList options(PQconninfoParse(conninfo.c_str(), &error), &PQconninfoFree);
  if (options == nullptr) {
    const std::string message = OneLine(error == nullptr ? "out of memory" : error);
    PQfreemem(error);
    return absl::InvalidArgumentError(absl::StrCat(
        "reading the connection string: ", message,
        "; give a database name, 'key=value …' or postgresql://user@host:port/database"));
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parameters->Set(option->keyword, option->val);
  }
  return absl::OkStatus();
}

// libpq's defaults. It takes the service from PGSERVICE only, so one that was named elsewhere
// stands there for the duration of the call; nothing else runs yet that could look.
OptionList DefaultsOfService(const std::string& service) {
  constexpr const char* kVariable = "PGSERVICE";
  const char* current = std::getenv(kVariable);
  const std::optional<std::string> before =
      current == nullptr ? std::nullopt : std::optional<std::string>(current);
  if (!service.empty()) setenv(kVariable, service.c_str(), 1);
  OptionList defaults(PQconndefaults(), &PQconninfoFree);
  if (before.has_value()) {
    setenv(kVariable, before->c_str(), 1);
  } else {
    unsetenv(kVariable);
  }
  return defaults;
}

// Fills what is still unset from the environment, the service file and libpq's own defaults.
absl::Status AddDefaults(ConnectionParameters* parameters) {
  OptionList defaults = DefaultsOfService(parameters->Get("service"));
  if (defaults == nullptr) return absl::ResourceExhaustedError("reading libpq's defaults failed");
  for (const PQconninfoOption* option = defaults.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || option->val[0] == '\0') continue;
    if (!parameters->Get(option->keyword).empty()) continue;
    // libpq's built-in gssencmode=prefer is not the user's choice; see the header. The environment
    // and a service file are.
    const bool is_built_in = option->compiled != nullptr &&
                             std::string_view(option->compiled) == option->val &&
                             std::getenv("PGGSSENCMODE") == nullptr;
    if (is_built_in && std::string_view(option->keyword) == "gssencmode") continue;
    parameters->Set(option->keyword, option->val);
  }
  return absl::OkStatus();
}

// More addresses than this are not tried.
constexpr size_t kMaxAddressesPerHost = 16;

absl::StatusOr<std::vector<std::string>> ResolveHost(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat(
        "resolving host name \"", host, "\": ", gai_strerror(error), "; check -h or PGHOST"));
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    char numeric[NI_MAXHOST];
    if (addresses.size() < kMaxAddressesPerHost &&
        getnameinfo(entry->ai_addr, entry->ai_addrlen, numeric, sizeof numeric, nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      addresses.emplace_back(numeric);
    }
  }
  if (addresses.empty()) {
    return absl::InternalError(absl::StrCat("resolving host name \"", host, "\" failed"));
  }
  return addresses;
}

constexpr std::string_view kDefaultPort = "5432";

bool IsTcp(const ConnectionHost& host) {
  return !IsUnixSocketHost(host.host) && !(host.host.empty() && host.address.empty());
}

// "TCP a:5432,b:5433", "Unix socket /tmp, port 5432" or both with an "or" between them; each once,
// however many addresses it has.
std::string DescribePlaces(const std::vector<ConnectionHost>& hosts) {
  std::string text;
  std::string last;
  bool last_is_tcp = false;
  for (ConnectionHost host : hosts) {
    if (!host.host.empty()) host.address.clear();
    const std::string place = host.Describe();
    if (place == last) continue;
    const bool is_tcp = IsTcp(host);
    const bool goes_on = !last.empty() && is_tcp && last_is_tcp;
    absl::StrAppend(&text,
                    goes_on        ? ","
                    : last.empty() ? ""
                                   : " or ",
                    goes_on  ? ""
                    : is_tcp ? "TCP "
                             : "Unix socket ",
                    place);
    last = place;
    last_is_tcp = is_tcp;
  }
  return text;
}

}  // namespace

bool IsUnixSocketHost(std::string_view host) {
  return !host.empty() && (host[0] == '/' || host[0] == '@');
}

std::string ConnectionHost::Describe() const {
  const std::string shown_port = port.empty() ? std::string(kDefaultPort) : port;
  if (IsUnixSocketHost(host)) return absl::StrCat(host, ", port ", shown_port);
  if (host.empty() && address.empty()) {
    return absl::StrCat("(default directory), port ", shown_port);
  }
  const std::string& name = host.empty() ? address : host;
  const bool add_address = !address.empty() && address != name;
  return absl::StrCat(name, ":", shown_port, add_address ? absl::StrCat(" (", address, ")") : "");
}

bool EnvironmentNamesServer() {
  for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && value[0] != '\0') return true;
  }
  return false;
}

std::vector<std::string> ForgetConnectionEnvironment() {
  // Those that stand for no parameter.
  std::vector<std::string> names = {"PGDATESTYLE",  "PGGEQO",        "PGLOCALEDIR",  "PGREALM",
                                    "PGREQUIRESSL", "PGSERVICEFILE", "PGSYSCONFDIR", "PGTZ"};
  const OptionList options(PQconndefaults(), &PQconninfoFree);
  for (const PQconninfoOption* option = options.get();
       option != nullptr && option->keyword != nullptr; ++option) {
    if (option->envvar != nullptr) names.emplace_back(option->envvar);
  }
  std::sort(names.begin(), names.end());
  std::vector<std::string> forgotten;
  for (const std::string& name : names) {
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && value[0] != '\0') forgotten.push_back(name);
    unsetenv(name.c_str());
  }
  return forgotten;
}

absl::StatusOr<ConnectionParameters> ConnectionParameters::Resolve(const ConnectionTarget& target) {
  ConnectionParameters parameters;
  if (!target.host.empty()) parameters.Set("host", target.host);
  if (!target.port.empty()) parameters.Set("port", target.port);
  if (!target.user.empty()) parameters.Set("user", target.user);
  if (IsConninfo(target.database)) {
    PGRING_RETURN_IF_ERROR(AddParsed(target.database, &parameters));
  } else if (!target.database.empty()) {
    parameters.Set("dbname", target.database);
  }
  PGRING_RETURN_IF_ERROR(AddDefaults(&parameters));
  if (parameters.Get("gssencmode").empty()) parameters.Set("gssencmode", "disable");
  if (parameters.Get("fallback_application_name").empty()) {
    parameters.Set("fallback_application_name", "pgring");
  }
  PGRING_RETURN_IF_ERROR(parameters.AddAddresses());
  return parameters;
}

std::vector<ConnectionHost> ConnectionParameters::Hosts() const {
  const std::vector<std::string> names = absl::StrSplit(Get("host"), ',');
  const std::vector<std::string> addresses = absl::StrSplit(Get("hostaddr"), ',');
  const std::vector<std::string> ports = absl::StrSplit(Get("port"), ',');
  const auto at = [](const std::vector<std::string>& list, size_t index) {
    return index < list.size() ? list[index] : "";
  };
  std::vector<ConnectionHost> hosts;
  for (size_t i = 0; i < std::max(names.size(), addresses.size()); ++i) {
    hosts.push_back({at(names, i), at(addresses, i), ports.size() == 1 ? ports[0] : at(ports, i)});
  }
  return hosts;
}

void ConnectionParameters::SetHosts(const std::vector<ConnectionHost>& hosts) {
  std::vector<std::string> names, addresses, ports;
  for (const ConnectionHost& host : hosts) {
    names.push_back(host.host);
    addresses.push_back(host.address);
    ports.push_back(host.port);
  }
  Set("host", absl::StrJoin(names, ","));
  Set("hostaddr", absl::StrJoin(addresses, ","));
  Set("port", absl::StrJoin(ports, ","));
}

// All addresses of each TCP host, in the resolver's order, which is the order in which libpq would
// try them: "localhost" may be ::1 and 127.0.0.1, and the server listen on one of them. Host,
// hostaddr and port become lists of equal length. Socket directories stay as they are.
absl::Status ConnectionParameters::AddAddresses() {
  if (Get("host").empty() || !Get("hostaddr").empty()) return absl::OkStatus();
  const std::vector<ConnectionHost> hosts = Hosts();
  const std::vector<std::string> ports = absl::StrSplit(Get("port"), ',');
  // libpq says what is wrong with such a list.
  if (ports.size() != 1 && ports.size() != hosts.size()) return absl::OkStatus();
  std::vector<ConnectionHost> resolved_hosts;
  bool any_name = false;
  absl::Status failure;
  for (const ConnectionHost& host : hosts) {
    if (host.host.empty() || IsUnixSocketHost(host.host)) {
      resolved_hosts.push_back(host);
      continue;
    }
    any_name = true;
    const auto addresses = ResolveHost(host.host);
    if (!addresses.ok()) {
      failure.Update(addresses.status());
      unresolved_hosts_.push_back(host.host);
      continue;
    }
    for (const std::string& address : *addresses) {
      resolved_hosts.push_back({host.host, address, host.port});
    }
  }
  if (resolved_hosts.empty()) return failure;
  if (any_name) SetHosts(resolved_hosts);
  return absl::OkStatus();
}

// libpq gives addresses in its own notation, which a user's may differ from; a host and a port
// alone may have several.
bool ConnectionParameters::RemoveHost(const ConnectionHost& host) {
  std::vector<ConnectionHost> hosts = Hosts();
  if (hosts.size() < 2) return false;
  const auto is_same = [&host](const ConnectionHost& entry) {
    const std::string& name = entry.host.empty() ? entry.address : entry.host;
    const std::string_view port = entry.port.empty() ? kDefaultPort : entry.port;
    return name == host.host && port == host.port;
  };
  auto found = std::find_if(hosts.begin(), hosts.end(), [&](const ConnectionHost& entry) {
    return is_same(entry) && entry.address == host.address;
  });
  if (found == hosts.end()) found = std::find_if(hosts.begin(), hosts.end(), is_same);
  if (found == hosts.end()) found = hosts.begin();
  hosts.erase(found);
  SetHosts(hosts);
  return true;
}

std::string ConnectionParameters::Get(std::string_view keyword) const {
  for (const auto& [name, value] : entries_) {
    if (name == keyword) return value;
  }
  return "";
}

void ConnectionParameters::Set(std::string_view keyword, std::string_view value) {
  for (auto& [name, current] : entries_) {
    if (name == keyword) {
      current = std::string(value);
      Rebuild();
      return;
    }
  }
  entries_.emplace_back(keyword, value);
  Rebuild();
}

void ConnectionParameters::Rebuild() {
  keyword_pointers_.clear();
  value_pointers_.clear();
  for (const auto& [name, value] : entries_) {
    keyword_pointers_.push_back(name.c_str());
    value_pointers_.push_back(value.c_str());
  }
  keyword_pointers_.push_back(nullptr);
  value_pointers_.push_back(nullptr);
}

std::string ConnectionParameters::Describe() const {
  std::string where = DescribePlaces(Hosts());
  if (!unresolved_hosts_.empty()) {
    absl::StrAppend(&where, " (", absl::StrJoin(unresolved_hosts_, ", "), " did not resolve)");
  }
  const std::string database = Get("dbname");
  const std::string user = Get("user");
  if (!database.empty()) absl::StrAppend(&where, ", database ", database);
  if (!user.empty()) absl::StrAppend(&where, ", user ", user);
  return where;
}

int ConnectionParameters::connect_timeout_s() const {
  int seconds = 0;
  if (absl::SimpleAtoi(Get("connect_timeout"), &seconds) && seconds > 0) return seconds;
  return kDefaultConnectTimeoutS;
}

void Archived(Archive* archive, ConnectionParameters* parameters) {
  archive->Fields(&parameters->entries_, &parameters->unresolved_hosts_);
  parameters->Rebuild();
}

}  // namespace pgring
