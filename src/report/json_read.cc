#include "report/json_read.h"

#include <cmath>

namespace pgring {
namespace {

constexpr int64_t kMostExact = int64_t{1} << 53;

}  // namespace

const Json* Below(const Json& json, JsonKeys keys) {
  const Json* found = &json;
  for (const char* key : keys) {
    if (!found->is_object()) return nullptr;
    const auto item = found->find(key);
    if (item == found->end()) return nullptr;
    found = &*item;
  }
  return found;
}

std::optional<double> NumberBelow(const Json& json, JsonKeys keys) {
  const Json* found = Below(json, keys);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

std::optional<int64_t> CountBelow(const Json& json, JsonKeys keys) {
  const std::optional<double> value = NumberBelow(json, keys);
  const bool is_count = value.has_value() && *value >= 0 &&
                        *value <= static_cast<double>(kMostExact) && std::floor(*value) == *value;
  return is_count ? std::optional<int64_t>(static_cast<int64_t>(*value)) : std::nullopt;
}

bool TruthBelow(const Json& json, JsonKeys keys) {
  const Json* found = Below(json, keys);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

std::string TextBelow(const Json& json, JsonKeys keys) {
  const Json* found = Below(json, keys);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

const Json& ArrayBelow(const Json& json, JsonKeys keys) {
  static const Json& none = *new Json(Json::array());
  const Json* found = Below(json, keys);
  return found != nullptr && found->is_array() ? *found : none;
}

std::vector<std::string> TextsBelow(const Json& json, JsonKeys keys) {
  std::vector<std::string> texts;
  for (const Json& text : ArrayBelow(json, keys)) {
    if (text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

}  // namespace pgring
