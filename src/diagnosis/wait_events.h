// What a session that is at work waits for, as few classes as have a remedy of their own: from the
// state and the wait event that pg_stat_activity shows, in the words of PostgreSQL 12 to 18.
//
// Pure; nothing here can fail. What is not known keeps its name and is kOther.
#ifndef PGRING_DIAGNOSIS_WAIT_EVENTS_H_
#define PGRING_DIAGNOSIS_WAIT_EVENTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgring {

enum class WaitClass : uint8_t {
  kCpu,                // no wait: on a processor, or runnable
  kCommitFlush,        // the write-ahead log is written and flushed
  kRowLock,            // another transaction changed the row and has not ended
  kRelationExtension,  // one session at a time makes a table or an index longer
  kOtherLock,          // tables, advisory locks and so on
  kBufferContent,      // a page of a table or an index that another session holds
  kDataFileRead,
  kLockManager,          // the shared tables of locks, transactions and snapshots
  kSyncReplication,      // a standby confirms the commit
  kClientInTransaction,  // a transaction is open and its next statement has not arrived
  kClientWrite,          // the client does not take the answer
  kOther,
  // The statement ended while the server looked: it reads the states of all sessions first and
  // their wait events after that, and a session that executes a statement does not wait for the
  // next one. Counts as active, and in no share.
  kUndecided,
};
// But for kUndecided.
inline constexpr size_t kWaitClassCount = static_cast<size_t>(WaitClass::kOther) + 1;

// In the order of the enumeration.
const std::array<WaitClass, kWaitClassCount>& AllWaitClasses();

// A key of result.json: "cpu", "commit_flush".
std::string_view WaitClassName(WaitClass wait_class);
// For a table: "on a processor or runnable".
std::string_view WaitClassText(WaitClass wait_class);

// The name that PostgreSQL 13 to 16 have for an event that other versions call by another one, such
// as WALSync for WalSync (17) and LockManager for lock_manager (12); others as they are. 17 renamed
// the events that are no locks, most of them in upper and lower case alone.
std::string CanonicalWaitEvent(std::string_view type, std::string_view event);

// Of a session whose `state` is not idle; `type` and `event` are empty where it does not wait.
WaitClass ClassifyWait(std::string_view state, std::string_view type, std::string_view event);

// Whether a session in that state executes a statement, as active_time of pg_stat_database counts
// it, or has a transaction open beside that, as idle_in_transaction_time does.
bool IsActiveState(std::string_view state);
bool IsIdleInTransaction(std::string_view state);

}  // namespace pgring

#endif  // PGRING_DIAGNOSIS_WAIT_EVENTS_H_
