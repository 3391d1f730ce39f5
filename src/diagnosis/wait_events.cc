#include "diagnosis/wait_events.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "pgring/base/check.h"

namespace pgring {
namespace {

struct KnownEvent {
  std::string_view type;
  std::string_view name;     // as PostgreSQL 13 to 16 write it
  std::string_view earlier;  // in 12; empty: the same
  WaitClass wait_class;
};

// Sources: monitoring.sgml of 12 to 16 and wait_event_names.txt of 17 and 18, as far as a run's
// sessions spend time in them. Types of the same event may differ between versions (BufferIO is an
// LWLock up to 13 and IPC since), so the name decides first.
constexpr KnownEvent kEvents[] = {
    {"IO", "WALSync", "", WaitClass::kCommitFlush},
    {"IO", "WALWrite", "", WaitClass::kCommitFlush},
    {"IO", "WALInitWrite", "", WaitClass::kCommitFlush},
    {"IO", "WALInitSync", "", WaitClass::kCommitFlush},
    {"IO", "WALSyncMethodAssign", "", WaitClass::kCommitFlush},
    {"LWLock", "WALWrite", "WALWriteLock", WaitClass::kCommitFlush},
    {"Lock", "transactionid", "", WaitClass::kRowLock},
    {"Lock", "tuple", "", WaitClass::kRowLock},
    {"Lock", "extend", "", WaitClass::kRelationExtension},
    {"IO", "DataFileExtend", "", WaitClass::kRelationExtension},
    {"LWLock", "BufferContent", "buffer_content", WaitClass::kBufferContent},
    {"BufferPin", "BufferPin", "", WaitClass::kBufferContent},
    {"IO", "DataFileRead", "", WaitClass::kDataFileRead},
    {"IO", "DataFilePrefetch", "", WaitClass::kDataFileRead},
    // Another session reads the page that this one wants.
    {"IPC", "BufferIO", "buffer_io", WaitClass::kDataFileRead},
    {"LWLock", "BufferIO", "buffer_io", WaitClass::kDataFileRead},
    // 18 reads in the background.
    {"IO", "AioIoCompletion", "", WaitClass::kDataFileRead},
    {"IO", "AioIoUringExecution", "", WaitClass::kDataFileRead},
    {"IO", "AioIoUringSubmit", "", WaitClass::kDataFileRead},
    {"LWLock", "AioUringCompletion", "", WaitClass::kDataFileRead},
    {"LWLock", "LockManager", "lock_manager", WaitClass::kLockManager},
    {"LWLock", "LockFastPath", "", WaitClass::kLockManager},
    {"LWLock", "ProcArray", "ProcArrayLock", WaitClass::kLockManager},
    {"LWLock", "XidGen", "XidGenLock", WaitClass::kLockManager},
    {"IPC", "ProcArrayGroupUpdate", "", WaitClass::kLockManager},
    {"IPC", "XactGroupUpdate", "ClogGroupUpdate", WaitClass::kLockManager},
    {"IPC", "SyncRep", "", WaitClass::kSyncReplication},
    {"LWLock", "SyncRep", "SyncRepLock", WaitClass::kSyncReplication},
    {"Client", "ClientRead", "", WaitClass::kUndecided},
    {"Client", "ClientWrite", "", WaitClass::kClientWrite},
};

struct ClassWords {
  WaitClass wait_class;
  std::string_view name;
  std::string_view text;
};
constexpr ClassWords kWords[] = {
    {WaitClass::kCpu, "cpu", "on a processor or ready for one"},
    {WaitClass::kCommitFlush, "commit_flush", "flush of commits"},
    {WaitClass::kRowLock, "row_lock", "locks on rows"},
    {WaitClass::kRelationExtension, "relation_extension", "extending tables"},
    {WaitClass::kOtherLock, "other_lock", "other locks"},
    {WaitClass::kBufferContent, "buffer_content", "pages in use"},
    {WaitClass::kDataFileRead, "data_file_read", "reading data files"},
    {WaitClass::kLockManager, "lock_manager", "lock and snapshot tables"},
    {WaitClass::kSyncReplication, "sync_replication", "synchronous standby"},
    {WaitClass::kClientInTransaction, "client_in_transaction", "client, in a transaction"},
    {WaitClass::kClientWrite, "client_write", "client, taking answers"},
    {WaitClass::kOther, "other", "something else"},
    {WaitClass::kUndecided, "undecided", "not known"},
};

const ClassWords& WordsOf(WaitClass wait_class) {
  const auto* const words =
      std::find_if(std::begin(kWords), std::end(kWords),
                   [&](const ClassWords& row) { return row.wait_class == wait_class; });
  PGRING_CHECK(words != std::end(kWords), "a class of waits without words");
  return *words;
}

bool IsSameWord(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](char a, char b) {
    return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
           absl::ascii_tolower(static_cast<unsigned char>(b));
  });
}

const KnownEvent* Find(std::string_view type, std::string_view event) {
  const auto* const found =
      std::find_if(std::begin(kEvents), std::end(kEvents), [&](const KnownEvent& known) {
        return IsSameWord(known.type, type) &&
               (IsSameWord(known.name, event) ||
                (!known.earlier.empty() && IsSameWord(known.earlier, event)));
      });
  return found == std::end(kEvents) ? nullptr : found;
}

}  // namespace

const std::array<WaitClass, kWaitClassCount>& AllWaitClasses() {
  static const auto classes = [] {
    std::array<WaitClass, kWaitClassCount> all = {};
    for (size_t place = 0; place < all.size(); ++place) all[place] = static_cast<WaitClass>(place);
    return all;
  }();
  return classes;
}

std::string_view WaitClassName(WaitClass wait_class) { return WordsOf(wait_class).name; }

std::string_view WaitClassText(WaitClass wait_class) { return WordsOf(wait_class).text; }

std::string CanonicalWaitEvent(std::string_view type, std::string_view event) {
  const KnownEvent* const known = Find(type, event);
  return std::string(known == nullptr ? event : known->name);
}

bool IsActiveState(std::string_view state) {
  return state == "active" || state == "fastpath function call";
}

bool IsIdleInTransaction(std::string_view state) {
  return state == "idle in transaction" || state == "idle in transaction (aborted)";
}

WaitClass ClassifyWait(std::string_view state, std::string_view type, std::string_view event) {
  // The wait is ClientRead then, and for a moment none.
  if (IsIdleInTransaction(state)) return WaitClass::kClientInTransaction;
  if (type.empty() && event.empty()) return WaitClass::kCpu;
  const KnownEvent* const known = Find(type, event);
  if (known != nullptr) return known->wait_class;
  return IsSameWord(type, "Lock") ? WaitClass::kOtherLock : WaitClass::kOther;
}

}  // namespace pgring
