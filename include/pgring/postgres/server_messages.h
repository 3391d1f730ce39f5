// What a server says beside its results: notices, warnings and the notifications of LISTEN. Counted
// for all connections of a run together; of the texts only the first ones are kept.
//
// Thread-safe: the connections of a run may be on several threads.
#ifndef PGRING_POSTGRES_SERVER_MESSAGES_H_
#define PGRING_POSTGRES_SERVER_MESSAGES_H_

#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgring/postgres/server_message_counts.h"

namespace pgring {

class ServerMessages {
 public:
  // Told of every notice and warning in full, on any thread; must not throw.
  using Listener = std::function<void(std::string_view text)>;

  explicit ServerMessages(Listener listener = nullptr) : listener_(std::move(listener)) {}

  // libpq calls this from inside its parser, so it must not call libpq for the connection, and no
  // exception may pass.
  void OnNotice(const PGresult* notice) noexcept;
  void OnNotifications(int64_t count);

  ServerMessageCounts counts() const;

  // The warnings since the last call, each in one line; of more than kMaxKeptWarnings the first.
  static constexpr size_t kMaxKeptWarnings = 10;
  std::vector<std::string> TakeWarnings();

 private:
  const Listener listener_;
  mutable std::mutex mutex_;
  ServerMessageCounts counts_;
  std::vector<std::string> warnings_;
};

}  // namespace pgring

#endif  // PGRING_POSTGRES_SERVER_MESSAGES_H_
