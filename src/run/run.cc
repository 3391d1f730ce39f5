#include "run/run.h"

#include <algorithm>

#include "pgring/base/check.h"
#include "pgring/base/clock.h"

namespace pgring {

namespace {

std::optional<int64_t> SumOf(const std::optional<int64_t>& left,
                             const std::optional<int64_t>& right) {
  if (!left.has_value() || !right.has_value()) return left.has_value() ? left : right;
  return *left + *right;
}

}  // namespace

double Run::duration_s() const { return NsInSeconds(ended_ns - started_ns); }

double Run::throughput_per_s() const {
  const double took_s = duration_s();
  return took_s > 0 ? static_cast<double>(recorder.succeeded()) / took_s : 0;
}

void Run::Add(const Run& other) {
  PGRING_CHECK(kinds == other.kinds, "only parts of one run can be added");
  AddCounts(other);
  started_ns = std::min(started_ns, other.started_ns);
  ended_ns = std::max(ended_ns, other.ended_ns);
  recorder.Add(other.recorder);
  tally.Add(other.tally);
  warmup_tally.Add(other.warmup_tally);
  timeline.Add(other.timeline);
  connect_ns.Add(other.connect_ns);
  connecting_ns = std::max(connecting_ns, other.connecting_ns);
  last_lag_ns = std::max(last_lag_ns, other.last_lag_ns);
  interrupted = interrupted || other.interrupted;
  // The first words stay.
  if (gave_up.empty()) gave_up = other.gave_up;
  if (not_started.empty()) not_started = other.not_started;
  if (first_failure.empty()) first_failure = other.first_failure;
  if (connect_failure.ok()) connect_failure = other.connect_failure;
  client += other.client;
  workers.insert(workers.end(), other.workers.begin(), other.workers.end());
  AddCommands(other.commands);
  AddMessages(other.server_messages);
  peak_memory_bytes = SumOf(peak_memory_bytes, other.peak_memory_bytes);
  if (server_samples.has_value() && other.server_samples.has_value()) {
    server_samples->Add(*other.server_samples);
  } else if (!server_samples.has_value()) {
    server_samples = other.server_samples;
  }
}

void Run::Shift(int64_t by_ns) {
  started_ns += by_ns;
  ended_ns += by_ns;
  recorder.Shift(by_ns);
  timeline.Shift(by_ns);
}

const WorkerPart* Run::BusiestWorker() const {
  const auto busiest = std::max_element(workers.begin(), workers.end(),
                                        [](const WorkerPart& left, const WorkerPart& right) {
                                          return left.processor_share() < right.processor_share();
                                        });
  return busiest == workers.end() ? nullptr : &*busiest;
}

double WorkerPart::processor_share() const {
  const double took_s = NsInSeconds(duration_ns);
  return took_s > 0 ? (client.user_s + client.system_s) / took_s : 0;
}

void Run::AddCounts(const Run& other) {
  // What each of them held, weighted by how many there were.
  if (bytes_per_connection.has_value() && other.bytes_per_connection.has_value()) {
    const int64_t opened = connections.opened + other.connections.opened;
    bytes_per_connection = (*bytes_per_connection * connections.opened +
                            *other.bytes_per_connection * other.connections.opened) /
                           std::max<int64_t>(opened, 1);
  } else if (other.bytes_per_connection.has_value()) {
    bytes_per_connection = other.bytes_per_connection;
  }
  connections += other.connections;
  wanted_before += other.wanted_before;
  opened_before += other.opened_before;
  if (ring.has_value() && other.ring.has_value()) *ring += *other.ring;
  if (!ring.has_value()) ring = other.ring;
  rescued_waits += other.rescued_waits;
  // Their connections are others.
  depths.insert(depths.end(), other.depths.begin(), other.depths.end());
  for (size_t kind = 0; kind < succeeded_by_kind.size(); ++kind) {
    succeeded_by_kind[kind] += other.succeeded_by_kind[kind];
  }
  late += other.late;
  cut_at_end += other.cut_at_end;
  retried += other.retried;
  retries += other.retries;
  aborted_clients += other.aborted_clients;
}

void Run::AddCommands(const std::vector<CommandFigures>& others) {
  if (commands.empty() || others.empty()) {
    if (commands.empty()) commands = others;
    return;
  }
  PGRING_CHECK(commands.size() == others.size(), "only parts of one run can be added");
  for (size_t place = 0; place < commands.size(); ++place) {
    commands[place].failures += others[place].failures;
    commands[place].retries += others[place].retries;
    commands[place].pipelined += others[place].pipelined;
    commands[place].duration_ns.Add(others[place].duration_ns);
  }
}

void Run::AddMessages(const ServerMessageCounts& others) {
  server_messages.warnings += others.warnings;
  server_messages.notices += others.notices;
  server_messages.notifications += others.notifications;
  if (server_messages.first_warning.empty()) server_messages.first_warning = others.first_warning;
  if (server_messages.first_notice.empty()) server_messages.first_notice = others.first_notice;
}

}  // namespace pgring
