// The manual page and the completions know every command and option that the parser knows.
#include "cli/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/examples.h"
#include "cli/options.h"

namespace pgring {
namespace {

using ::testing::HasSubstr;

TEST(DocumentsTest, KnowEveryOptionOfEveryCommand) {
  WithCommandLine([](const CLI::App& app) {
    const std::string manual = absl::StrReplaceAll(ManualPage(app, "1.2"), {{"\\-", "-"}});
    const std::string bash = BashCompletion(app);
    const std::string zsh = ZshCompletion(app);
    const std::string fish = FishCompletion(app);
    EXPECT_THAT(manual, HasSubstr("pgring 1.2"));
    EXPECT_THAT(manual, HasSubstr("[ADDRESS:]PORT"));
    for (const CLI::App* command : app.get_subcommands(nullptr)) {
      EXPECT_THAT(manual, HasSubstr(absl::StrCat(".SS pgring ", command->get_name(), "\n")));
      for (const DocumentedOption& option : OptionsOf(*command)) {
        EXPECT_THAT(manual, HasSubstr(option.Names()));
        EXPECT_FALSE(option.description.empty()) << option.Names();
        for (const std::string& name : option.long_names) {
          EXPECT_THAT(bash, HasSubstr("--" + name));
          EXPECT_THAT(zsh, HasSubstr("--" + name));
          EXPECT_THAT(fish, HasSubstr(" -l " + name));
        }
      }
    }
  });
}

TEST(DocumentsTest, CompleteTheValuesOfAnOption) {
  WithCommandLine([](const CLI::App& app) {
    EXPECT_THAT(BashCompletion(app), HasSubstr("compare:--io) words='auto completion ring"));
    EXPECT_THAT(FishCompletion(app), HasSubstr("-x -a 'auto always never'"));
    for (const char* values :
         {"export:--format) words='csv openmetrics ", "report:--format) words='text html svg hgrm'",
          "compare:--scenarios) words='sync threads ", "words='tpcb-like ",
          "compare:-P) words='auto bar plain none'"}) {
      EXPECT_THAT(BashCompletion(app), HasSubstr(values));
    }
    // A value may stand behind "=" too; apostrophes stay; numbers are no files.
    const std::string zsh = ZshCompletion(app);
    EXPECT_THAT(zsh, HasSubstr("'*--io=["));
    EXPECT_THAT(zsh, HasSubstr("make pgbench'\\''s tables"));
    EXPECT_THAT(zsh, HasSubstr(":INT: '"));
  });
}

TEST(DocumentsTest, EveryExampleIsACommandLineThatIsAccepted) {
  for (const Example& example : Examples()) {
    if (example.line.find('>') != std::string_view::npos) continue;
    // No file of an example exists here.
    if (example.line.find("-f ") != std::string_view::npos) continue;
    std::vector<std::string> words;
    std::string line(example.line);
    for (size_t begin = 0; begin < line.size();) {
      const size_t end = std::min(line.find(' ', begin), line.size());
      words.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
    std::vector<const char*> arguments;
    for (const std::string& word : words) arguments.push_back(word.c_str());
    const auto options = ParseOptions(static_cast<int>(arguments.size()), arguments.data());
    EXPECT_TRUE(options.ok()) << line << ": " << options.status();
  }
}

TEST(DocumentsTest, HelpHasExamples) {
  const char* arguments[] = {"pgring", "compare", "--help"};
  const auto options = ParseOptions(3, arguments);
  ASSERT_TRUE(options.ok());
  EXPECT_THAT(options->help_text, HasSubstr("Examples:\n  pgring compare --operations 5000\n"));
}

}  // namespace
}  // namespace pgring
