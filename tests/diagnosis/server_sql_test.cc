// The questions asked of every version use only columns that its recorded catalogue has.
#include "diagnosis/server_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>

#include "diagnosis/recorded_catalogue.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

// Names outside of literals.
std::set<std::string> NamesIn(const std::string& sql) {
  std::set<std::string> names;
  std::string name;
  bool in_literal = false;
  for (const char c : sql + " ") {
    if (c == '\'') in_literal = !in_literal;
    if (!in_literal && (std::isalnum(static_cast<unsigned char>(c)) || c == '_')) {
      name += c;
      continue;
    }
    if (!name.empty()) names.insert(name);
    name.clear();
  }
  return names;
}

// Names in `sql` that some version has as a column of one of the relations, and `major` does not.
std::set<std::string> MissingColumns(const std::string& sql, int major) {
  const RecordedCatalogue here = ReadCatalogue(major);
  const std::set<std::string> names = NamesIn(sql);
  std::set<std::string> existing;
  std::set<std::string> known;
  for (int version = kOldestRecorded; version <= kNewestRecorded; ++version) {
    for (const auto& [relation, columns] : ReadCatalogue(version).columns) {
      if (names.count(relation) == 0) continue;
      known.insert(columns.begin(), columns.end());
      if (version == major) existing.insert(columns.begin(), columns.end());
    }
  }
  std::set<std::string> missing;
  for (const std::string& name : names) {
    if (known.count(name) > 0 && existing.count(name) == 0) missing.insert(name);
  }
  return missing;
}

class ServerSqlTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, ServerSqlTest,
                         ::testing::Range(kOldestRecorded, kNewestRecorded + 1));

TEST_P(ServerSqlTest, SamplesUseColumnsThatExist) {
  const std::string sql = SampleSql(GetParam(), "pgring");
  EXPECT_EQ(MissingColumns(sql, GetParam()), std::set<std::string>());
  EXPECT_EQ(NamesIn(sql).count("query_id"), GetParam() >= 14 ? 1U : 0U);
}

TEST_P(ServerSqlTest, CountersAreOfViewsAndColumnsThatExist) {
  const RecordedCatalogue catalogue = ReadCatalogue(GetParam());
  EXPECT_FALSE(CounterQueries(GetParam()).empty());
  for (const CounterQuery& query : CounterQueries(GetParam())) {
    ASSERT_EQ(catalogue.columns.count(query.view), 1) << query.view;
    EXPECT_EQ(MissingColumns(query.sql, GetParam()), std::set<std::string>()) << query.sql;
  }
}

TEST_P(ServerSqlTest, TheOtherQuestionsUseColumnsThatExist) {
  for (const std::string& sql :
       {SessionsSql("pgring", 1), TablesSql(), ForeignKeysSql(), LocksSql()}) {
    EXPECT_EQ(MissingColumns(sql, GetParam()), std::set<std::string>()) << sql;
  }
}

TEST_P(ServerSqlTest, CommitsAndFlushesAreCountedWhereTheServerDoes) {
  std::string all;
  for (const CounterQuery& query : CounterQueries(GetParam())) all += query.sql;
  EXPECT_THAT(all, HasSubstr("xact_commit"));
  if (GetParam() >= 14) {
    EXPECT_THAT(all, HasSubstr("active_time"));
    EXPECT_THAT(all, HasSubstr(GetParam() >= 18 ? "wal_fsyncs" : "wal_sync"));
  }
}

TEST(MissingColumnsTest, FindsWhatAVersionLacks) {
  EXPECT_EQ(MissingColumns("SELECT query_id FROM pg_stat_activity", 13),
            std::set<std::string>{"query_id"});
  EXPECT_EQ(MissingColumns("SELECT wal_sync FROM pg_stat_wal", 18),
            std::set<std::string>{"wal_sync"});
}

TEST(SqlLiteralTest, KeepsWhatTheTextIs) {
  EXPECT_EQ(SqlLiteral("it's"), "E'it''s'");
  EXPECT_EQ(SqlLiteral("back\\slash"), "E'back\\\\slash'");
}

}  // namespace
}  // namespace pgring
