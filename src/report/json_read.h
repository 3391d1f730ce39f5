// Reading JSON that may be anything: nothing in a file is what it should be until it has been
// looked at, and the library's own access would throw. What is missing or of another type is not
// there.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_JSON_READ_H_
#define PGRING_REPORT_JSON_READ_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "report/json_values.h"

namespace pgring {

using JsonKeys = std::initializer_list<const char*>;

// The value below these keys; nullptr where one of them is missing.
const Json* Below(const Json& json, JsonKeys keys);

// Finite.
std::optional<double> NumberBelow(const Json& json, JsonKeys keys);
// Whole, from 0 to 2^53: what every JSON reader keeps exactly.
std::optional<int64_t> CountBelow(const Json& json, JsonKeys keys);
bool TruthBelow(const Json& json, JsonKeys keys);
// Empty where there is none.
std::string TextBelow(const Json& json, JsonKeys keys);
const Json& ArrayBelow(const Json& json, JsonKeys keys);
// The texts of an array; other elements are left out.
std::vector<std::string> TextsBelow(const Json& json, JsonKeys keys);

}  // namespace pgring

#endif  // PGRING_REPORT_JSON_READ_H_
