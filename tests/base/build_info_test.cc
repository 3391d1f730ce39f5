#include "pgring/base/build_info.h"

#include <gtest/gtest.h>

namespace pgring {
namespace {

TEST(BuildInfoTest, NamesWhatTheReportsPrint) {
  const BuildInfo info = GetBuildInfo();
  EXPECT_FALSE(info.version.empty());
  EXPECT_FALSE(info.commit.empty());
  EXPECT_FALSE(info.compiler.empty());
  EXPECT_FALSE(info.build_type.empty());
  EXPECT_FALSE(info.sanitizers.empty());
  // A placeholder that the build did not fill in.
  EXPECT_EQ((info.version + info.commit + info.compiler + info.sanitizers).find('@'),
            std::string::npos);
}

TEST(BuildInfoTest, OnlyAnOptimizedBuildWithoutSanitizersMayMeasure) {
  BuildInfo info;
  info.sanitizers = "none";
  info.is_optimized = true;
  EXPECT_TRUE(info.fit_for_measuring());
  info.is_optimized = false;
  EXPECT_FALSE(info.fit_for_measuring());
  info.is_optimized = true;
  info.sanitizers = "address,undefined";
  EXPECT_FALSE(info.fit_for_measuring());
}

}  // namespace
}  // namespace pgring
