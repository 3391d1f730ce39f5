// Stands in for libFuzzer where a compiler has none: runs the target over every file given, and
// over a number of seeded mutations and splices of them.
//
//   replay MUTATIONS FILE...
//
// An abort names the seed of the mutation; PGRING_TEST_SEED=<seed> runs that one alone.
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "pgring/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace pgring {
namespace {

constexpr size_t kLargestInputBytes = 4096;
constexpr uint64_t kMostChanges = 6;

// What the last input was, for when it is the last indeed.
char last_words[64];

void SayLastWords(int /*signal*/) {
  const ssize_t written = write(STDERR_FILENO, last_words, std::strlen(last_words));
  static_cast<void>(written);
}

std::string Mutated(const std::vector<std::string>& inputs, uint64_t seed) {
  Random random(seed);
  std::string text = inputs[random.Below(inputs.size())];
  const uint64_t changes = 1 + random.Below(kMostChanges);
  for (uint64_t i = 0; i < changes; ++i) {
    const size_t at = random.Below(text.size() + 1);
    const std::string& other = inputs[random.Below(inputs.size())];
    const size_t from = random.Below(other.size() + 1);
    const size_t length = random.Below(20);
    switch (random.Below(4)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(random.Below(256)));
        break;
      case 2:
        text.insert(at, other.substr(from, length));
        break;
      default:
        text = text.substr(0, at) + other.substr(from);
        break;
    }
  }
  return text.substr(0, kLargestInputBytes);
}

void RunOn(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

int Replay(int mutations, const std::vector<std::string>& paths) {
  std::vector<std::string> inputs;
  for (const std::string& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file) {
      std::fprintf(stderr, "%s cannot be read\n", path.c_str());
      return 1;
    }
    RunOn(inputs.back());
  }
  const char* chosen = std::getenv("PGRING_TEST_SEED");
  std::signal(SIGABRT, SayLastWords);
  for (int i = 1; i <= mutations; ++i) {
    const int seed = chosen == nullptr ? i : std::atoi(chosen);
    std::snprintf(last_words, sizeof(last_words), "the input was that of PGRING_TEST_SEED=%d\n",
                  seed);
    RunOn(Mutated(inputs, static_cast<uint64_t>(seed)));
    if (chosen != nullptr) break;
  }
  std::printf("%zu files, %d mutations\n", inputs.size(), mutations);
  return 0;
}

}  // namespace
}  // namespace pgring

int main(int argument_count, char** arguments) {
  if (argument_count < 3) {
    std::fprintf(stderr, "usage: replay MUTATIONS FILE...\n");
    return 1;
  }
  return pgring::Replay(std::atoi(arguments[1]), {arguments + 2, arguments + argument_count});
}
