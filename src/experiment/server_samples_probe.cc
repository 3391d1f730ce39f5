#include "experiment/server_samples_probe.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pgring/base/clock.h"
#include "pgring/base/random.h"
#include "pgring/base/status.h"
#include "pgring/base/thread.h"

namespace pgring {
namespace {

// Looks of the last seconds, until it is known when the run ended: a run's wind-down is no part of
// the measured phase.
constexpr size_t kMostPending = 512;
// Locks are asked for at most so often: it stops all of the lock table for a moment.
constexpr int64_t kLocksIntervalNs = kNanosecondsPerSecond / 2;

struct ThreadTime {
  double user_s = 0;
  double system_s = 0;
};

ThreadTime OwnThreadTime() {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / static_cast<double>(kMicrosecondsPerSecond);
  };
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

class ServerSamplesProbe final : public Probe {
 public:
  ServerSamplesProbe(SamplingSession* session, SamplingPlan plan)
      : session_(session), plan_(std::move(plan)), random_(plan_.seed) {
    failure_ = Begin();
    if (!failure_.ok()) return;
    failure_ = StartThread("that samples the server", [this] { Sample(); }, &thread_);
  }
  ~ServerSamplesProbe() override { EndThread(); }

  // On a thread of the run: nothing but this.
  void Start() override {
    measuring_from_ns_.store(SteadyClock::Get()->NowNs(), std::memory_order_release);
  }

  void Stop() override {
    EndThread();
    if (failure_.ok()) failure_ = End();
    samples_.whole.Finish();
  }

  void Collect(Run* run) const override {
    if (!failure_.ok()) {
      run->remarks.push_back(absl::StrCat("server samples: ", std::string(failure_.message())));
    }
    if (samples_.whole.samples() == 0) return;
    ServerSamples samples = samples_;
    samples.cost.span_s = run->duration_s();
    for (const Look& look : pending_) {
      if (look.time_ns > run->ended_ns) continue;
      CountMeasured(look, &samples);
    }
    samples.measured.Finish();
    // What the sampler used is no cost of the scenario.
    run->client.user_s = std::max(run->client.user_s - samples.cost.user_s, 0.0);
    run->client.system_s = std::max(run->client.system_s - samples.cost.system_s, 0.0);
    if (samples.hidden_rows > 0) {
      run->remarks.push_back(absl::StrCat(
          "server samples: ", samples.hidden_rows, samples.hidden_rows == 1 ? " row" : " rows",
          " hidden: the role may not see those sessions (GRANT pg_read_all_stats)"));
    }
    run->server_samples = std::move(samples);
  }

 private:
  struct Look {
    int64_t time_ns = 0;
    double server_s = 0;
    SampledSessions sessions;
  };

  static void CountMeasured(const Look& look, ServerSamples* samples) {
    samples->measured.Add(look.sessions);
    ++samples->cost.queries;
    samples->cost.server_s += look.server_s;
  }

  absl::Status Begin() {
    if (!session_->usable()) PGRING_RETURN_IF_ERROR(session_->Connect());
    samples_.behind_pooler = plan_.behind_pooler;
    // The run before this one may have sessions that are about to end.
    if (!plan_.behind_pooler) PGRING_RETURN_IF_ERROR(session_->AwaitEnd(plan_.control_pid));
    absl::StatusOr<std::map<std::string, TableActivity>> tables = session_->Tables();
    if (!tables.ok()) return tables.status();
    tables_before_ = *std::move(tables);
    absl::StatusOr<ServerCounters> counters = session_->Counters();
    if (!counters.ok()) return counters.status();
    counters_before_ = *std::move(counters);
    began_ns_ = SteadyClock::Get()->NowNs();
    return absl::OkStatus();
  }

  absl::Status End() {
    if (!plan_.behind_pooler) PGRING_RETURN_IF_ERROR(session_->AwaitEnd(plan_.control_pid));
    absl::StatusOr<ServerCounters> counters = session_->Counters();
    if (!counters.ok()) return counters.status();
    for (const auto& [name, value] : *counters) {
      samples_.counters[name] = value - counters_before_[name];
    }
    absl::StatusOr<std::map<std::string, TableActivity>> tables = session_->Tables();
    if (!tables.ok()) return tables.status();
    for (const auto& [name, after] : *tables) {
      const TableActivity& before = tables_before_[name];
      samples_.tables[name] = {after.sequential_scans - before.sequential_scans,
                               after.sequential_tuples - before.sequential_tuples,
                               after.index_scans - before.index_scans,
                               after.index_tuples - before.index_tuples};
    }
    return plan_.report_scans ? plan_.report_scans(session_, &samples_) : absl::OkStatus();
  }

