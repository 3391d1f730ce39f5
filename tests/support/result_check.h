// What tests/tools/check_results.py, a program in Python, has to say of files result.json: whether
// they keep to the schema in tests/golden, and whether their figures add up.
#ifndef PGRING_TESTS_SUPPORT_RESULT_CHECK_H_
#define PGRING_TESTS_SUPPORT_RESULT_CHECK_H_

#include <string>
#include <vector>

namespace pgring {

// A line for each problem; empty without one. To start the checker takes a fifth of a second, so
// all files of a test program should go to it at once.
std::string ProblemsOfResults(const std::vector<std::string>& paths);

}  // namespace pgring

#endif  // PGRING_TESTS_SUPPORT_RESULT_CHECK_H_
