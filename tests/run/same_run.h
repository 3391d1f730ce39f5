// Whether two runs are the same in every figure, and a run as another process gets it.
#ifndef PGRING_TESTS_RUN_SAME_RUN_H_
#define PGRING_TESTS_RUN_SAME_RUN_H_

#include <gtest/gtest.h>

#include <vector>

#include "run/run.h"
#include "run/run_archive.h"

namespace pgring {

inline Run ThroughBytes(const Run& run) {
  Run read;
  const absl::Status status = FromBytes(ToBytes(run), &read);
  EXPECT_TRUE(status.ok()) << status;
  return read;
}

inline void ExpectSameRun(const Run& sum, const Run& whole) {
  EXPECT_EQ(sum.started_ns, whole.started_ns);
  EXPECT_EQ(sum.ended_ns, whole.ended_ns);
  EXPECT_EQ(sum.total().scheduled, whole.total().scheduled);
  EXPECT_EQ(sum.total().skipped, whole.total().skipped);
  EXPECT_EQ(sum.total().failures, whole.total().failures);
  for (size_t part = 0; part < kLatencyPartCount; ++part) {
    const Histogram& one = sum.total().latency[part];
    const Histogram& other = whole.total().latency[part];
    EXPECT_EQ(one.counts(), other.counts());
    EXPECT_EQ(one.Mean(), other.Mean());
    EXPECT_EQ(one.Max(), other.Max());
  }
  EXPECT_EQ(sum.recorder.MeanInSystem(whole.started_ns, whole.ended_ns),
            whole.recorder.MeanInSystem(whole.started_ns, whole.ended_ns));
  EXPECT_EQ(sum.recorder.SumTimeInSystemNs(), whole.recorder.SumTimeInSystemNs());
  EXPECT_EQ(sum.timeline.steps(), whole.timeline.steps());
  for (size_t gauge = 0; gauge < kConnectionGaugeCount; ++gauge) {
    const auto which = static_cast<ConnectionGauge>(gauge);
    EXPECT_EQ(sum.timeline.Peak(which), whole.timeline.Peak(which));
    EXPECT_EQ(sum.timeline.Mean(which), whole.timeline.Mean(which));
  }
  const std::vector<SeriesInterval> seconds = sum.recorder.seconds().Intervals();
  const std::vector<SeriesInterval> expected = whole.recorder.seconds().Intervals();
  ASSERT_EQ(seconds.size(), expected.size());
  for (size_t i = 0; i < seconds.size(); ++i) {
    EXPECT_EQ(seconds[i].succeeded, expected[i].succeeded);
    EXPECT_EQ(seconds[i].p50_ns, expected[i].p50_ns);
    EXPECT_EQ(seconds[i].p99_ns, expected[i].p99_ns);
  }
  EXPECT_EQ(sum.succeeded_by_kind, whole.succeeded_by_kind);
  EXPECT_EQ(sum.tally.rows_checksum, whole.tally.rows_checksum);
  EXPECT_EQ(sum.retries, whole.retries);
  EXPECT_EQ(sum.cut_at_end, whole.cut_at_end);
  EXPECT_EQ(sum.connections.requested, whole.connections.requested);
  EXPECT_EQ(sum.throughput_per_s(), whole.throughput_per_s());
}

}  // namespace pgring

#endif  // PGRING_TESTS_RUN_SAME_RUN_H_
