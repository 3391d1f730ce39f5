// What the tests of faults and of interrupts share.
#ifndef PGRING_TESTS_CLI_FAULT_FIXTURE_H_
#define PGRING_TESTS_CLI_FAULT_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "cli_fixture.h"
#include "support/fault_proxy.h"

namespace pgring {

// A proxy in front of the shared server.
inline std::unique_ptr<FaultProxy> MakeProxy() {
  ThrowawayServer& server = SharedServer();
  return std::make_unique<FaultProxy>(server.directory(), server.port());
}

// "window" of the parameter "window:4".
inline std::string ScenarioNameOf(const testing::TestParamInfo<const char*>& info) {
  const std::string text = info.param;
  return text.substr(0, text.find(':'));
}

}  // namespace pgring

#endif  // PGRING_TESTS_CLI_FAULT_FIXTURE_H_
