// The variables of pgbench scripts. A SymbolTable gives every name a dense number, its slot, once;
// a VariableStore holds one client's values by slot, so that running a script looks up no names.
//
// One SymbolTable per plan, filled while scripts are compiled and, with the column names of \gset
// and \aset, while they run; it outlives everything that holds slots. It may be used from several
// threads at once. One VariableStore per client, used by one thread at a time.
//
// A store allocates when it meets a slot for the first time and when a text outgrows what its slot
// has held before; in the steady state nothing does.
#ifndef PGRING_SCRIPT_VARIABLES_H_
#define PGRING_SCRIPT_VARIABLES_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "script/value.h"

namespace pgring {

using VariableSlot = uint32_t;
inline constexpr VariableSlot kNoVariable = 0xffffffff;

// All names behind colons count, also those that are only text ('{"a":true}').
inline constexpr size_t kMaxVariables = 1'000'000;

// Letters (every byte beyond ASCII counts as one), digits and underscores, with no digit in front.
bool IsValidVariableName(std::string_view name);

class SymbolTable {
 public:
  SymbolTable() = default;
  SymbolTable(const SymbolTable&) = delete;
  SymbolTable& operator=(const SymbolTable&) = delete;

  // The slot of `name`, a new one if need be. InvalidArgument: `invalid variable name: "1x"`;
  // ResourceExhausted: kMaxVariables.
  absl::StatusOr<VariableSlot> Intern(std::string_view name);

  // Nothing: the name has no slot.
  std::optional<VariableSlot> Find(std::string_view name) const;

  // Valid as long as the table.
  const std::string& Name(VariableSlot slot) const;

  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> names_;                                  // by slot; never move
  std::map<std::string_view, VariableSlot, std::less<>> by_name_;  // views into names_
};

class VariableStore {
 public:
  // As after -D, \gset, \aset: text until an expression asks what value it is.
  void SetText(VariableSlot slot, std::string_view text);
  // As after \set and \setshell, and for client_id, scale and the seeds.
  void SetValue(VariableSlot slot, Value value);
  void Unset(VariableSlot slot);

  bool IsSet(VariableSlot slot) const {
    return slot < slots_.size() && slots_[slot].state != State::kUnset;
  }

  // What goes into SQL; nullptr when unset. Valid until that slot is set again or another slot is
  // set for the first time.
  const std::string* FindText(VariableSlot slot);

  // The value of a slot that is set, else NotFound: `undefined variable "x"`. Text that is no
  // value: as ValueFromText. `symbols` names it in messages.
  absl::Status GetValue(VariableSlot slot, const SymbolTable& symbols, Value* value) {
    if (slot < slots_.size() && slots_[slot].has_value) [[likely]] {
      *value = slots_[slot].value;
      return absl::OkStatus();
    }
    return ConvertText(slot, symbols, value);
  }

  // Makes this a copy of `other`: to keep the variables at the start of a transaction, and to put
  // them back before it is tried again. Allocates nothing once this store has held as much.
  void CopyFrom(const VariableStore& other);

  // Whether anything was set, unset or copied here since this was last asked.
  bool TakeChanged() { return std::exchange(changed_, false); }

 private:
  enum class State : uint8_t { kUnset, kText, kValue };

  struct Slot {
    Value value;
    std::string text;
    State state = State::kUnset;
    bool has_value = false;  // `value` is right: always for kValue, for kText once converted
    bool has_text = false;   // `text` is right: always for kText, for kValue once asked for
  };

  // For a change.
  Slot& At(VariableSlot slot);
  absl::Status ConvertText(VariableSlot slot, const SymbolTable& symbols, Value* value);

  std::vector<Slot> slots_;
  bool changed_ = false;
};

}  // namespace pgring

#endif  // PGRING_SCRIPT_VARIABLES_H_
