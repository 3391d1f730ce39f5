// One run on the reactor: its clock, its admission of operations, what they hold, and its end.
//
// Borrows everything. Not thread-safe; lives on the reactor's thread for as long as Main runs.
#ifndef PGRING_RUN_REACTOR_RUN_H_
#define PGRING_RUN_REACTOR_RUN_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "pgring/base/clock.h"
#include "pgring/coro/semaphore.h"
#include "pgring/coro/stop.h"
#include "pgring/coro/task.h"
#include "pgring/coro/task_group.h"
#include "pgring/postgres/multiplexer.h"
#include "pgring/postgres/pool.h"
#include "pgring/postgres/session.h"
#include "pgring/uring/reactor.h"
#include "run/arrivals.h"
#include "run/client_slots.h"
#include "run/connection_opener.h"
#include "run/limiter.h"
#include "run/operation_sink.h"
#include "run/reactor_pauses.h"
#include "run/run.h"
#include "run/run_context.h"
#include "run/run_watch.h"

namespace pgring {

class ReactorRun {
 public:
  ReactorRun(const RunContext& context, Reactor* reactor, PooledConnectionFactory* factory,
             Run* run);

  Task<void> Main();

 private:
  // Behind a pooler idle connections are closed when operations are in flight and for so long, or
  // twice as long, none has ended.
  static constexpr int64_t kNothingEndsNs = 100 * kNanosecondsPerMillisecond;

  static PoolOptions PoolOptionsOf(const RunContext& context);

  static int ConnectionCount(const ScenarioPlan& scenario) {
    return scenario.pool.size + scenario.pool.max_overflow;
  }

  static std::unique_ptr<Limiter> MakeLimiter(const RunContext& context, Reactor* reactor);

  int64_t Now() const { return reactor_->clock().NowNs(); }

  // Opens the connections that the run will use, before its clock starts. The run goes on with
  // those that could be had; without any it is given up.
  Task<void> ConnectAhead();

  void OnRefused(const absl::Status& refusal);

  void OnInterrupt();

  // What was in flight has ended with an error; nothing more is begun.
  void OnRingFailed();

  // When the clock starts; where it does not, the run is stopped.
  int64_t AwaitStart();

  void StartClock(int64_t now_ns);

  void StartRamp(int64_t now_ns);

  void OnRampReached(int limit);

  // An operation has ended: what the source of limits makes of it.
  void NoteEnd(const OperationSample& sample);

  // Of what the ramp has reached, the clients that are left and what the source of limits says,
  // whichever is least. Without a limit on operations it is one on the connections that are leased.
  void SetLimit();

  // A closed loop: an operation exists from when it is admitted, so that there are never more of
  // them than the limit.
  Task<void> AdmitInTurn();

  // An open loop: operations are scheduled whether there is room for them or not.
  Task<void> AdmitOnSchedule();

  void Start(const Arrival& arrival, int64_t admitted_ns, Permit permit);

  void Skip(const Arrival& arrival, SkipReason reason);

  Task<void> EndWarmup();

  // What waits for a connection when the time is up is not begun.
  Task<void> EndWaits();

  // Operations may wait for what idle connections hold: a pooler that gives each client a session
  // of its own lets the next one begin when another's connection is closed. So idle connections are
  // closed when operations are in flight and none has ended for a while; they are opened again when
  // they are needed.
  Task<void> CloseIdleWhenNothingEnds();

  void StartMeasuring(int64_t now_ns);

  void NoteRing();

  Task<void> RunOperation(Arrival arrival, OperationStamps stamps, Permit permit);

  // Whether the client runs the next operation of the list at once, with the permit and the
  // connection that it has: nothing else waits for either. Then that operation takes the place of
  // the one that has ended.
  bool GoesOn(ClientSlot* client, const Session& session, const Permit& permit, Arrival* arrival,
              OperationStamps* stamps);

  // What becomes of the client after an operation (nullptr: it had none), and of what the operation
  // held.
  void EndTurn(ClientSlot* client, Lease* lease, Permit permit, const OperationSample& sample);

  void OnClientAborted(ClientSlot* client, Lease* lease);

  // A client runs nothing more, and its place is given to no other.
  void EndClient();

  static void KeepConnection(ClientSlot* client, int64_t now_ns, Lease* lease);

  void OnNoConnection(const Arrival& arrival, const OperationStamps& stamps,
                      const absl::Status& status, const ClientSlot* client);

  void GiveUp(std::string why);

  // Nothing more is begun, and nothing waits for a connection any longer.
  void Stop();

  void EndWaitsForConnections();

  void EndAdmission();

  // Every planned operation is accounted for, also those that the run's end kept from starting.
  void SkipTheRest();

  const RunContext& context_;
  Reactor* const reactor_;
  Run* const run_;
  const std::unique_ptr<Arrivals> arrivals_;
  OperationSink sink_;
  const std::unique_ptr<Limiter> limiter_;
  Pool pool_;
  std::unique_ptr<Multiplexer> multiplexer_;  // nullptr where connections are not shared
  ReactorPauses pauses_;
  ClientSlots clients_;
  const bool keeps_connections_;
  // Connections beyond the pool's size are closed on their return, and a new one for every
  // operation is what -C asks for.
  const bool clients_go_on_;
  int64_t system_calls_before_ = 0;  // the measured phase
  int ramp_limit_ = std::numeric_limits<int>::max();
  int searched_limit_ = std::numeric_limits<int>::max();
  int64_t operations_ended_count_ = 0;
  StopSource stop_;              // no operation is begun any more
  StopSource waits_end_;         // and none waits for a connection any longer
  StopSource warmup_waits_end_;  // none of the warm-up does
  StopSource operations_ended_;
  TaskGroup operations_;
  TaskGroup timers_;
  ConnectionOpener opener_;
  RunWatch watch_;
  BackendStats ring_before_;
};

}  // namespace pgring

#endif  // PGRING_RUN_REACTOR_RUN_H_
