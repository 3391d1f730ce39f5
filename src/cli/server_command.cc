#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/signals.h"
#include "cluster/throwaway_server.h"
#include "pgring/postgres/connection_parameters.h"

namespace pgring {

int ServerCommand(const Options& options, Interrupt* interrupt) {
  const std::vector<std::string> forgotten = ForgetConnectionEnvironment();
  // They would lead who uses the conninfo with them to another server.
  const bool has_address = std::any_of(
      forgotten.begin(), forgotten.end(),
      [](const std::string& name) { return name == "PGHOSTADDR" || name == "PGSERVICE"; });
  const char* own_address = has_address ? " hostaddr=''" : "";
  ThrowawayServerOptions server_options;
  server_options.max_connections = options.server.max_connections;
  server_options.tcp_port = options.server.tcp_port;
  server_options.unsafe_fast = options.server.unsafe_fast;
  server_options.cancel_fd = interrupt->descriptor();
  auto server = ThrowawayServer::Start(server_options);
  if (!server.ok()) {
    if (interrupt->raised()) return ExitCodeOf(*interrupt);
    PrintError(server.status());
    return kExitCouldNotStart;
  }
  PrintNote(fmt::format("throwaway PostgreSQL {} in {}{}; it ends with this command (Ctrl-C)",
                        (*server)->version(), (*server)->directory(),
                        options.server.unsafe_fast ? ", UNSAFE: fsync, synchronous_commit and "
                                                     "full_page_writes are off"
                                                   : ""));
  // The socket's conninfo; with --tcp the other one on a second line.
  PrintOutput((*server)->conninfo() + own_address + "\n");
  if ((*server)->tcp_conninfo().has_value()) {
    PrintOutput(*(*server)->tcp_conninfo() + own_address + "\n");
  }
  // Without its conninfo the server cannot be used.
  const absl::Status announced = FinishOutput();
  if (!announced.ok()) PrintError(announced);
  pollfd descriptor = {interrupt->descriptor(), POLLIN, 0};
  while (announced.ok() && !interrupt->raised()) poll(&descriptor, 1, -1);
  const absl::Status stopped = (*server)->Stop();
  if (!stopped.ok()) PrintError(stopped);
  return announced.ok() ? ExitCodeOf(*interrupt) : kExitCouldNotStart;
}

}  // namespace pgring
