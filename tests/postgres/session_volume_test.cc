// Much of everything on a real server: results and parameters far beyond every buffer on the way,
// and messages that no statement has asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "session_fixture.h"
#include "support/sanitizers.h"
#include "support/socket_queues.h"

namespace pgring {
namespace {

// 30 MB, several times what all buffers on the way hold; the address sanitizer would take minutes.
constexpr int kThousands = kAddressSanitizer ? 10'000 : 30'000;

// What of this process has been in memory at most since ForgetPeakMemory.
void ForgetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5\n"; }
int64_t PeakMemoryKb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoll(line.substr(6));
  }
  ADD_FAILURE() << "the kernel does not tell the peak memory";
  return 0;
}

// Pieces of 1,000 bytes, all different, so that one lost, doubled or misplaced shows. In SQL:
// kLargeText, for generate_series(1, n).
std::string PieceOf(int number) {
  const std::string text = std::to_string(number);
  return text + std::string(1'000 - text.size(), '.');
}
constexpr const char* kPieceInSql = "rpad(i::text, 1000, '.')";
std::string LargeText() {
  std::string text;
  text.reserve(static_cast<size_t>(kThousands) * 1'000);
  for (int i = 1; i <= kThousands; ++i) text += PieceOf(i);
  return text;
}
// Without ORDER BY: the server would sort all of it on disk to find it in order.
std::string LargeTextInSql() {
  return absl::StrCat("(SELECT string_agg(", kPieceInSql, ", '') FROM generate_series(1, ",
                      kThousands, ") AS i)");
}

template <typename Side>
class SessionVolumeTest : public SessionFixture<Side> {};
TYPED_TEST_SUITE(SessionVolumeTest, SessionSides, SideNames);

TYPED_TEST(SessionVolumeTest, LargeResultOfManyRows) {
  this->AddStatement("rows", absl::StrCat("SELECT i, ", kPieceInSql, " FROM generate_series(1, ",
                                          kThousands, ") AS i"));
  this->AddStatement("six", "SELECT 6 * 7");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  const absl::StatusOr<Result> result = this->Execute(0);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->rows(), kThousands);
  for (int i = 1; i <= kThousands; ++i) {
    ASSERT_EQ(result->Integer(i - 1, 0), i);
    ASSERT_EQ(result->Text(i - 1, 1), PieceOf(i));
  }
  EXPECT_EQ(this->Value(1), "42");
}

TYPED_TEST(SessionVolumeTest, LargeResultOfOneValue) {
  this->AddStatement("value", absl::StrCat("SELECT ", LargeTextInSql()));
  this->AddStatement("six", "SELECT 6 * 7");
  const std::string expected = LargeText();
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    const absl::StatusOr<Result> result = this->Execute(0);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->Text(0, 0).size(), expected.size());
    EXPECT_TRUE(result->Text(0, 0) == expected) << "it came, but not as it was sent";
    EXPECT_EQ(this->Value(1), "42");
  }
}

// libpq is told again and again that there is no more room.
TYPED_TEST(SessionVolumeTest, LargeParameter) {
  this->AddStatement("compare", absl::StrCat("SELECT $1::text = ", LargeTextInSql()), 1);
  this->AddStatement("six", "SELECT 6 * 7");
  const std::string large = LargeText();
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    EXPECT_EQ(this->Value(0, {large.c_str()}), "t");
    EXPECT_EQ(this->Value(1), "42");
  }
}

// The server sends notices while it reads: neither side may wait for the other to read first.
TYPED_TEST(SessionVolumeTest, LargeParameterComesBackBetweenNotices) {
  AskServer(
      "CREATE OR REPLACE FUNCTION echo_noisily(value text) RETURNS text LANGUAGE plpgsql AS $$"
      " BEGIN FOR i IN 1..10000 LOOP RAISE NOTICE '%', repeat('n', 1000); END LOOP;"
      " RETURN value; END $$");
  this->AddStatement("echo", "SELECT echo_noisily($1)", 1);
  const std::string large(10'000'000, 'l');
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  EXPECT_TRUE(this->Value(0, {large.c_str()}) == large);
}

