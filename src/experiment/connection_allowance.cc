#include "experiment/connection_allowance.h"

#include <poll.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"

namespace pgring {
namespace {

constexpr int64_t kAskAgainNs = 20 * kNanosecondsPerMillisecond;

// Sessions of other users show their user and database to all users, but their backend_type only to
// those who may see it. Replication, background and parallel workers have slots of their own.
constexpr const char* kAskAllowance =
    "WITH other AS (SELECT usename, datname FROM pg_stat_activity"
    "  WHERE pid <> pg_backend_pid() AND usename IS NOT NULL AND datname IS NOT NULL"
    "  AND coalesce(backend_type, 'client backend') = 'client backend')"
    " SELECT current_setting('max_connections')::int,"
    " current_setting('superuser_reserved_connections')::int"
    "   + coalesce(current_setting('reserved_connections', true), '0')::int,"
    " (SELECT rolsuper FROM pg_roles WHERE rolname = session_user),"
    " (SELECT count(*) FROM other),"
    " (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user),"
    " (SELECT count(*) FROM other WHERE usename = session_user),"
    " (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),"
    " (SELECT count(*) FROM other WHERE datname = current_database())";
enum Column {
  kMaximum,
  kReserved,
  kIsSuperuser,
  kInUse,
  kRoleLimit,
  kRoleInUse,
  kDatabaseLimit,
  kDatabaseInUse
};

std::string InUseText(int64_t in_use) {
  return in_use > 0 ? absl::StrCat(", ", in_use, " in use by others") : "";
}

}  // namespace

absl::StatusOr<ConnectionAllowance> AskConnectionAllowance(BlockingSession* session, int own) {
  absl::StatusOr<Result> answer = session->ExecuteSql(kAskAllowance);
  if (!answer.ok()) return Annotate(answer.status(), "asking the server for its connection limits");
  const auto number = [&answer](Column column, int64_t otherwise) {
    return answer->Integer(0, column).value_or(otherwise);
  };
  const bool superuser = answer->Text(0, kIsSuperuser) == "t";
  const int64_t reserved = superuser ? 0 : number(kReserved, 0);
  const int64_t maximum = number(kMaximum, 0);
  const int64_t in_use = number(kInUse, 0);
  ConnectionAllowance allowance;
  allowance.connections_if_alone = maximum - reserved;
  allowance.connections = maximum - reserved - in_use;
  allowance.explanation = absl::StrCat("max_connections ", maximum);
  if (!superuser) {
    absl::StrAppend(&allowance.explanation, ", ", reserved, " reserved for superusers");
  }
  absl::StrAppend(&allowance.explanation, InUseText(in_use));
  const auto limit_to = [&allowance](int64_t limit, int64_t used, const char* whose) {
    if (limit < 0) return;
    allowance.connections_if_alone = std::min(allowance.connections_if_alone, limit);
    allowance.connections = std::min(allowance.connections, limit - used);
    absl::StrAppend(&allowance.explanation, ", CONNECTION LIMIT ", limit, " of the ", whose,
                    InUseText(used));
  };
  // Superusers are exempt.
  if (!superuser) {
    limit_to(number(kRoleLimit, -1), number(kRoleInUse, 0), "role");
    limit_to(number(kDatabaseLimit, -1), number(kDatabaseInUse, 0), "database");
  }
  allowance.connections_if_alone -= own;
  allowance.connections = std::max<int64_t>(allowance.connections - own, 0);
  absl::StrAppend(&allowance.explanation, ", ", own, " for pgring's own control",
                  own > 1 ? " and sampling" : "");
  return allowance;
}

absl::StatusOr<ConnectionAllowance> AskConnectionAllowance(BlockingSession* session, int64_t wanted,
                                                           int own) {
  const int64_t give_up_ns = SteadyClock::Get()->NowNs() + kSessionsEndNs;
  for (;;) {
    absl::StatusOr<ConnectionAllowance> allowance = AskConnectionAllowance(session, own);
    if (!allowance.ok() || wanted <= allowance->connections ||
        allowance->connections == allowance->connections_if_alone ||
        SteadyClock::Get()->NowNs() >= give_up_ns) {
      return allowance;
    }
    poll(nullptr, 0, static_cast<int>(kAskAgainNs / kNanosecondsPerMillisecond));
  }
}

absl::Status FitScenario(const ConnectionAllowance& allowance, int64_t operations,
                         ScenarioPlan* scenario, std::string* note) {
  const int64_t needed = scenario->ConnectionsNeeded(operations);
  if (needed <= allowance.connections) return absl::OkStatus();
  if (allowance.connections < 1) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "scenario %s needs %d connections, but the server has none left (%s); close other "
        "connections, or raise the limit",
        scenario->label, needed, allowance.explanation));
  }
  if (scenario->connections_given) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "scenario %s asks for %d connections, but the server allows %d (%s); use --pool-size or "
        "--limit %d, or raise the limit",
        scenario->label, needed, allowance.connections, allowance.explanation,
        allowance.connections));
  }
  *note = absl::StrFormat(
      "scenario %s: %d connections instead of %d, more the server does not allow (%s)",
      scenario->label, allowance.connections, needed, allowance.explanation);
  scenario->pool.size = static_cast<int>(allowance.connections);
  scenario->pool.max_overflow = 0;
  // Then there is a connection for each operation that is in flight.
  if (!scenario->type->has_pool) scenario->limit = scenario->pool.size;
  return absl::OkStatus();
}

}  // namespace pgring
