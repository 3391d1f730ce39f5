#include "script/variables.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pgring/base/check.h"
#include "script/characters.h"

namespace pgring {

bool IsValidVariableName(std::string_view name) {
  return !name.empty() && IsNameStart(name[0]) && std::all_of(name.begin(), name.end(), IsNamePart);
}

absl::StatusOr<VariableSlot> SymbolTable::Intern(std::string_view name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) return known->second;
  if (!IsValidVariableName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid variable name: \"", std::string(name), "\""));
  }
  if (names_.size() >= kMaxVariables) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "too many variables (maximum is ", kMaxVariables, "): \"", std::string(name), "\""));
  }
  const auto slot = static_cast<VariableSlot>(names_.size());
  names_.emplace_back(name);
  by_name_.emplace(names_.back(), slot);
  return slot;
}

std::optional<VariableSlot> SymbolTable::Find(std::string_view name) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return std::nullopt;
  return known->second;
}

const std::string& SymbolTable::Name(VariableSlot slot) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  PGRING_CHECK(slot < names_.size(), "this slot is from another symbol table");
  return names_[slot];
}

size_t SymbolTable::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return names_.size();
}

VariableStore::Slot& VariableStore::At(VariableSlot slot) {
  PGRING_CHECK(slot < kMaxVariables, "no symbol table gives out such a slot");
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  changed_ = true;
  return slots_[slot];
}

void VariableStore::SetText(VariableSlot slot, std::string_view text) {
  Slot& variable = At(slot);
  variable.text.assign(text);
  variable.state = State::kText;
  variable.has_text = true;
  variable.has_value = false;
}

void VariableStore::SetValue(VariableSlot slot, Value value) {
  Slot& variable = At(slot);
  variable.value = value;
  variable.state = State::kValue;
  variable.has_value = true;
  variable.has_text = false;
}

void VariableStore::Unset(VariableSlot slot) {
  if (!IsSet(slot)) return;
  Slot& variable = At(slot);
  variable.state = State::kUnset;
  variable.has_value = false;
  variable.has_text = false;
}

const std::string* VariableStore::FindText(VariableSlot slot) {
  if (!IsSet(slot)) return nullptr;
  Slot& variable = slots_[slot];
  if (!variable.has_text) {
    char buffer[kMaxValueTextBytes];
    variable.text.assign(buffer, FormatValue(variable.value, buffer));
    variable.has_text = true;
  }
  return &variable.text;
}

absl::Status VariableStore::ConvertText(VariableSlot slot, const SymbolTable& symbols,
                                        Value* value) {
  if (!IsSet(slot)) {
    return absl::NotFoundError(absl::StrCat("undefined variable \"", symbols.Name(slot), "\""));
  }
  Slot& variable = slots_[slot];
  const absl::StatusOr<Value> converted = ValueFromText(symbols.Name(slot), variable.text);
  if (!converted.ok()) return converted.status();
  variable.value = *converted;
  variable.has_value = true;
  *value = variable.value;
  return absl::OkStatus();
}

void VariableStore::CopyFrom(const VariableStore& other) {
  if (this == &other) return;
  changed_ = true;
  if (slots_.size() < other.slots_.size()) slots_.resize(other.slots_.size());
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& to = slots_[i];
    if (i >= other.slots_.size()) {
      Unset(static_cast<VariableSlot>(i));
      continue;
    }
    const Slot& from = other.slots_[i];
    to.value = from.value;
    to.state = from.state;
    to.has_value = from.has_value;
    to.has_text = from.has_text;
    // What is not right anyway need not be copied; its memory is kept.
    if (from.has_text) to.text.assign(from.text);
  }
}

}  // namespace pgring