// Notices are read and dropped one by one: they reach neither the user nor this process's memory.
TYPED_TEST(SessionVolumeTest, HundredThousandNoticesBeforeAResult) {
  this->AddStatement("noisy",
                     "DO $$ BEGIN FOR i IN 1..100000 LOOP RAISE NOTICE '%', repeat('n', 1000);"
                     " END LOOP; END $$; SELECT 'the result'",
                     0, StatementProtocol::kSimple);
  this->AddStatement("six", "SELECT 6 * 7");
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  ForgetPeakMemory();
  const int64_t before_kb = PeakMemoryKb();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(this->Value(0), "the result");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "notices are not for the user";
  // The address sanitizer keeps what was freed.
  if (!kAddressSanitizer) {
    EXPECT_LT(PeakMemoryKb() - before_kb, 10'000) << "100 MB of notices were kept";
  }
  EXPECT_EQ(this->Value(1), "42");
}

// A notification may arrive at any time, also on a connection without a wait.
TYPED_TEST(SessionVolumeTest, NotificationOnAnIdleConnection) {
  this->AddStatement("listen", "LISTEN volume");
  this->AddStatement("echo", "SELECT $1::text", 1);
  this->AddStatement("divide", "SELECT 1 / $1::int", 1);
  for (const ConnectionParameters& parameters : {ServerParameters(), TcpServerParameters()}) {
    ASSERT_EQ(this->Connect(parameters), absl::OkStatus());
    EXPECT_TRUE(this->Execute(0).ok());
    for (int round = 0; round < 20; ++round) {
      AskServer("NOTIFY volume, 'something happened'");
      ASSERT_TRUE(WaitForUnreadBytes(20)) << "the notification did not come";
      const std::string text = std::to_string(round);
      ASSERT_EQ(this->Value(1, {text.c_str()}), text);
      ASSERT_EQ(this->Value(2, {"0"}), "22012");
    }
  }
}

// More than the socket takes: the server's process waits until the client reads, which the next
// statement does.
TYPED_TEST(SessionVolumeTest, NotificationsThatFillTheSocketOfAnIdleConnection) {
  this->AddStatement("listen", "LISTEN volume");
  this->AddStatement("echo", "SELECT $1::text", 1);
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  EXPECT_TRUE(this->Execute(0).ok());
  EXPECT_EQ(AskServer("SELECT count(pg_notify('volume', i || repeat('n', 5000)))"
                      " FROM generate_series(1, 1000) AS i"),
            "1000");
  ASSERT_TRUE(WaitForUnreadBytes(30'000)) << "the notifications did not come";
  const std::string large(1'000'000, 'l');
  EXPECT_TRUE(this->Value(1, {large.c_str()}) == large);
  EXPECT_EQ(this->Value(1, {"42"}), "42");
}

// The server reports changed settings unasked: with the next statement's answer, success or error.
TYPED_TEST(SessionVolumeTest, SettingsThatChangeBetweenStatements) {
  this->AddStatement("zone", "SHOW timezone");
  this->AddStatement("divide", "SELECT 1 / $1::int", 1);
  this->AddStatement("set", "SELECT set_config('application_name', $1, false)", 1);
  ASSERT_EQ(this->Connect(ServerParameters()), absl::OkStatus());
  for (const std::string zone : {"Etc/GMT-5", "Etc/GMT+5"}) {
    AskServer(absl::StrCat("ALTER SYSTEM SET timezone = '", zone, "'"));
    AskServer("SELECT pg_reload_conf()");
    ASSERT_TRUE(WaitForAnswer("SHOW timezone", zone));
    // The session's process reads its settings anew between statements, when the signal comes.
    while (this->Value(0) != zone) ASSERT_EQ(this->Value(1, {"0"}), "22012");
    EXPECT_EQ(this->Value(2, {zone.c_str()}), zone);
    EXPECT_EQ(this->Value(1, {"1"}), "1");
  }
  AskServer("ALTER SYSTEM RESET timezone");
  AskServer("SELECT pg_reload_conf()");
}

}  // namespace
}  // namespace pgring
