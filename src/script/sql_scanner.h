// Cuts a script into SQL commands and backslash commands, by the rules of psql 15's scanner: a
// command ends at a semicolon outside quotes, comments and parentheses and outside the body of
// CREATE FUNCTION ... BEGIN ATOMIC ... END. A backslash there begins a meta command, except that \;
// and \: stand for the bare character.
//
// Holds a view of the script, which must outlive it. Cannot fail: what is left open at the end of
// the script belongs to the last command.
#ifndef PGRING_SCRIPT_SQL_SCANNER_H_
#define PGRING_SCRIPT_SQL_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "script/sql_text.h"

namespace pgring {

struct SqlPiece {
  enum class End : uint8_t {
    kSemicolon,
    kBackslash,  // the scanner stands behind the backslash
    kScript,
  };

  // With its semicolon, without the blanks and comments in front of it; empty: nothing was there.
  std::string text;
  std::vector<SqlSpan> spans;  // of the text
  size_t offset = 0;           // of its first byte in the script
  End end = End::kScript;
};

class SqlScanner {
 public:
  explicit SqlScanner(std::string_view script) : script_(script) {}

  SqlPiece Next();

  size_t offset() const { return next_; }
  // Goes on from `offset`, behind a meta command.
  void Skip(size_t offset) { next_ = offset; }

 private:
  void CopyTo(size_t end, SqlPiece* piece);
  void CopyTo(size_t end, SqlPlace place, SqlPiece* piece);
  void NoteBracket(char c, SqlPiece* piece);
  void ScanBlanks(SqlPiece* piece);
  void ScanWord(SqlPiece* piece);
  size_t EndOfBlockComment(size_t begin) const;
  size_t EndOfQuoted(size_t begin, bool backslash_escapes) const;
  size_t EndOfDollarQuoted(size_t begin) const;
  void NoteWord(std::string_view word);
  bool DefinesFunction() const;

  std::string_view script_;
  size_t next_ = 0;
  int parentheses_ = 0;
  int brackets_ = 0;
  size_t bracket_begin_ = 0;  // of the outermost, in the piece's text
  int begin_blocks_ = 0;
  // The first letters of the statement's leading words, as far as they are words of CREATE [OR
  // REPLACE] {FUNCTION | PROCEDURE}; 0 for others.
  std::array<char, 4> leading_words_ = {};
  size_t word_count_ = 0;
};

}  // namespace pgring

#endif  // PGRING_SCRIPT_SQL_SCANNER_H_
