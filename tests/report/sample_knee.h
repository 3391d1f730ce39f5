// Made-up pictures of `pgring tune` for the tests: six shapes that searches meet, the same each
// time.
#ifndef PGRING_TESTS_REPORT_SAMPLE_KNEE_H_
#define PGRING_TESTS_REPORT_SAMPLE_KNEE_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "report/knee_picture.h"

namespace pgring {

// Cisco's published curve to 256 in flight, intervals of 2 %; 31 does best, 24 to 40 do as well;
// 256 is client-limited.
KneePicture ScalabilityKnee();
// Linear to 8, then falling; 8, and nothing does as well; 128 failed.
KneePicture HardKnee();
// 2,000/s at any limit; 1, and everything does as well.
KneePicture FlatKnee();
// Linear to the pool's 64, which is the answer, at the right edge.
KneePicture LinearKnee();
// Worse with every further operation; 1, at the left edge.
KneePicture RetrogradeKnee();
// Intervals of a third, and what does as well in two pieces.
KneePicture NoisyKnee();

struct NamedKnee {
  std::string name;
  KneePicture picture;
};
std::vector<NamedKnee> AllKnees();

// Such a point, without intervals.
KneePoint PointOf(int limit, double throughput_per_s, double p99_ms);
KneePoint FailedAt(int limit);

}  // namespace pgring

#endif  // PGRING_TESTS_REPORT_SAMPLE_KNEE_H_
