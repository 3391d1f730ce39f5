// Serves the metrics of the run that goes on over HTTP, at /metrics, from threads of its own
// (--metrics ADDRESS:PORT). After a run's end its last metrics are served until the next begins.
// Without encryption and without a password: whoever reaches the port can read them.
//
// Owns its socket and its threads, which end with it. Thread-safe.
#ifndef PGRING_CLI_METRICS_SERVER_H_
#define PGRING_CLI_METRICS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiment/experiment.h"
#include "run/run_progress.h"

namespace pgring {

struct MetricsAddress {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free
};

// "9187", ":9187", "127.0.0.1:9187", "[::1]:9187", "0.0.0.0:9187". InvalidArgument for what is none
// of these, and for a port beyond 65535.
absl::StatusOr<MetricsAddress> ParseMetricsAddress(const std::string& text);

class MetricsServer {
 public:
  // What --metrics asks for, as Bind makes it; nullptr where `text` is empty.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> BindIfWanted(const std::string& text);
  // Takes the port, and fails where that cannot be had. Requests are answered after Start(), which
  // starts threads.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Bind(const MetricsAddress& address);
  ~MetricsServer();

  absl::Status Start();
  // "http://127.0.0.1:9187/metrics"
  const std::string& url() const { return url_; }

  // `progress` is detailed.
  void ShowRun(const std::string& scenario, int block, std::shared_ptr<const RunProgress> progress);

 private:
  class Impl;
  explicit MetricsServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
  std::string url_;
};

// Starts `server`, if it is not nullptr, and tells where it is. Once no process is forked any more,
// because of its threads.
absl::Status ServeMetrics(MetricsServer* server, ExperimentObserver* observer);

}  // namespace pgring

#endif  // PGRING_CLI_METRICS_SERVER_H_
