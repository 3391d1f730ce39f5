// Wait events of every version, by the names that its recorded catalogue has.
#include "diagnosis/wait_events.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "diagnosis/recorded_catalogue.h"

namespace pgring {
namespace {

WaitClass Active(const std::string& type, const std::string& event) {
  return ClassifyWait("active", type, event);
}

TEST(WaitEventsTest, ASessionThatDoesNotWaitIsOnAProcessor) {
  EXPECT_EQ(Active("", ""), WaitClass::kCpu);
  // An open transaction waits for its client, even in the moment in which it does not wait yet.
  EXPECT_EQ(ClassifyWait("idle in transaction", "", ""), WaitClass::kClientInTransaction);
}

TEST(WaitEventsTest, NamesOfAllVersionsHaveOneClass) {
  for (const auto& [type, event, wait_class] :
       {std::tuple("IO", "WALSync", WaitClass::kCommitFlush),
        std::tuple("IO", "WalSync", WaitClass::kCommitFlush),
        std::tuple("LWLock", "WALWriteLock", WaitClass::kCommitFlush),
        std::tuple("LWLock", "WALWrite", WaitClass::kCommitFlush),
        std::tuple("LWLock", "lock_manager", WaitClass::kLockManager),
        std::tuple("LWLock", "LockManager", WaitClass::kLockManager),
        std::tuple("IPC", "ProcarrayGroupUpdate", WaitClass::kLockManager),
        std::tuple("IPC", "ClogGroupUpdate", WaitClass::kLockManager),
        std::tuple("LWLock", "buffer_content", WaitClass::kBufferContent),
        std::tuple("LWLock", "BufferContent", WaitClass::kBufferContent),
        std::tuple("LWLock", "buffer_io", WaitClass::kDataFileRead),
        std::tuple("IPC", "BufferIo", WaitClass::kDataFileRead),
        std::tuple("IO", "AioIoCompletion", WaitClass::kDataFileRead),
        std::tuple("Lock", "transactionid", WaitClass::kRowLock),
        std::tuple("Lock", "tuple", WaitClass::kRowLock),
        std::tuple("Lock", "extend", WaitClass::kRelationExtension),
        std::tuple("Lock", "relation", WaitClass::kOtherLock),
        std::tuple("IPC", "SyncRep", WaitClass::kSyncReplication),
        std::tuple("Client", "ClientWrite", WaitClass::kClientWrite),
        std::tuple("Timeout", "PgSleep", WaitClass::kOther),
        std::tuple("Extension", "TheirOwn", WaitClass::kOther)}) {
    EXPECT_EQ(Active(type, event), wait_class) << type << "/" << event;
  }
}

TEST(WaitEventsTest, TheSameEventHasTheSameNameInAllVersions) {
  EXPECT_EQ(CanonicalWaitEvent("IO", "WalSync"), "WALSync");
  EXPECT_EQ(CanonicalWaitEvent("LWLock", "WALWriteLock"), "WALWrite");
  EXPECT_EQ(CanonicalWaitEvent("LWLock", "lock_manager"), "LockManager");
  EXPECT_EQ(CanonicalWaitEvent("Extension", "TheirOwn"), "TheirOwn");
}

// So that no version lacks a cause because of a name.
TEST(WaitEventsTest, EveryVersionHasAnEventOfEveryClass) {
  for (int major = kOldestRecorded; major <= kNewestRecorded; ++major) {
    const RecordedCatalogue catalogue = ReadCatalogue(major);
    ASSERT_FALSE(catalogue.wait_events.empty()) << major;
    for (const WaitClass wait_class : AllWaitClasses()) {
      // Which has none, and a state.
      if (wait_class == WaitClass::kCpu || wait_class == WaitClass::kClientInTransaction) continue;
      bool found = false;
      for (const auto& [type, event] : catalogue.wait_events) {
        found = found || Active(type, event) == wait_class;
      }
      EXPECT_TRUE(found) << "PostgreSQL " << major << ": " << WaitClassName(wait_class);
    }
  }
}

TEST(WaitEventsTest, EveryClassHasWords) {
  for (const WaitClass wait_class : AllWaitClasses()) {
    EXPECT_FALSE(WaitClassName(wait_class).empty());
    EXPECT_FALSE(WaitClassText(wait_class).empty());
  }
}

}  // namespace
}  // namespace pgring
