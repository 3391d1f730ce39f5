#include "script/sql_scanner.h"

#include <algorithm>

#include "script/characters.h"

namespace pgring {
namespace {

constexpr bool IsWordPart(char c) { return IsNamePart(c) || c == '$'; }

}  // namespace

void SqlScanner::CopyTo(size_t end, SqlPiece* piece) {
  if (piece->text.empty()) piece->offset = next_;
  piece->text.append(script_.substr(next_, end - next_));
  next_ = end;
}

void SqlScanner::CopyTo(size_t end, SqlPlace place, SqlPiece* piece) {
  const size_t begin = piece->text.size();
  CopyTo(end, piece);
  piece->spans.push_back({begin, piece->text.size(), place});
}

// Of a character that has been copied. Brackets that are not closed are none.
void SqlScanner::NoteBracket(char c, SqlPiece* piece) {
  if (c == '[') {
    if (brackets_ == 0) bracket_begin_ = piece->text.size() - 1;
    ++brackets_;
  } else if (c == ']' && brackets_ > 0) {
    --brackets_;
    if (brackets_ > 0) return;
    piece->spans.push_back({bracket_begin_, piece->text.size(), SqlPlace::kBrackets});
  }
}

SqlPiece SqlScanner::Next() {
  SqlPiece piece;
  brackets_ = 0;
  piece.offset = next_;
  while (next_ < script_.size()) {
    const char c = script_[next_];
    const std::string_view rest = script_.substr(next_);
    if (IsSpace(c) || rest.starts_with("--")) {
      ScanBlanks(&piece);
    } else if (rest.starts_with("/*")) {
      CopyTo(EndOfBlockComment(next_), SqlPlace::kComment, &piece);
    } else if (c == '\'' || c == '"') {
      CopyTo(EndOfQuoted(next_, false), SqlPlace::kQuoted, &piece);
    } else if (c == '$') {
      CopyTo(EndOfDollarQuoted(next_), SqlPlace::kQuoted, &piece);
    } else if (IsNameStart(c)) {
      ScanWord(&piece);
    } else if (rest.starts_with("\\;") || rest.starts_with("\\:")) {
      if (rest[1] == ';') word_count_ = 0;
      ++next_;
      CopyTo(next_ + 1, &piece);
    } else if (c == '\\') {
      ++next_;
      piece.end = SqlPiece::End::kBackslash;
      return piece;
    } else {
      CopyTo(next_ + 1, &piece);
      NoteBracket(c, &piece);
      if (c == '(') ++parentheses_;
      if (c == ')' && parentheses_ > 0) --parentheses_;
      if (c == ';' && parentheses_ == 0 && begin_blocks_ == 0) {
        word_count_ = 0;
        piece.end = SqlPiece::End::kSemicolon;
        return piece;
      }
    }
  }
  return piece;
}

// Within a command, blanks and -- comments are part of it; in front of it, they are not.
void SqlScanner::ScanBlanks(SqlPiece* piece) {
  const bool comment = script_[next_] == '-';
  const size_t end =
      comment ? std::min(script_.find_first_of("\n\r", next_), script_.size()) : next_ + 1;
  if (piece->text.empty()) {
    next_ = end;
  } else if (comment) {
    CopyTo(end, SqlPlace::kComment, piece);
  } else {
    CopyTo(end, piece);
  }
}

// Words may be the E of E'...', and matter for function bodies.
void SqlScanner::ScanWord(SqlPiece* piece) {
  size_t end = next_;
  while (end < script_.size() && IsWordPart(script_[end])) ++end;
  const std::string_view word = script_.substr(next_, end - next_);
  const bool quoted = end < script_.size() && script_[end] == '\'';
  if (quoted && SameWord(word, "e")) {
    CopyTo(EndOfQuoted(end, true), SqlPlace::kQuoted, piece);
    return;
  }
  if (!quoted || (!SameWord(word, "b") && !SameWord(word, "x") && !SameWord(word, "n"))) {
    NoteWord(word);
  }
  CopyTo(end, piece);
}

size_t SqlScanner::EndOfBlockComment(size_t begin) const {
  size_t i = begin + 2;
  int depth = 1;
  while (i < script_.size()) {
    const std::string_view rest = script_.substr(i);
    if (rest.starts_with("*/")) {
      i += 2;
      if (--depth == 0) return i;
    } else if (rest.starts_with("/*")) {
      i += 2;
      ++depth;
    } else {
      ++i;
    }
  }
  return script_.size();
}

// From the opening quote at `begin`; a doubled quote does not end it. A literal goes on behind
// blanks with a line break and another quote, which matters for backslashes.
size_t SqlScanner::EndOfQuoted(size_t begin, bool backslash_escapes) const {
  const char quote = script_[begin];
  size_t i = begin + 1;
  while (i < script_.size()) {
    if (backslash_escapes && script_[i] == '\\') {
      i = std::min(i + 2, script_.size());
      continue;
    }
    if (script_[i++] != quote) continue;
    if (i < script_.size() && script_[i] == quote) {
      ++i;
      continue;
    }
    if (!backslash_escapes) return i;
    size_t next = i;
    while (next < script_.size() && IsSpace(script_[next])) ++next;
    const std::string_view blanks = script_.substr(i, next - i);
    if (next >= script_.size() || script_[next] != quote ||
        blanks.find_first_of("\n\r") == std::string_view::npos) {
      return i;
    }
    i = next + 1;
  }
  return script_.size();
}

// Of $tag$...$tag$; of the dollar alone where no such quote begins.
size_t SqlScanner::EndOfDollarQuoted(size_t begin) const {
  size_t tag_end = begin + 1;
  if (tag_end < script_.size() && IsNameStart(script_[tag_end])) {
    while (tag_end < script_.size() && IsNamePart(script_[tag_end])) ++tag_end;
  }
  if (tag_end >= script_.size() || script_[tag_end] != '$') return begin + 1;
  const std::string_view tag = script_.substr(begin, tag_end + 1 - begin);
  const size_t close = script_.find(tag, tag_end + 1);
  return close == std::string_view::npos ? script_.size() : close + tag.size();
}

bool SqlScanner::DefinesFunction() const {
  const auto is_routine = [](char c) { return c == 'f' || c == 'p'; };
  if (leading_words_[0] != 'c') return false;
  return is_routine(leading_words_[1]) ||
         (leading_words_[1] == 'o' && leading_words_[2] == 'r' && is_routine(leading_words_[3]));
}

void SqlScanner::NoteWord(std::string_view word) {
  if (word_count_ == 0) leading_words_ = {};
  if (word_count_ < leading_words_.size()) {
    for (const std::string_view known : {"create", "or", "replace", "function", "procedure"}) {
      if (SameWord(word, known)) leading_words_[word_count_] = known[0];
    }
  }
  ++word_count_;
  if (!DefinesFunction() || parentheses_ > 0) return;
  if (SameWord(word, "begin")) {
    ++begin_blocks_;
  } else if (SameWord(word, "case")) {
    // It ends with END, too, which must not end the body.
    if (begin_blocks_ > 0) ++begin_blocks_;
  } else if (SameWord(word, "end")) {
    if (begin_blocks_ > 0) --begin_blocks_;
  }
}

}  // namespace pgring
