// A finished search with its test, made up, for the tests of its reports.
#ifndef PGRING_TESTS_REPORT_SAMPLE_TUNE_H_
#define PGRING_TESTS_REPORT_SAMPLE_TUNE_H_

#include "tune/tune_result.h"

namespace pgring {

// 12 in flight, and 9 to 16 do as well; confirmed by six blocks, in which pipelined takes so long.
TuneResult SampleTune(double pipelined_s = 8);

}  // namespace pgring

#endif  // PGRING_TESTS_REPORT_SAMPLE_TUNE_H_
