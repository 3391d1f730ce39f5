// The functions that an expression can call by name. Pure; cannot fail.
#ifndef PGRING_SCRIPT_FUNCTIONS_H_
#define PGRING_SCRIPT_FUNCTIONS_H_

#include <string_view>

#include "absl/status/status.h"
#include "script/expression.h"

namespace pgring {

struct FunctionDescription {
  std::string_view name;
  OpCode code;
  int min_arguments;
  int max_arguments;
  // Its last argument is :default_seed where it is left out.
  bool takes_seed;
};

// In any case, as in SQL; nullptr: there is no such function.
const FunctionDescription* FindFunction(std::string_view name);

// pi() is a constant: it has no instruction, and no arguments.
inline constexpr std::string_view kPiFunction = "pi";

}  // namespace pgring

#endif  // PGRING_SCRIPT_FUNCTIONS_H_