  void EndThread() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stops_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  // The thread's body. What it writes is read after it was joined.
  void Sample() {
    const SteadyClock& clock = *SteadyClock::Get();
    int64_t next_ns = clock.NowNs();
    while (WaitUntil(next_ns)) {
      const int64_t start_ns = clock.NowNs();
      failure_ = TakeLook(start_ns);
      const int64_t end_ns = clock.NowNs();
      samples_.whole_cost.span_s = NsInSeconds(end_ns - began_ns_);
      if (!failure_.ok()) return;
      const int64_t interval_ns = Interval();
      // A server that is slow to answer gets a rest all the same.
      next_ns = std::max(start_ns + interval_ns, end_ns + interval_ns / 2);
    }
    samples_.whole_cost.span_s = NsInSeconds(clock.NowNs() - began_ns_);
  }

  // From half to one and a half of what is planned, or of what keeps the cost within its limit.
  int64_t Interval() {
    const double planned_ns =
        std::max(static_cast<double>(plan_.interval_ns),
                 least_server_s_ / plan_.most_server_share * kNanosecondsPerSecond);
    return static_cast<int64_t>(planned_ns * (0.5 + random_.Unit()));
  }

  // False when the probe is to stop.
  bool WaitUntil(int64_t time_ns) {
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t left_ns = time_ns - SteadyClock::Get()->NowNs();
    return !wake_.wait_for(lock, std::chrono::nanoseconds(std::max<int64_t>(left_ns, 0)),
                           [this] { return stops_; });
  }

  absl::Status TakeLook(int64_t start_ns) {
    absl::StatusOr<ServerLook> look = session_->Look();
    if (!look.ok()) return look.status();
    ++samples_.whole_cost.queries;
    samples_.whole_cost.server_s += look->server_s;
    least_server_s_ =
        least_server_s_ == 0 ? look->server_s : std::min(least_server_s_, look->server_s);
    samples_.hidden_rows += look->hidden;
    samples_.other_active += look->other_active;
    samples_.whole.Add(look->ours);
    const int64_t from_ns = measuring_from_ns_.load(std::memory_order_acquire);
    if (from_ns == 0 || start_ns < from_ns) {
      time_before_ = OwnThreadTime();
      return absl::OkStatus();
    }
    const ThreadTime time = OwnThreadTime();
    samples_.cost.user_s = time.user_s - time_before_.user_s;
    samples_.cost.system_s = time.system_s - time_before_.system_s;
    pending_.push_back({SteadyClock::Get()->NowNs(), look->server_s, std::move(look->ours)});
    if (pending_.size() > kMostPending) {
      CountMeasured(pending_.front(), &samples_);
      pending_.pop_front();
    }
    if (!look->waits_for_lock || start_ns < locks_at_ns_) return absl::OkStatus();
    locks_at_ns_ = start_ns + kLocksIntervalNs;
    ++samples_.whole_cost.queries;
    return session_->CountLocks(&samples_.locks);
  }

  SamplingSession* const session_;
  const SamplingPlan plan_;
  Random random_;
  std::atomic<int64_t> measuring_from_ns_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stops_ = false;

  // Of the thread between its start and its end.
  absl::Status failure_;
  ServerSamples samples_;
  std::deque<Look> pending_;
  ThreadTime time_before_;
  int64_t locks_at_ns_ = 0;
  // Of the fastest look: on a busy server the others waited for a processor most of the time.
  double least_server_s_ = 0;
  int64_t began_ns_ = 0;

  ServerCounters counters_before_;
  std::map<std::string, TableActivity> tables_before_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Probe> MakeServerSamplesProbe(SamplingSession* session, SamplingPlan plan) {
  return std::make_unique<ServerSamplesProbe>(session, std::move(plan));
}

}  // namespace pgring
