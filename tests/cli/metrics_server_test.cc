// The metrics over a real socket, as a scraper asks for them.
#include "cli/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <string>

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
