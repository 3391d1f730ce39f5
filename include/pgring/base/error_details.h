// What the status of a failed operation carries beside its one-line message and its code: the parts
// that are used where a failure is told at length.
//
// Everything here may allocate; it is meant for the failure path only.
#ifndef PGRING_BASE_ERROR_DETAILS_H_
#define PGRING_BASE_ERROR_DETAILS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pgring {

// The message in full, of several lines: the server's position, detail, hint and context with it.
// Replaces one that is there already.
absl::Status WithFullMessage(absl::Status status, std::string_view message);
// Else the status's message.
std::string FullMessage(const absl::Status& status);

// Where in a script it happened: "command 2 (line 5) of checkout.sql".
absl::Status WithScriptPosition(absl::Status status, std::string_view position);
// Empty: in no script.
std::string ScriptPosition(const absl::Status& status);

// The client that met the error runs nothing more.
absl::Status WithClientAborted(absl::Status status);
bool AbortsClient(const absl::Status& status);

// The beginning of a text that is longer than `limit_bytes`, then "..."; not cut within a character
// of UTF-8.
std::string ShortenedText(std::string_view text, size_t limit_bytes);

}  // namespace pgring

#endif  // PGRING_BASE_ERROR_DETAILS_H_
