// Which protocol a script's statements are sent in where -M does not say, and what to say of an
// error that may come from that choice. Pure.
#ifndef PGRING_WORKLOAD_SCRIPT_PROTOCOL_H_
#define PGRING_WORKLOAD_SCRIPT_PROTOCOL_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "script/script.h"
#include "workload/script_options.h"

namespace pgring {

// Of a script from a file, without -M: simple, as in pgbench. A script with \startpipeline cannot
// run in it and is prepared. One that does not parse is simple; compiling it reports the
// error.
QueryMode DefaultQueryMode(std::string_view script_text);

// Why statements go with parameters instead of values in their text.
enum class ParameterReason : uint8_t {
  kAskedFor,   // -M extended or prepared
  kPipelining  // the scenario or the script pipelines, which the simple protocol cannot
};

// A copy of `error` with the hint to use -M simple, where the error is one of those that statements
// with parameters fail with though their text with values would do. `command` is the one that
// failed.
absl::Status WithSimpleProtocolHint(const absl::Status& error, const Command& command,
                                    ParameterReason reason);

}  // namespace pgring

#endif  // PGRING_WORKLOAD_SCRIPT_PROTOCOL_H_
