#include "run/reactor_runner.h"

#include <utility>

#include "pgring/coro/run.h"
#include "run/reactor_run.h"

namespace pgring {

void RunOnReactor(const RunContext& context, Reactor* reactor, PooledConnectionFactory* factory,
                  Run* run) {
  run->ring_setup = reactor->backend().setup();
  run->timeline.Start(reactor->clock().NowNs(), ExpectedTimelineSteps(context));
  ReactorRun reactor_run(context, reactor, factory, run);
  Task<void> main = reactor_run.Main();
  RunUntilDone(reactor, std::move(main));
}

}  // namespace pgring
