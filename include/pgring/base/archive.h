// What a worker found, as bytes for another process: every field once, in one order, written and
// read by the same function, so that the two cannot differ. Whole numbers take as many bytes as
// they need; doubles are kept to the bit.
//
//   void Archived(Archive* archive, Point* point) { archive->Fields(&point->x, &point->y); }
//
// Found by its argument, for each type that is not built in. Reading never trusts the bytes: what
// cannot be is an error that stays (ok() is false), the rest reads as nothing, and no more memory
// is asked for than the bytes could fill.
//
// Not thread-safe.
#ifndef PGRING_BASE_ARCHIVE_H_
#define PGRING_BASE_ARCHIVE_H_

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pgring {

class Archive {
 public:
  // Writes.
  Archive() = default;
  // Reads `bytes`, which outlive it.
  explicit Archive(std::string_view bytes) : reads_(true), left_(bytes) {}

  bool reads() const { return reads_; }
  bool ok() const { return problem_.empty(); }
  // Of a reader: what cannot be. The first one stays.
  void Fail(std::string_view problem);
  // Of a reader: everything was read, nothing is left over.
  absl::Status Finish() const;
  // Of a writer.
  std::string TakeBytes() { return std::move(bytes_); }

  template <typename... Values>
  void Fields(Values*... values) {
    (Field(values), ...);
  }

  void Field(bool* value);
  void Field(double* value);
  void Field(std::string* value);
  void Field(absl::int128* value);
  void Field(absl::Status* value);
  template <std::integral Number>
  void Field(Number* value) {
    if constexpr (std::is_signed_v<Number>) {
      *value = static_cast<Number>(
          Signed(*value, std::numeric_limits<Number>::min(), std::numeric_limits<Number>::max()));
    } else {
      *value = static_cast<Number>(Unsigned(*value, std::numeric_limits<Number>::max()));
    }
  }
  // The last enumerator is not known here: see EnumField.
  template <typename Value>
    requires std::is_class_v<Value>
  void Field(Value* value) {
    Archived(this, value);
  }
  template <typename Value>
  void Field(std::optional<Value>* value) {
    bool has = value->has_value();
    Field(&has);
    if (reads_) {
      value->reset();
      if (has) value->emplace();
    }
    if (value->has_value()) Field(&**value);
  }
  template <typename Value>
  void Field(std::vector<Value>* values) {
    const size_t count = Count(values->size());
    if (!reads_) {
      for (Value& value : *values) Field(&value);
      return;
    }
    values->clear();
    // One by one: an element may take far more memory than its bytes.
    while (values->size() < count && ok()) Field(&values->emplace_back());
  }
  template <typename Value, size_t kCount>
  void Field(std::array<Value, kCount>* values) {
    for (Value& value : *values) Field(&value);
  }
  template <typename First, typename Second>
  void Field(std::pair<First, Second>* pair) {
    Fields(&pair->first, &pair->second);
  }
  template <typename Key, typename Value>
  void Field(std::map<Key, Value>* map) {
    const size_t count = Count(map->size());
    if (!reads_) {
      for (auto& [key, value] : *map) {
        Key copy = key;
        Fields(&copy, &value);
      }
      return;
    }
    map->clear();
    for (size_t number = 0; number < count && ok(); ++number) {
      std::pair<Key, Value> entry;
      Field(&entry);
      map->insert(std::move(entry));
    }
  }
  // An enumeration whose values are 0 to `last`.
  template <typename Enum>
  void EnumField(Enum* value, Enum last) {
    *value =
        static_cast<Enum>(Unsigned(static_cast<uint64_t>(*value), static_cast<uint64_t>(last)));
  }
  // How many elements follow, each of which takes at least a byte.
  size_t Count(size_t count);

 private:
  uint64_t Unsigned(uint64_t value, uint64_t highest);
  int64_t Signed(int64_t value, int64_t lowest, int64_t highest);
  std::string_view Take(size_t count);

  const bool reads_ = false;
  std::string bytes_;
  std::string_view left_;
  std::string problem_;
};

template <typename Value>
std::string ToBytes(const Value& value) {
  Archive archive;
  // Writing changes nothing.
  archive.Field(const_cast<Value*>(&value));
  return archive.TakeBytes();
}

template <typename Value>
absl::Status FromBytes(std::string_view bytes, Value* value) {
  Archive archive(bytes);
  archive.Field(value);
  return archive.Finish();
}

}  // namespace pgring

#endif  // PGRING_BASE_ARCHIVE_H_
