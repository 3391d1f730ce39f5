#include "pgring/base/error_details.h"

#include <utility>

#include "absl/strings/cord.h"

namespace pgring {
namespace {

constexpr char kFullMessageUrl[] = "pgring/full-message";
constexpr char kScriptPositionUrl[] = "pgring/script-position";
constexpr char kClientAbortedUrl[] = "pgring/client-aborted";

absl::Status With(absl::Status status, const char* url, std::string_view text) {
  status.SetPayload(url, absl::Cord(absl::string_view(text.data(), text.size())));
  return status;
}

std::string TextOr(const absl::Status& status, const char* url, std::string_view otherwise) {
  const auto payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : std::string(otherwise);
}

}  // namespace

absl::Status WithFullMessage(absl::Status status, std::string_view message) {
  return With(std::move(status), kFullMessageUrl, message);
}

std::string FullMessage(const absl::Status& status) {
  const absl::string_view message = status.message();
  return TextOr(status, kFullMessageUrl, std::string_view(message.data(), message.size()));
}

absl::Status WithScriptPosition(absl::Status status, std::string_view position) {
  return With(std::move(status), kScriptPositionUrl, position);
}

std::string ScriptPosition(const absl::Status& status) {
  return TextOr(status, kScriptPositionUrl, "");
}

absl::Status WithClientAborted(absl::Status status) {
  return With(std::move(status), kClientAbortedUrl, "");
}

bool AbortsClient(const absl::Status& status) {
  return status.GetPayload(kClientAbortedUrl).has_value();
}

std::string ShortenedText(std::string_view text, size_t limit_bytes) {
  if (text.size() <= limit_bytes) return std::string(text);
  size_t end = limit_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace pgring
