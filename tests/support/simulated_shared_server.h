// A PostgreSQL server whose connections carry units of several operations, simulated on a reactor's
// clock. It executes what arrives as the real one does: segments between Syncs in order, nothing
// after an error until the next Sync, nothing but its end in a failed transaction. And it knows
// whose statement each one is (its first parameter says so), so that it sees when one gets into
// another's transaction.
//
// The server is the factory of its connections and must outlive them. Not thread-safe.
#ifndef PGRING_TESTS_SUPPORT_SIMULATED_SHARED_SERVER_H_
#define PGRING_TESTS_SUPPORT_SIMULATED_SHARED_SERVER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pgring/base/random.h"
#include "pgring/coro/task.h"
#include "pgring/coro/task_group.h"
#include "pgring/postgres/shared_connection.h"
#include "pgring/uring/reactor.h"

namespace pgring {

class SimulatedSharedConnection;

class SimulatedSharedServer final : public PooledConnectionFactory {
 public:
  SimulatedSharedServer(Reactor* reactor, uint64_t seed)
      : reactor_(reactor), random_(seed), tasks_(reactor->ready()) {}

  std::unique_ptr<PooledConnection> Create() override;

  // Ends a connection that is open, in the middle of what it does; nothing where there is none.
  // How many units were on it.
  int KillOne();
  TaskGroup::JoinAwaiter Join() { return tasks_.Join(); }

  // Statements that were executed in somebody else's transaction.
  int64_t interleaved() const { return interleaved_; }
  // Operations whose transaction was committed, or whose statement outside of one succeeded.
  const std::multiset<std::string>& committed() const { return committed_; }
  int64_t parses() const { return parses_; }
  int most_units() const { return most_units_; }

 private:
  friend class SimulatedSharedConnection;

  Reactor* const reactor_;
  Random random_;
  TaskGroup tasks_;
  std::vector<SimulatedSharedConnection*> open_;
  int64_t interleaved_ = 0;
  std::multiset<std::string> committed_;
  int64_t parses_ = 0;
  int most_units_ = 0;
};

class SimulatedSharedConnection final : public SharedConnection {
 public:
  explicit SimulatedSharedConnection(SimulatedSharedServer* server)
      : server_(server), reactor_(server->reactor_) {}
  ~SimulatedSharedConnection() override;

  Task<absl::Status> Connect() override;
  bool in_transaction() const override { return in_transaction_; }
  bool at_rest() const override { return usable() && !is_busy() && !in_transaction_; }
  Task<void> Close() override;
  void RequestCancel() override {}
  void Abort() override { Kill(); }
  void GiveUp(const absl::Status& /*status*/) override { Kill(); }
  bool usable() const override { return is_open_; }

  void Kill();
  int units() const { return units_; }

 private:
  struct Message {
    bool is_sync = false;
    bool parses = false;
    std::string sql;
    size_t number = 0;
    std::string operation;
  };

  void Write(const UnitStatement& statement) override;
  void WriteSync() override;
  void EndWriting() override;
  bool IsPrepared(const Statement& statement) const override;
  void NotePrepared(const Statement& statement) override { prepared_.insert(statement.number); }

  Task<void> Serve();
  void ExecuteSegment();
  absl::Status Execute(const Message& message);

  SimulatedSharedServer* const server_;
  Reactor* const reactor_;
  bool is_open_ = false;
  bool is_serving_ = false;
  int units_ = 0;  // written and not answered
  std::deque<Message> messages_;
  std::set<size_t> prepared_;
  std::set<size_t> parsed_;  // as the server knows
  bool in_transaction_ = false;
  bool has_failed_ = false;
  std::string owner_of_transaction_;
};

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_SIMULATED_SHARED_SERVER_H_
