// What an option's value may be. Each checks one value and says in its message what was expected;
// CLI11 puts the option's name before it.
#ifndef PGRING_CLI_OPTION_VALUES_H_
#define PGRING_CLI_OPTION_VALUES_H_

#include <CLI/CLI.hpp>
#include <cstdint>

namespace pgring {

// Both bounds are included.
CLI::Validator WholeNumber(int64_t low, int64_t high);
CLI::Validator WholeNumberOr(int64_t low, int64_t high, const std::string& word);
CLI::Validator Number(double low, double high);

// Of names of files and addresses: an empty one is a variable of a shell that is not set.
CLI::Validator NotEmpty();

// A time: a number of `unit`s, or a number with a unit as PostgreSQL's settings have it (us, ms, s,
// min, h, d). The option receives the number of `unit`s.
enum class TimeUnit : uint8_t { kMilliseconds, kSeconds };
CLI::Validator Duration(TimeUnit unit, double low, double high);
// The same where only whole seconds are possible.
CLI::Validator WholeSeconds(int64_t low, int64_t high);

}  // namespace pgring

#endif  // PGRING_CLI_OPTION_VALUES_H_
