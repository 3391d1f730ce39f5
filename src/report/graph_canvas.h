// A grid of character cells on which several lines can be drawn at once. With Unicode a cell is
// 2 x 4 Braille dots, else one letter. Where lines meet in a cell, neighbouring columns take turns
// in showing them, so that none disappears behind another.
//
// x counts dots from the left, y dots from the bottom. Pure memory; nothing here can fail.
#ifndef PGRING_REPORT_GRAPH_CANVAS_H_
#define PGRING_REPORT_GRAPH_CANVAS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pgring {

class GraphCanvas {
 public:
  GraphCanvas(int columns, int rows, bool unicode);

  int dot_columns() const { return columns_ * dots_per_column_; }
  int dot_rows() const { return rows_ * dots_per_row_; }
  int CellOf(int x) const { return x / dots_per_column_; }

  // How series number `series` is marked; capital.
  void SetLetter(size_t series, char letter);

  // A piece of the line in column x, from the height of the column before to its own.
  void Line(size_t series, int x, int from_y, int to_y);
  // A dot of the peak; with Unicode every other one is left out, which makes a dotted line.
  void Peak(size_t series, int x, int y);
  // The letter of the series at this place, or in the nearest free cell to the right; small for its
  // peak.
  void Letter(size_t series, int x, int y);
  void PeakLetter(size_t series, int x, int y);

  bool IsBlank(int row, int column) const;
  // One cell that is not blank; its row is counted from the top.
  std::string CellText(int row, int column, bool color) const;
  // The cells of row `row`, counted from the top, without spaces at the end.
  std::string RowText(int row, bool color) const;

 private:
  struct Cell {
    uint8_t dots = 0;
    char letter = 0;  // over everything else
    size_t letter_series = 0;
    std::vector<size_t> lines;  // series, in the order drawn
    std::vector<size_t> peaks;
  };

  const Cell& CellAt(int row, int column) const;
  Cell& At(int x, int y);
  void Dot(int x, int y);
  void PutLetter(size_t series, char letter, int x, int y);

  const int columns_;
  const int rows_;
  const bool unicode_;
  const int dots_per_column_;
  const int dots_per_row_;
  std::vector<char> letters_;
  std::vector<Cell> cells_;
};

}  // namespace pgring

#endif  // PGRING_REPORT_GRAPH_CANVAS_H_
