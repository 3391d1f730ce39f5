// Made-up comparisons for the tests of the reports: shaped like real ones, the same each time.
#ifndef PGRING_TESTS_REPORT_SAMPLE_RESULT_H_
#define PGRING_TESTS_REPORT_SAMPLE_RESULT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "report/text_style.h"
#include "run/comparison_result.h"

namespace pgring {

inline constexpr TextStyle kPlain = {false, false, 100};
inline constexpr TextStyle kUnicode = {false, true, 100};

// Header only: what is known before the first run starts.
ComparisonResult SamplePlan();

// sync 86 s on 1 connection; async 33 s on 100 with 34,900 waiting at first; chunked 35 s as a
// sawtooth 0..40 of 875 chunks; window 32 s at 40, flickering to 39 at every hand-over. Steps are
// complete, means and peaks exact. All valid.
ComparisonResult SampleComparison();

// sync and window:10, which is twice as fast, and window:10 once more, in 6 blocks; the last one is
// not whole, because its third run was interrupted.
ComparisonResult SampleRepeats();

// Puts into every text of foreign origin what tries to leave its element, and odd bytes.
inline constexpr char kHostileText[] =
    "</pre></style></script><script>document.title='broken'</script><img "
    "src=x>\"'&\x01\xff\xe2\x80\xa8";
void MakeHostile(ComparisonResult* result);

// One run of `kind` with no operation, no step and no time.
Run EmptyRun(const ScenarioType* kind, std::string label);

// A run of 2 ms: `connections` in use from 0.1 ms to 1.9 ms.
Run ShortRun(int connections);

// As if the run had had so many operations, all of them successful, in so much time.
void SetOperations(int64_t operations, double duration_s, pgring::Run* run);
// As if the run had had more steps than are kept: its timeline is thinned.
void ThinTimeline(pgring::Run* run);

std::vector<std::string> Lines(const std::string& text);

}  // namespace pgring

#endif  // PGRING_TESTS_REPORT_SAMPLE_RESULT_H_
