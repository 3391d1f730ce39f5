#include "report/graph_canvas.h"

#include <algorithm>
#include <string_view>

#include "pgring/base/check.h"
#include "report/terminal_style.h"

namespace pgring {
namespace {

constexpr int kBrailleColumns = 2;
constexpr int kBrailleRows = 4;
constexpr char32_t kBrailleBlank = 0x2800;
// Bit of the dot at [column][row from the top] (Unicode Standard, Braille Patterns,
// U+2800..U+28FF).
constexpr uint8_t kBrailleBits[kBrailleColumns][kBrailleRows] = {{0x01, 0x02, 0x04, 0x40},
                                                                 {0x08, 0x10, 0x20, 0x80}};

// UTF-8 of U+2800 + `dots`.
std::string Braille(uint8_t dots) {
  const char32_t point = kBrailleBlank + dots;
  return {static_cast<char>(0xe0 | (point >> 12)), static_cast<char>(0x80 | ((point >> 6) & 0x3f)),
          static_cast<char>(0x80 | (point & 0x3f))};
}

void AddOnce(size_t series, std::vector<size_t>* to) {
  if (std::find(to->begin(), to->end(), series) == to->end()) to->push_back(series);
}

char Small(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : '.';
}

}  // namespace

GraphCanvas::GraphCanvas(int columns, int rows, bool unicode)
    : columns_(columns),
      rows_(rows),
      unicode_(unicode),
      dots_per_column_(unicode ? kBrailleColumns : 1),
      dots_per_row_(unicode ? kBrailleRows : 1),
      cells_(static_cast<size_t>(columns) * static_cast<size_t>(rows)) {
  PGRING_CHECK(columns > 0 && rows > 0, "a canvas needs cells");
}

void GraphCanvas::SetLetter(size_t series, char letter) {
  if (letters_.size() <= series) letters_.resize(series + 1, '*');
  letters_[series] = letter;
}

GraphCanvas::Cell& GraphCanvas::At(int x, int y) {
  PGRING_CHECK(x >= 0 && x < dot_columns() && y >= 0 && y < dot_rows(), "a dot beside the canvas");
  const int row = rows_ - 1 - y / dots_per_row_;
  return cells_[static_cast<size_t>(row) * static_cast<size_t>(columns_) +
                static_cast<size_t>(CellOf(x))];
}

void GraphCanvas::Dot(int x, int y) {
  const int from_top = dots_per_row_ - 1 - y % dots_per_row_;
  At(x, y).dots |= unicode_ ? kBrailleBits[x % kBrailleColumns][from_top] : 1;
}

void GraphCanvas::Line(size_t series, int x, int from_y, int to_y) {
  const auto [low, high] = std::minmax(from_y, to_y);
  for (int y = low; y <= high; ++y) {
    Dot(x, y);
    AddOnce(series, &At(x, y).lines);
  }
}

void GraphCanvas::Peak(size_t series, int x, int y) {
  if (unicode_ && x % kBrailleColumns != 0) return;
  Dot(x, y);
  AddOnce(series, &At(x, y).peaks);
}

void GraphCanvas::Letter(size_t series, int x, int y) { PutLetter(series, letters_[series], x, y); }

void GraphCanvas::PeakLetter(size_t series, int x, int y) {
  PutLetter(series, Small(letters_[series]), x, y);
}

void GraphCanvas::PutLetter(size_t series, char letter, int x, int y) {
  for (int place = x; place < dot_columns(); place += dots_per_column_) {
    Cell& cell = At(place, y);
    if (cell.letter != 0) continue;
    cell.letter = letter;
    cell.letter_series = series;
    return;
  }
}

const GraphCanvas::Cell& GraphCanvas::CellAt(int row, int column) const {
  PGRING_CHECK(row >= 0 && row < rows_ && column >= 0 && column < columns_,
               "a cell beside the canvas");
  return cells_[static_cast<size_t>(row) * static_cast<size_t>(columns_) +
                static_cast<size_t>(column)];
}

bool GraphCanvas::IsBlank(int row, int column) const {
  const Cell& cell = CellAt(row, column);
  return cell.dots == 0 && cell.letter == 0;
}

std::string GraphCanvas::CellText(int row, int column, bool color) const {
  const Cell& cell = CellAt(row, column);
  const bool is_line = !cell.lines.empty();
  const std::vector<size_t>& owners = is_line ? cell.lines : cell.peaks;
  size_t series = cell.letter_series;
  std::string mark(1, cell.letter);
  if (cell.letter == 0) {
    series = owners[static_cast<size_t>(column) % owners.size()];
    const char letter = letters_[series];
    mark = unicode_ ? Braille(cell.dots) : std::string(1, is_line ? letter : Small(letter));
  }
  return Styled(mark, SeriesStyle(series), color);
}

std::string GraphCanvas::RowText(int row, bool color) const {
  std::string out;
  std::string blanks;
  for (int column = 0; column < columns_; ++column) {
    if (IsBlank(row, column)) {
      blanks += ' ';
      continue;
    }
    out += blanks + CellText(row, column, color);
    blanks.clear();
  }
  return out;
}

}  // namespace pgring
