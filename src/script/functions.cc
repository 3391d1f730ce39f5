#include "script/functions.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace pgring {
namespace {

constexpr FunctionDescription kFunctions[] = {
    {"abs", OpCode::kAbs, 1, 1, false},
    {"debug", OpCode::kDebug, 1, 1, false},
    {"double", OpCode::kDouble, 1, 1, false},
    {"exp", OpCode::kExponential, 1, 1, false},
    {"greatest", OpCode::kGreatest, 1, kMaxFunctionArguments, false},
    {"hash", OpCode::kHashMurmur2, 1, 2, true},
    {"hash_fnv1a", OpCode::kHashFnv1a, 1, 2, true},
    {"hash_murmur2", OpCode::kHashMurmur2, 1, 2, true},
    {"int", OpCode::kInteger, 1, 1, false},
    {"least", OpCode::kLeast, 1, kMaxFunctionArguments, false},
    {"ln", OpCode::kLogarithm, 1, 1, false},
    {"mod", OpCode::kModulo, 2, 2, false},
    {"permute", OpCode::kPermute, 2, 3, true},
    {kPiFunction, OpCode::kConstant, 0, 0, false},
    {"pow", OpCode::kPower, 2, 2, false},
    {"power", OpCode::kPower, 2, 2, false},
    {"random", OpCode::kRandom, 2, 2, false},
    {"random_exponential", OpCode::kRandomExponential, 3, 3, false},
    {"random_gaussian", OpCode::kRandomGaussian, 3, 3, false},
    {"random_zipfian", OpCode::kRandomZipfian, 3, 3, false},
    {"sqrt", OpCode::kSquareRoot, 1, 1, false},
};

}  // namespace

const FunctionDescription* FindFunction(std::string_view name) {
  const absl::string_view wanted(name.data(), name.size());
  for (const FunctionDescription& function : kFunctions) {
    if (absl::EqualsIgnoreCase(wanted,
                               absl::string_view(function.name.data(), function.name.size()))) {
      return &function;
    }
  }
  return nullptr;
}

}  // namespace pgring
