// Aligned columns for a terminal: headings with their units, texts left, figures right. Fits a
// given width by closing up and then by leaving out the columns that matter least, and says which
// in a line below the table, so that a row never wraps.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_TEXT_TABLE_H_
#define PGRING_REPORT_TEXT_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace pgring {

struct TextColumn {
  // From top to bottom; shorter headings sit on the rule.
  std::vector<std::string> heading;
  // One per row.
  std::vector<std::string> cells;
  bool left = false;
  // 0 stays whatever the width; of the others the highest goes first.
  int leave_out_order = 0;
};

struct TextTable {
  std::vector<TextColumn> columns;
  // Rows that carry a warning colour; one per row, or empty for none.
  std::vector<bool> alarming_rows;
};

// Heading, rule and rows, and what there was no room for; each line ended by a newline.
std::string RenderTable(TextTable table, int width, bool unicode, bool color);

}  // namespace pgring

#endif  // PGRING_REPORT_TEXT_TABLE_H_
