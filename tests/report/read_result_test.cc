// Results read back: what is shown of them is what was shown when they were written, and no file
// can stop the program.
#include "report/read_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "report/comparison_html.h"
#include "report/json_report.h"
#include "report/knee_svg.h"
#include "report/percentile_text.h"
#include "report/read_tune.h"
#include "report/text_report.h"
#include "report/text_table.h"
#include "report/time_charts.h"
#include "report/tune_answer.h"
#include "report/tune_html.h"
#include "report/tune_json.h"
#include "report/tune_report.h"
#include "sample_result.h"
#include "sample_tune.h"

namespace pgring {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ReadResultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("read-result-") +
             ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".json");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  absl::StatusOr<ComparisonResult> Read(const std::string& json) {
    std::ofstream(path_, std::ios::binary) << json;
    return ReadComparison(path_);
  }

  std::string path_;
};

// The host's memory is not in the file.
void ExpectSameText(ComparisonResult written, const ComparisonResult& read) {
  written.environment.memory_bytes = 0;
  // Nor are all steps, so that the graph is coarser.
  const auto before_graph = [](const ComparisonResult& result) {
    const std::string text = TextReport(result, kPlain);
    return text.substr(0, text.find("Connections in use over time"));
  };
  EXPECT_EQ(before_graph(read), before_graph(written));
}

TEST_F(ReadResultTest, SingleRunsAreTheSame) {
  const ComparisonResult written = SampleComparison();
  const absl::StatusOr<ComparisonResult> read = Read(JsonReport(written));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(JsonReport(*read), JsonReport(written));
  ExpectSameText(written, *read);
}

TEST_F(ReadResultTest, RepeatsAreTheSame) {
  const ComparisonResult written = SampleRepeats();
  const absl::StatusOr<ComparisonResult> read = Read(JsonReport(written));
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSameText(written, *read);
  EXPECT_EQ(PercentileTexts(*read), PercentileTexts(written));
}

// It was made anew from the samples of one run, where it had been made from those of all blocks.
TEST_F(ReadResultTest, TheAnswerIsAsItWasTold) {
  Json json = Json::parse(JsonReport(SampleRepeats()));
  ASSERT_TRUE(json["in_short"].is_array());
  json["in_short"] = {"What limited it was seen in all blocks."};
  const absl::StatusOr<ComparisonResult> read = Read(json.dump());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(TextReport(*read, kPlain),
              HasSubstr("\n  What limited it was seen in all blocks.\n"));
  EXPECT_THAT(ComparisonHtml(*read), HasSubstr("<p>What limited it was seen in all blocks.</p>"));
}

TEST_F(ReadResultTest, AResultOfSchemaOneIsShownAsFarAsItGoes) {
  const absl::StatusOr<ComparisonResult> read =
      ReadComparison(PGRING_SOURCE_DIR "/bench-results/2026-11-22-vm");
  ASSERT_TRUE(read.ok()) << read.status();
  const std::string text = TextReport(*read, kPlain);
  // As in the report.txt that was written with it.
  EXPECT_THAT(text, AllOf(HasSubstr("async"), HasSubstr("35.8"), HasSubstr("978"),
                          HasSubstr("2.04 s"), HasSubstr("Connections in use over time")));
  EXPECT_TRUE(SpectrumChart(*read).empty());
  EXPECT_EQ(PercentileTexts(*read), "");
  EXPECT_THAT(ComparisonHtml(*read),
              AllOf(Not(HasSubstr("Latency by percentile")), HasSubstr("an older pgring wrote it"),
                    Not(HasSubstr("too short"))));
}

TEST_F(ReadResultTest, WhatCannotBeReadIsRefusedInOneLine) {
  const std::string json = JsonReport(SampleComparison());
  const auto with = [&json](const std::string& from, const std::string& to) {
    std::string changed = json;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return changed.replace(at, from.size(), to);
  };
  const std::pair<std::string, const char*> cases[] = {
      {json.substr(0, json.size() / 2), "cut off"},
      {"{}", "not a result of pgring"},
      {with("pgring/result/2", "pgring/result/3"), "a newer one wrote it"},
      {with("\"scenario\": \"sync\"", "\"scenario\": \"turbo\""),
       "of no type that this pgring knows"},
      {with("\"waiting\": [", "\"waiting\": [1, "), "contradict each other"},
      {with("HISTF", "HIST!"), "base64"},
  };
  for (const auto& [text, message] : cases) {
    const absl::StatusOr<ComparisonResult> read = Read(text);
    ASSERT_FALSE(read.ok()) << message;
    EXPECT_THAT(std::string(read.status().message()),
                AllOf(HasSubstr(path_), HasSubstr(message), Not(HasSubstr("\n"))));
  }
  EXPECT_FALSE(ReadComparison("/nonexistent/result.json").ok());
}

