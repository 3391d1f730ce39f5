#include "script/sql_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "script/characters.h"

namespace pgring {

absl::Status FindVariableReferences(std::string_view text, SymbolTable* symbols,
                                    std::vector<VariableReference>* references) {
  size_t colon = text.find(':');
  while (colon != std::string_view::npos) {
    size_t end = colon + 1;
    if (end < text.size() && IsNameStart(text[end])) {
      while (end < text.size() && IsNamePart(text[end])) ++end;
      const auto slot = symbols->Intern(text.substr(colon + 1, end - colon - 1));
      if (!slot.ok()) return slot.status();
      references->push_back({colon, end, *slot});
    } else {
      while (end < text.size() && text[end] == ':') ++end;
    }
    colon = text.find(':', end);
  }
  return absl::OkStatus();
}

std::vector<SqlPlace> PlacesOf(const std::vector<VariableReference>& references,
                               const std::vector<SqlSpan>& spans) {
  std::vector<SqlPlace> places(references.size(), SqlPlace::kCode);
  // Brackets first: quotes and comments within them count for more.
  for (const bool brackets : {true, false}) {
    size_t next = 0;
    for (const SqlSpan& span : spans) {
      if ((span.place == SqlPlace::kBrackets) != brackets) continue;
      while (next < references.size() && references[next].begin < span.begin) ++next;
      while (next < references.size() && references[next].begin < span.end) {
        places[next++] = span.place;
      }
    }
  }
  return places;
}

void SubstituteVariables(std::string_view text, const std::vector<VariableReference>& references,
                         VariableStore* variables, std::string* result) {
  result->clear();
  size_t copied = 0;
  for (const VariableReference& reference : references) {
    const std::string* value = variables->FindText(reference.slot);
    if (value == nullptr) continue;
    result->append(text.substr(copied, reference.begin - copied));
    result->append(*value);
    copied = reference.end;
  }
  result->append(text.substr(copied));
}

std::string ParameterizedText(std::string_view text,
                              const std::vector<VariableReference>& references) {
  std::string result;
  size_t copied = 0;
  int number = 0;
  for (const VariableReference& reference : references) {
    result.append(text.substr(copied, reference.begin - copied));
    absl::StrAppend(&result, "$", ++number);
    copied = reference.end;
  }
  result.append(text.substr(copied));
  return result;
}

std::string FirstWord(std::string_view text) {
  size_t begin = 0;
  int comments = 0;
  while (begin < text.size()) {
    const std::string_view rest = text.substr(begin);
    if (rest.starts_with("/*")) {
      ++comments;
      begin += 2;
    } else if (comments > 0 && rest.starts_with("*/")) {
      --comments;
      begin += 2;
    } else if (comments > 0 || IsSpace(text[begin])) {
      ++begin;
    } else if (rest.starts_with("--")) {
      begin = std::min(text.find('\n', begin), text.size());
    } else {
      break;
    }
  }
  size_t end = begin;
  while (end < text.size() && (IsNamePart(text[end]))) ++end;
  std::string word(text.substr(begin, end - begin));
  absl::AsciiStrToUpper(&word);
  return word;
}

}  // namespace pgring
