// The metrics over a real socket, as a scraper asks for them.
#include "cli/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

namespace pgring {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<MetricsServer> AnyServer() {
  auto server = MetricsServer::Bind({.host = "127.0.0.1", .port = 0});
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

int PortOf(const MetricsServer& server) {
  const std::string& url = server.url();
  const size_t colon = url.rfind(':');
  return std::stoi(url.substr(colon + 1));
}

TEST(MetricsServerTest, ServesTheRunThatGoesOn) {
  const auto server = AnyServer();
  ASSERT_NE(server, nullptr);
  ASSERT_TRUE(server->Start().ok());
  httplib::Client client("127.0.0.1", PortOf(*server));
  auto answer = client.Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "");  // no run yet

  const auto progress = std::make_shared<RunProgress>();
  progress->is_detailed = true;
  server->ShowRun("window:8", 0, progress);
  progress->response_ns.Record(1'000);
  answer = client.Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->body, HasSubstr("pgring_operations_total{scenario=\"window:8\"} 1\n"));
  EXPECT_THAT(answer->get_header_value("Content-Type"), StartsWith("text/plain; version=0.0.4"));

  answer = client.Get("/metrics", {{"Accept", "application/openmetrics-text;version=1.0.0,*/*"}});
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->body, EndsWith("# EOF\n"));
  EXPECT_THAT(answer->get_header_value("Content-Type"), StartsWith("application/openmetrics-text"));
  EXPECT_EQ(client.Get("/other")->status, 404);
}

TEST(MetricsServerTest, GivesTheFormatThatIsWantedMost) {
  const auto server = AnyServer();
  ASSERT_NE(server, nullptr);
  ASSERT_TRUE(server->Start().ok());
  httplib::Client client("127.0.0.1", PortOf(*server));
  const auto type = [&client](const char* accepted) {
    const auto answer = client.Get("/metrics", {{"Accept", accepted}});
    return answer ? answer->get_header_value("Content-Type") : "none";
  };
  EXPECT_THAT(type("text/plain;q=0.2, application/openmetrics-text; version=1.0.0; q=0.5"),
              StartsWith("application/openmetrics-text"));
  EXPECT_THAT(type("application/openmetrics-text"), StartsWith("application/openmetrics-text"));
  for (const char* accepted :
       {"application/openmetrics-text;q=0", "application/openmetrics-text; q=0.1, text/plain",
        "application/openmetrics-text;q=x", "*/*"}) {
    EXPECT_THAT(type(accepted), StartsWith("text/plain")) << accepted;
  }
}

// Four of them once kept every scraper waiting.
TEST(MetricsServerTest, ConnectionsWithoutARequestKeepNobodyWaiting) {
  const auto server = AnyServer();
  ASSERT_NE(server, nullptr);
  ASSERT_TRUE(server->Start().ok());
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(PortOf(*server)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<int> silent;
  for (int i = 0; i < 32; ++i) {
    silent.push_back(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(connect(silent.back(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_TRUE(httplib::Client("127.0.0.1", PortOf(*server)).Get("/metrics"));
  // None of them had to be given up for it.
  char byte = 0;
  for (const int descriptor : silent) {
    EXPECT_EQ(recv(descriptor, &byte, 1, MSG_DONTWAIT), -1);
    close(descriptor);
  }
}

// The library would share the port, and each program would get some of the requests.
TEST(MetricsServerTest, APortInUseIsRefused) {
  const auto first = AnyServer();
  ASSERT_NE(first, nullptr);
  const auto second = MetricsServer::Bind({.host = "127.0.0.1", .port = PortOf(*first)});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()),
              testing::AllOf(StartsWith("--metrics: listening on 127.0.0.1:"), HasSubstr("in use"),
                             EndsWith("name another port, or an address of "
                                      "this machine")));
}

TEST(MetricsServerTest, IsGoneAtOnceBeforeAndAfterItServes) {
  for (int i = 0; i < 20; ++i) {
    const auto server = AnyServer();
    ASSERT_NE(server, nullptr);
    if (i % 2 == 0) continue;
    ASSERT_TRUE(server->Start().ok());
  }
}

TEST(MetricsAddressTest, IsAPortOrAnAddressWithAPort) {
  const auto parsed = [](const std::string& text) {
    const auto address = ParseMetricsAddress(text);
    EXPECT_TRUE(address.ok()) << address.status();
    return address.ok() ? address->host + " " + std::to_string(address->port) : "";
  };
  EXPECT_EQ(parsed("9187"), "127.0.0.1 9187");
  EXPECT_EQ(parsed(":9187"), "127.0.0.1 9187");
  EXPECT_EQ(parsed("0.0.0.0:80"), "0.0.0.0 80");
  EXPECT_EQ(parsed("[::1]:9187"), "::1 9187");
  for (const char* text : {"", "x", "9187x", "127.0.0.1", "1.2.3.4:", "::1:9187", "65536", "-1"}) {
    EXPECT_FALSE(ParseMetricsAddress(text).ok()) << text;
  }
}

}  // namespace
}  // namespace pgring
