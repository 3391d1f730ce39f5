#include <fmt/format.h>
#include <poll.h>

#include <string>

#include "cli/commands.h"
#include "cli/messages.h"
#include "cli/signals.h"
#include "cluster/throwaway_server.h"

namespace pgring {

int ServerCommand(const Options& options, Interrupt* interrupt) {
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
  PrintOutput((*server)->conninfo() + "\n");
  if ((*server)->tcp_conninfo().has_value()) PrintOutput(*(*server)->tcp_conninfo() + "\n");
  // Without its conninfo nobody can use the server.
  const absl::Status announced = FinishOutput();
  if (!announced.ok()) PrintError(announced);
  pollfd descriptor = {interrupt->descriptor(), POLLIN, 0};
  while (announced.ok() && !interrupt->raised()) poll(&descriptor, 1, -1);
  const absl::Status stopped = (*server)->Stop();
  if (!stopped.ok()) PrintError(stopped);
  return announced.ok() ? ExitCodeOf(*interrupt) : kExitCouldNotStart;
}

}  // namespace pgring
