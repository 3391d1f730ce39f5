// Whether scripts can share connections with each other: what one operation does to its session is
// done to everybody's. Found out before the run, from the text. Pure.
#ifndef PGRING_WORKLOAD_SCRIPT_SHARING_H_
#define PGRING_WORKLOAD_SCRIPT_SHARING_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "workload/script_options.h"

namespace pgring {

// Why a statement cannot be sent on a connection that others use too; empty: it can.
std::string_view WhyNotShared(std::string_view sql);

// InvalidArgument, with the script's name and the line: the first statement that needs a session to
// itself, or scripts that were asked to be sent as text. Scripts that do not parse are somebody
// else's to refuse.
absl::Status CheckScriptsCanShare(const std::vector<ScriptText>& scripts,
                                  const std::optional<QueryMode>& mode);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_SCRIPT_SHARING_H_
