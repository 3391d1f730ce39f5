// A table as data: what a report says, not how it looks. Made by pure functions of results, shown
// by a renderer: text_table.h for terminals and text files, markdown_table.h for Markdown.
#ifndef PGRING_REPORT_TABLE_H_
#define PGRING_REPORT_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgring {

struct TableColumn {
  // From top to bottom, with the unit; shorter headings sit on the rule.
  std::vector<std::string> heading;
  // One per row. Of foreign origin as they are: renderers make them safe.
  std::vector<std::string> cells;
  // Empty beyond the last one.
  std::string_view cell(size_t row) const {
    return row < cells.size() ? std::string_view(cells[row]) : std::string_view();
  }
  bool left = false;  // texts stand left, figures right
  // 0 stays whatever the width; of the others the highest goes first.
  int leave_out_order = 0;
};

// A sentence below the table.
struct TableNote {
  std::string text;
  bool alarming = false;
};

struct Table {
  std::string title;  // may be empty
  std::vector<TableColumn> columns;
  // Rows that carry a warning; one per row, or empty for none.
  std::vector<bool> alarming_rows;
  std::vector<TableNote> notes;

  bool empty() const { return columns.empty() && notes.empty(); }
  size_t rows() const {
    size_t most = 0;
    for (const TableColumn& column : columns) most = std::max(most, column.cells.size());
    return most;
  }
  bool is_alarming(size_t row) const { return row < alarming_rows.size() && alarming_rows[row]; }
};

}  // namespace pgring

#endif  // PGRING_REPORT_TABLE_H_