TEST_F(ReadResultTest, ASearchIsTheSame) {
  const TuneResult written = SampleTune();
  std::ofstream(path_, std::ios::binary) << TuneJson(written);
  const absl::StatusOr<ResultFile> file = ReadResultOrTuneFile(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(IsTune(*file));
  const absl::StatusOr<SavedTune> read = ReadTune(*file);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->answer, TuneAnswer(written));
  EXPECT_EQ(KneeSvg(TunePicture(read->result)), KneeSvg(TunePicture(written)));
  const auto tables = [](const TuneResult& result) {
    std::string text;
    for (const Table& table : TuneTables(result)) text += RenderText(table, kPlain);
    return text;
  };
  EXPECT_EQ(tables(read->result), tables(written));
  EXPECT_THAT(TuneHtml(read->result, read->answer), HasSubstr("Best limit: 12"));
  EXPECT_THAT(std::string(ReadComparison(path_).status().message()),
              HasSubstr("a search of pgring tune"));
}

// Puts `odd` in the place of every value in turn, and calls `use` with the whole.
template <typename Use>
void WithEach(Json* whole, Json* part, size_t* number, const Use& use) {
  constexpr int64_t kMostExact = int64_t{1} << 53;
  static const std::array<Json, 7> kOdd = {Json(),          Json(-1),   Json(1e300),
                                           Json("x"),       Json(true), Json::array({1, "y"}),
                                           Json(kMostExact)};
  if (part->is_structured() && !part->empty()) {
    size_t shown = 0;
    for (Json& element : *part) {
      // Of long arrays the first elements.
      if (part->is_array() && ++shown > 2) break;
      WithEach(whole, &element, number, use);
    }
  }
  const Json kept = *part;
  *part = kOdd[(*number)++ % kOdd.size()];
  use(whole->dump());
  *part = kept;
}

TEST_F(ReadResultTest, NothingInAFileStopsTheProgram) {
  ComparisonResult result = SampleRepeats();
  result.blocks.resize(1);
  result.blocks[0].runs.resize(1);
  result.runs.resize(1);
  Json json = Json::parse(JsonReport(result));
  size_t number = 0;
  size_t read_count = 0;
  WithEach(&json, &json, &number, [&](const std::string& text) {
    const absl::StatusOr<ComparisonResult> read = Read(text);
    if (!read.ok()) return;
    // One or the other: both show what was read with the same words, and it takes half the time.
    if (++read_count % 2 == 0) {
      TextReport(*read, kPlain);
    } else {
      ComparisonHtml(*read);
    }
  });
  Json tune = Json::parse(TuneJson(SampleTune()));
  // What is in them was looked at above.
  tune["testing"] = Json::array();
  size_t tune_number = 0;
  WithEach(&tune, &tune, &tune_number, [&](const std::string& text) {
    const absl::StatusOr<SavedTune> read = ReadTune({"t", Json::parse(text)});
    if (!read.ok()) return;
    if (tune_number % 2 == 0) {
      TuneReport(read->result, read->answer, kPlain);
    } else {
      TuneHtml(read->result, read->answer);
    }
  });
  EXPECT_GT(number, 150U);
  EXPECT_GT(read_count, number / 2);
}

// The labels beside the graph were counted in steps that left the range of an int.
TEST_F(ReadResultTest, NoNumberOfConnectionsIsTooHighForThePictures) {
  Json json = Json::parse(JsonReport(SampleComparison()));
  json["runs"][0]["connections"]["timeline"]["in_use"][0] = int64_t{1} << 53;
  const absl::StatusOr<ComparisonResult> read = Read(json.dump());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(TextReport(*read, kPlain), HasSubstr("1,000,000,000"));
  EXPECT_THAT(ComparisonHtml(*read), HasSubstr("Connections in use"));
}

}  // namespace
}  // namespace pgring
