// What pgbench makes of the :names in an SQL command. It looks at the bare text, so names within
// quotes and comments are replaced as well; runs of colons (::int) and names that begin with a
// digit (12:30) are left alone.
//
// Pure but for the symbol table, which gets the names.
#ifndef PGRING_SCRIPT_SQL_TEXT_H_
#define PGRING_SCRIPT_SQL_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "script/variables.h"

namespace pgring {

// pgbench's limit for the extended protocol.
inline constexpr size_t kMaxStatementParameters = 255;

// What a part of a statement is, for the server.
enum class SqlPlace : uint8_t {
  kCode,
  kBrackets,  // code within [ ], where a colon may separate bounds
  kQuoted,    // a literal, a quoted identifier
  kComment,
};

// A part that is not plain code. Those in quotes and comments are in the order of the text; that of
// a pair of brackets comes behind what is within it.
struct SqlSpan {
  size_t begin = 0;
  size_t end = 0;
  SqlPlace place = SqlPlace::kQuoted;
};

// A :name in a text, colon included.
struct VariableReference {
  size_t begin = 0;
  size_t end = 0;
  VariableSlot slot = kNoVariable;
};

// In the order of the text.
absl::Status FindVariableReferences(std::string_view text, SymbolTable* symbols,
                                    std::vector<VariableReference>* references);

// By reference: where it is.
std::vector<SqlPlace> PlacesOf(const std::vector<VariableReference>& references,
                               const std::vector<SqlSpan>& spans);

// For the simple protocol: `text` with the values in place of the references, those that are unset
// left as they are. Replaces *result, whose memory is used again.
void SubstituteVariables(std::string_view text, const std::vector<VariableReference>& references,
                         VariableStore* variables, std::string* result);

// For the extended protocol: `text` with $1, $2 and so on in place of the references, a number each
// even where names repeat.
std::string ParameterizedText(std::string_view text,
                              const std::vector<VariableReference>& references);

// The first word that is no comment, in upper case ("SELECT"); empty where the text begins with
// something else.
std::string FirstWord(std::string_view text);

}  // namespace pgring

#endif  // PGRING_SCRIPT_SQL_TEXT_H_
