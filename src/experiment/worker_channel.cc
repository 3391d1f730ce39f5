#include "experiment/worker_channel.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "pgring/base/status.h"

namespace pgring {
namespace {

struct Header {
  uint32_t kind = 0;
  uint32_t length = 0;
};

}  // namespace

void Archived(Archive* archive, RunRequest* request) {
  archive->Fields(&request->scenario, &request->load, &request->operations, &request->parameters);
  archive->EnumField(&request->io, IoMode::kRing);
  archive->Fields(&request->behind_pooler, &request->findings, &request->log_name,
                  &request->wants_details, &request->tells_every_error);
}

void Archived(Archive* archive, RunOutcome* outcome) {
  archive->Fields(&outcome->driven, &outcome->logged);
  if (outcome->driven.ok()) archive->Field(&outcome->run);
}

void Archived(Archive* archive, ErrorNotice* notice) {
  archive->EnumField(&notice->outcome, ErrorOutcome::kRetried);
  archive->Fields(&notice->client, &notice->tries, &notice->status);
}

void WorkerChannel::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

absl::Status WorkerChannel::Send(WorkerMessageKind kind, std::string_view bytes) {
  const Header header = {static_cast<uint32_t>(kind), static_cast<uint32_t>(bytes.size())};
  std::string message(sizeof header, '\0');
  std::memcpy(message.data(), &header, sizeof header);
  message += bytes;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (size_t sent = 0; sent < message.size();) {
    const ssize_t count =
        send(descriptor_, message.data() + sent, message.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "sending to another process of this run");
    sent += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

std::optional<WorkerMessage> WorkerChannel::TakeMessage() {
  Header header;
  if (received_.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, received_.data(), sizeof header);
  if (received_.size() - sizeof header < header.length) return std::nullopt;
  WorkerMessage message;
  message.kind = static_cast<WorkerMessageKind>(header.kind);
  message.bytes = received_.substr(sizeof header, header.length);
  received_.erase(0, sizeof header + header.length);
  return message;
}

absl::StatusOr<std::optional<WorkerMessage>> WorkerChannel::Receive() {
  constexpr size_t kPiece = 1 << 16;
  std::array<char, kPiece> piece;
  while (!has_ended_) {
    const ssize_t count = recv(descriptor_, piece.data(), piece.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    has_ended_ = count <= 0;
    if (count > 0) received_.append(piece.data(), static_cast<size_t>(count));
  }
  std::optional<WorkerMessage> message = TakeMessage();
  if (!message.has_value() && has_ended_) return absl::UnavailableError("the process has ended");
  return message;
}

}  // namespace pgring
