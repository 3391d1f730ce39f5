#include "cli/metrics_server.h"

#include <errno.h>
#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/messages.h"
#include "pgring/base/clock.h"
#include "pgring/base/status.h"
#include "pgring/base/thread.h"
#include "report/run_metrics.h"

namespace pgring {
namespace {

constexpr int kHighestPort = 65'535;
// Who scrapes asks every few seconds. A connection without a request keeps one of them for two
// seconds, so that dozens of such do not keep a scraper waiting.
constexpr size_t kAnsweringThreads = 64;
constexpr int kReadTimeoutS = 2;
constexpr size_t kMaxRequestBytes = 4096;
// Connections that wait to be taken. Beyond the library's own five the kernel drops a connection,
// which is tried again after a second.
constexpr int kWaitingConnections = 128;

// How much a media type is wanted by an Accept header (RFC 9110, 12.5.1), from 0 to 1; 0 where it
// is not named.
double QualityOf(const std::string& accepted, absl::string_view type) {
  for (const absl::string_view range : absl::StrSplit(accepted, ',')) {
    const std::vector<absl::string_view> parts = absl::StrSplit(range, ';');
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts.front()), type)) continue;
    double quality = 1;
    for (absl::string_view part : parts) {
      part = absl::StripAsciiWhitespace(part);
      if (absl::ConsumePrefix(&part, "q=") && !absl::SimpleAtod(part, &quality)) return 0;
    }
    return quality;
  }
  return 0;
}

// What Prometheus sends with each request names OpenMetrics first if it is understood.
MetricsFormat WantedFormat(const httplib::Request& request) {
  const std::string accepted = request.get_header_value("Accept");
  const double open_metrics = QualityOf(accepted, "application/openmetrics-text");
  return open_metrics > 0 && open_metrics >= QualityOf(accepted, "text/plain")
             ? MetricsFormat::kOpenMetrics
             : MetricsFormat::kPrometheus;
}

}  // namespace

absl::StatusOr<MetricsAddress> ParseMetricsAddress(const std::string& text) {
  MetricsAddress address;
  std::string port = text;
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos) {
    port = text.substr(colon + 1);
    std::string host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
      port.clear();  // an IPv6 address without brackets: where it ends is not clear
    }
    if (!host.empty()) address.host = host;
  }
  if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos ||
      !absl::SimpleAtoi(port, &address.port) || address.port > kHighestPort) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--metrics: \"", text,
        "\" is not ADDRESS:PORT; write 9187 (on 127.0.0.1), 0.0.0.0:9187 or [::1]:9187"));
  }
  return address;
}

class MetricsServer::Impl {
 public:
  Impl() {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kAnsweringThreads); };
    // Not SO_REUSEPORT, which the library sets by itself: two programs would share the port, and
    // each would get some of the requests.
    server_.set_socket_options([this](int socket) {
      listening_socket_ = socket;
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    server_.set_read_timeout(kReadTimeoutS);
    server_.set_keep_alive_max_count(1);
    server_.set_keep_alive_timeout(kReadTimeoutS);
    server_.set_payload_max_length(kMaxRequestBytes);
    server_.Get("/metrics", [this](const httplib::Request& request, httplib::Response& response) {
      const MetricsFormat format = WantedFormat(request);
      response.set_content(TextOf(format), ContentTypeOf(format));
    });
    server_.Get("/", [](const httplib::Request& /*request*/, httplib::Response& response) {
      response.set_content("pgring: the metrics of the run that goes on are at /metrics\n",
                           "text/plain");
    });
  }

  ~Impl() {
    if (!thread_.joinable()) return;
    // Before it listens, a request to stop would be lost.
    while (!server_.is_running() && !has_ended_.load()) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }

  absl::StatusOr<int> Bind(const MetricsAddress& address) {
    errno = 0;
    int port = address.port;
    if (port == 0) {
      port = server_.bind_to_any_port(address.host);
    } else if (!server_.bind_to_port(address.host, port)) {
      port = -1;
    }
    if (port > 0) {
      listen(listening_socket_, kWaitingConnections);
      return port;
    }
    // A name that cannot be resolved leaves no errno.
    const int error = errno != 0 ? errno : EADDRNOTAVAIL;
    const absl::Status failure = ErrnoStatus(
        error, absl::StrCat("--metrics: listening on ", address.host, ":", address.port));
    return absl::Status(
        failure.code(),
        absl::StrCat(failure.message(), "; name another port, or an address of this machine"));
  }

  absl::Status Start() {
    return StartThread(
        "that serves metrics",
        [this] {
          // The library starts further threads, which may fail as this one's start may have.
          try {
            server_.listen_after_bind();
          } catch (const std::exception& error) {
            PrintNote(absl::StrCat("--metrics: serving them failed: ", error.what()));
          }
          has_ended_ = true;
        },
        &thread_);
  }

  void ShowRun(const std::string& scenario, int block,
               std::shared_ptr<const RunProgress> progress) {
    const std::lock_guard<std::mutex> lock(mutex_);
    scenario_ = scenario;
    block_ = block;
    progress_ = std::move(progress);
  }

 private:
  std::string TextOf(MetricsFormat format) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (progress_ == nullptr) return NoMetricsText(format);
    return RunMetricsText(format, scenario_, block_, SteadyClock::Get()->NowNs(), *progress_);
  }

  httplib::Server server_;
  int listening_socket_ = -1;  // of server_
  std::thread thread_;
  std::atomic<bool> has_ended_{false};
  std::mutex mutex_;
  std::string scenario_;
  int block_ = 0;
  std::shared_ptr<const RunProgress> progress_;  // nullptr: no run has begun
};

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::~MetricsServer() = default;

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Bind(const MetricsAddress& address) {
  auto impl = std::make_unique<Impl>();
  const absl::StatusOr<int> port = impl->Bind(address);
  if (!port.ok()) return port.status();
  // Not make_unique: the constructor is private.
  std::unique_ptr<MetricsServer> server(new MetricsServer(std::move(impl)));
  const bool has_colons = address.host.find(':') != std::string::npos;
  server->url_ = absl::StrCat("http://", has_colons ? "[" : "", address.host, has_colons ? "]" : "",
                              ":", *port, "/metrics");
  return server;
}

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::BindIfWanted(
    const std::string& text) {
  if (text.empty()) return nullptr;
  const absl::StatusOr<MetricsAddress> address = ParseMetricsAddress(text);
  if (!address.ok()) return address.status();
  return Bind(*address);
}

absl::Status MetricsServer::Start() { return impl_->Start(); }

absl::Status ServeMetrics(MetricsServer* server, ExperimentObserver* observer) {
  if (server == nullptr) return absl::OkStatus();
  PGRING_RETURN_IF_ERROR(server->Start());
  observer->OnNote(absl::StrCat("metrics of the run are served at ", server->url()));
  return absl::OkStatus();
}

void MetricsServer::ShowRun(const std::string& scenario, int block,
                            std::shared_ptr<const RunProgress> progress) {
  impl_->ShowRun(scenario, block, std::move(progress));
}

}  // namespace pgring
