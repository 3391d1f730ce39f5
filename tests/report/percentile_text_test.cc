// Percentiles as HdrHistogram's own outputPercentileDistribution writes them. The expected text is
// that of HdrHistogram 2.1.12 for the same values, with a scale of 1,000,000.
#include "report/percentile_text.h"

#include <gtest/gtest.h>

#include "sample_result.h"

namespace pgring {
namespace {

TEST(HistogramTextTest, StepsHalveTheDistanceThatIsLeft) {
  Histogram histogram;
  for (int i = 1; i <= 4; ++i) histogram.Record(int64_t{i} * 1'000'000);
  EXPECT_EQ(HistogramText(histogram),
            "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
            "       1.000 0.000000000000          1           1.00\n"
            "       1.000 0.100000000000          1           1.11\n"
            "       1.000 0.200000000000          1           1.25\n"
            "       2.001 0.300000000000          2           1.43\n"
            "       2.001 0.400000000000          2           1.67\n"
            "       2.001 0.500000000000          2           2.00\n"
            "       3.000 0.550000000000          3           2.22\n"
            "       3.000 0.600000000000          3           2.50\n"
            "       3.000 0.650000000000          3           2.86\n"
            "       3.000 0.700000000000          3           3.33\n"
            "       3.000 0.750000000000          3           4.00\n"
            "       4.002 0.775000000000          4           4.44\n"
            "       4.002 1.000000000000          4\n"
            "#[Mean    =        2.500, StdDeviation   =        1.118]\n"
            "#[Max     =        4.000, Total count    =            4]\n"
            "#[Buckets =           26, SubBuckets     =         2048]\n");
}

TEST(HistogramTextTest, OfNothingHasNoLines) {
  EXPECT_EQ(HistogramText(Histogram()),
            "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
            "#[Mean    =        0.000, StdDeviation   =        0.000]\n"
            "#[Max     =        0.000, Total count    =            0]\n"
            "#[Buckets =           26, SubBuckets     =         2048]\n");
}

}  // namespace
}  // namespace pgring
