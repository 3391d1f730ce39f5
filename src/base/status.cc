#include "pgring/base/status.h"

#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace pgring {
namespace {

constexpr char kFailureCodeUrl[] = "pgring/failure-code";

}  // namespace

absl::Status WithFailureCode(absl::Status status, std::string_view code) {
  status.SetPayload(kFailureCodeUrl, absl::Cord(absl::string_view(code.data(), code.size())));
  return status;
}

std::string FailureCode(const absl::Status& status) {
  auto payload = status.GetPayload(kFailureCodeUrl);
  if (payload.has_value()) return std::string(*payload);
  return absl::StatusCodeToString(status.code());
}

absl::Status ErrnoStatus(int error_number, std::string_view attempt) {
  return absl::ErrnoToStatus(error_number, std::string(attempt));
}

std::string OneLine(std::string_view message) {
  const std::string stripped(
      absl::StripAsciiWhitespace(absl::string_view(message.data(), message.size())));
  return absl::StrReplaceAll(stripped, {{"\n\t", "; "}, {"\n", "; "}});
}

absl::Status Annotate(const absl::Status& status, std::string_view attempt) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(std::string(attempt), ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace pgring
