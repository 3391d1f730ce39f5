// Comparison with the files of tests/golden: whole outputs that people have looked at.
#ifndef PGRING_TESTS_SUPPORT_GOLDEN_H_
#define PGRING_TESTS_SUPPORT_GOLDEN_H_

#include <string>

namespace pgring {

// Empty if `actual` is what tests/golden/`name` holds; else the first line that differs, and how to
// accept the new text: with PGRING_UPDATE_GOLDEN=1 in the environment the file is written instead,
// to be looked at and committed.
std::string GoldenDifference(const std::string& name, const std::string& actual);

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_GOLDEN_H_
