// The command line is kept in results and shown in reports: no password may be left in it, and
// everything else should be.
#include "cli/shown_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pgring {
namespace {

using ::testing::ElementsAre;

std::string Shown(const std::string& argument) {
  const char* pointer = argument.c_str();
  const std::vector<std::string> shown = ShownArguments(1, &pointer);
  return shown.size() == 1 ? shown.front() : "";
}

TEST(ShownArgumentsTest, EachArgumentStaysInItsPlace) {
  const char* const arguments[] = {"pgring", "compare", "-d", "dbname=x password=secret", "-T5"};
  EXPECT_THAT(ShownArguments(5, arguments),
              ElementsAre("pgring", "compare", "-d", "dbname=x password=***", "-T5"));
  EXPECT_THAT(ShownArguments(0, nullptr), ::testing::IsEmpty());
}

TEST(ShownArgumentsTest, PasswordsOfConnectionStrings) {
  EXPECT_EQ(Shown("password=secret"), "password=***");
  EXPECT_EQ(Shown("host=h password=secret user=u"), "host=h password=*** user=u");
  EXPECT_EQ(Shown("--dbname=password=secret host=h"), "--dbname=password=*** host=h");
  EXPECT_EQ(Shown("-dpassword=secret"), "-dpassword=***");
  EXPECT_EQ(Shown("password=a password=b"), "password=*** password=***");
  EXPECT_EQ(Shown("sslkey=k sslpassword=secret host=h"), "sslkey=k sslpassword=*** host=h");
  EXPECT_EQ(Shown("password=secret\thost=h"), "password=***\thost=h");
}

TEST(ShownArgumentsTest, QuotedPasswords) {
  EXPECT_EQ(Shown("password='two words' host=h"), "password=*** host=h");
  EXPECT_EQ(Shown(R"(password='it\'s a secret' host=h)"), "password=*** host=h");
  EXPECT_EQ(Shown(R"(password='back\\' host=h)"), "password=*** host=h");
  // libpq refuses it, but the shell's history has no business in a report.
  EXPECT_EQ(Shown("password='never closed host=h"), "password=***");
}

// The rest of the password was shown: behind '&', which ends nothing here, behind a blank with a
// backslash before it, and all of it where blanks stood around '='.
TEST(ShownArgumentsTest, PasswordsEndWhereLibpqEndsThem) {
  EXPECT_EQ(Shown("password=a&b host=h"), "password=*** host=h");
  EXPECT_EQ(Shown(R"(password=two\ words host=h)"), "password=*** host=h");
  EXPECT_EQ(Shown(R"(password=back\\ host=h)"), "password=*** host=h");
  EXPECT_EQ(Shown("password = secret host = h"), "password = *** host = h");
  EXPECT_EQ(Shown("password ='two words' host=h"), "password =*** host=h");
  EXPECT_EQ(Shown(R"(password=secret\)"), "password=***");
}

TEST(ShownArgumentsTest, PasswordsOfUris) {
  EXPECT_EQ(Shown("postgresql://u:secret@h:5432/db"), "postgresql://u:***@h:5432/db");
  EXPECT_EQ(Shown("postgres://u:secret@h"), "postgres://u:***@h");
  EXPECT_EQ(Shown("--dbname=postgresql://u:secret@h/db"), "--dbname=postgresql://u:***@h/db");
  EXPECT_EQ(Shown("postgresql://:secret@h/db"), "postgresql://:***@h/db");
  EXPECT_EQ(Shown("postgresql://u:s:e@cret@h/db"), "postgresql://u:***@h/db");
  EXPECT_EQ(Shown("postgresql://u:secret@[::1]:5432/db"), "postgresql://u:***@[::1]:5432/db");
  EXPECT_EQ(Shown("postgresql://u:secret@a:1,b:2/db"), "postgresql://u:***@a:1,b:2/db");
}

TEST(ShownArgumentsTest, PasswordsInTheQueryOfUris) {
  EXPECT_EQ(Shown("postgresql://h/db?password=secret"), "postgresql://h/db?password=***");
  EXPECT_EQ(Shown("postgresql://h/db?user=u&password=se'cret&sslmode=require"),
            "postgresql://h/db?user=u&password=***&sslmode=require");
  EXPECT_EQ(Shown("postgresql://u:one@h/db?sslpassword=two"),
            "postgresql://u:***@h/db?sslpassword=***");
  EXPECT_EQ(Shown("postgresql:///db?password=a b&user=u"), "postgresql:///db?password=***&user=u");
}

TEST(ShownArgumentsTest, WhatIsNoPasswordStays) {
  for (const char* argument : {
           "",
           "--scenarios=window:20:pool=10,async",
           "host=h port=5432 dbname=password user=u",
           "require_auth=password host = h",
           "passfile=/home/u/.pgpass",
           "password_encryption=md5",
           "-f",
           "scripts/a@b:c.sql",
           "postgresql://h:5432/db",
           "postgresql://u@h:5432/db",
           "postgresql://u@[::1]:5432/db",
           "postgresql://h:5432/db?application_name=a@b:c",
           "postgresql:///db?host=/run/postgresql&require_auth=password",
           "password",
       }) {
    EXPECT_EQ(Shown(argument), argument);
  }
}

// libpq decodes the keyword as well, and connected with a password that was shown.
TEST(ShownArgumentsTest, PasswordsOfUrisWhoseKeywordIsEncoded) {
  EXPECT_EQ(Shown("postgresql://h/db?user=u&pass%77ord=secret&sslmode=require"),
            "postgresql://h/db?user=u&pass%77ord=***&sslmode=require");
  EXPECT_EQ(Shown("postgresql://h/db?p%61ssword=a&password=b"),
            "postgresql://h/db?p%61ssword=***&password=***");
  EXPECT_EQ(Shown("postgresql://h/db?user=100%"), "postgresql://h/db?user=100%");
}

}  // namespace
}  // namespace pgring
