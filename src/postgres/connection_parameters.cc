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

// All addresses of each TCP host, in the resolver's order, which is the order in which libpq would
// try them: "localhost" may be ::1 and 127.0.0.1, and the server listen on one of them. Host,
// hostaddr and port become lists of equal length. Socket directories stay as they are.
absl::Status AddAddresses(ConnectionParameters* parameters) {
  const std::string host_list = parameters->Get("host");
  if (host_list.empty() || !parameters->Get("hostaddr").empty()) return absl::OkStatus();
  const std::vector<std::string> hosts = absl::StrSplit(host_list, ',');
  const std::vector<std::string> ports = absl::StrSplit(parameters->Get("port"), ',');
  // libpq says what is wrong with such a list.
  if (ports.size() != 1 && ports.size() != hosts.size()) return absl::OkStatus();
  std::vector<std::string> all_hosts, all_addresses, all_ports;
  bool any_address = false;
  for (size_t i = 0; i < hosts.size(); ++i) {
    const std::string& host = hosts[i];
    std::vector<std::string> addresses = {""};
    if (!host.empty() && host[0] != '/' && host[0] != '@') {
      auto resolved = ResolveHost(host);
      if (!resolved.ok()) return resolved.status();
      addresses = *std::move(resolved);
      any_address = true;
    }
    for (std::string& address : addresses) {
      all_hosts.push_back(host);
      all_addresses.push_back(std::move(address));
      all_ports.push_back(ports.size() == 1 ? ports[0] : ports[i]);
    }
  }
  if (!any_address) return absl::OkStatus();
  parameters->Set("host", absl::StrJoin(all_hosts, ","));
  parameters->Set("hostaddr", absl::StrJoin(all_addresses, ","));
  parameters->Set("port", absl::StrJoin(all_ports, ","));
  return absl::OkStatus();
}

// "db.example:5432"; several as "a:5432,b:5433", each once, however many addresses it has.
std::string TcpPlaces(const std::string& host_list, const std::string& port_list) {
  const std::vector<std::string> hosts = absl::StrSplit(host_list, ',');
  const std::vector<std::string> ports = absl::StrSplit(port_list, ',');
  std::vector<std::string> places;
  for (size_t i = 0; i < hosts.size(); ++i) {
    std::string place = absl::StrCat(hosts[i], ":", ports[std::min(i, ports.size() - 1)]);
    if (places.empty() || places.back() != place) places.push_back(std::move(place));
  }
  return absl::StrJoin(places, ",");
}

}  // namespace

bool EnvironmentNamesServer() {
  for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && value[0] != '\0') return true;
  }
  return false;
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
  PGRING_RETURN_IF_ERROR(AddAddresses(&parameters));
  return parameters;
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
  const std::string host = Get("host");
  const std::string address = Get("hostaddr");
  const std::string port = Get("port");
  std::string where;
  if (!host.empty() && host[0] != '/') {
    where = absl::StrCat("TCP ", TcpPlaces(host, port));
  } else if (host.empty() && !address.empty()) {
    where = absl::StrCat("TCP ", TcpPlaces(address, port));
  } else {
    where =
        absl::StrCat("Unix socket ", host.empty() ? "(default directory)" : host, ", port ", port);
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

}  // namespace pgring
