#include "report/text_table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/terminal_style.h"

namespace pgring {
namespace {

constexpr int kWideGap = 2;
constexpr int kNarrowGap = 1;

int ColumnWidth(const TextColumn& column) {
  size_t width = 0;
  for (const std::string& line : column.heading) width = std::max(width, DisplayWidth(line));
  for (const std::string& cell : column.cells) width = std::max(width, DisplayWidth(cell));
  return static_cast<int>(width);
}

int TableWidth(const std::vector<TextColumn>& columns, int gap) {
  int width = 0;
  for (const TextColumn& column : columns) width += ColumnWidth(column) + gap;
  return columns.empty() ? 0 : width - gap;
}

std::string HeadingInWords(const TextColumn& column) {
  std::string words;
  for (const std::string& line : column.heading) {
    if (line.empty()) continue;
    if (!words.empty()) words += ' ';
    words += line;
  }
  return words;
}

// False when every column that is left must stay.
bool LeaveOutOne(std::vector<TextColumn>* columns, std::vector<std::string>* left_out) {
  const auto least = std::max_element(columns->begin(), columns->end(),
                                      [](const TextColumn& a, const TextColumn& b) {
                                        return a.leave_out_order < b.leave_out_order;
                                      });
  if (least == columns->end() || least->leave_out_order == 0) return false;
  left_out->push_back(HeadingInWords(*least));
  columns->erase(least);
  return true;
}

std::string Padded(const std::string& text, int width, bool left) {
  const std::string padding(static_cast<size_t>(width) - DisplayWidth(text), ' ');
  return left ? text + padding : padding + text;
}

void AppendLine(std::string line, std::string_view style, bool color, std::string* out) {
  line.erase(line.find_last_not_of(' ') + 1);
  *out += Styled(line, style, color);
  *out += '\n';
}

}  // namespace

std::string RenderTable(TextTable table, int width, bool unicode, bool color) {
  std::string out;
  std::vector<std::string> left_out;
  std::vector<TextColumn>& columns = table.columns;
  while (TableWidth(columns, kNarrowGap) > width && LeaveOutOne(&columns, &left_out)) {
  }
  const int gap_width = TableWidth(columns, kWideGap) <= width ? kWideGap : kNarrowGap;
  const std::string gap(static_cast<size_t>(gap_width), ' ');

  size_t heading_lines = 0;
  size_t rows = 0;
  for (const TextColumn& column : columns) {
    heading_lines = std::max(heading_lines, column.heading.size());
    rows = std::max(rows, column.cells.size());
  }
  const auto append = [&](const auto& text_of, std::string_view style) {
    std::string line;
    for (const TextColumn& column : columns) {
      if (!line.empty()) line += gap;
      line += Padded(text_of(column), ColumnWidth(column), column.left);
    }
    AppendLine(std::move(line), style, color, &out);
  };
  for (size_t i = 0; i < heading_lines; ++i) {
    append(
        [&](const TextColumn& column) {
          const size_t above = heading_lines - column.heading.size();
          return i < above ? std::string() : column.heading[i - above];
        },
        kStyleBold);
  }
  std::string rule;
  for (int i = 0; i < TableWidth(columns, gap_width); ++i) rule += unicode ? "─" : "-";
  AppendLine(std::move(rule), kStylePlain, color, &out);
  for (size_t row = 0; row < rows; ++row) {
    const bool alarming = row < table.alarming_rows.size() && table.alarming_rows[row];
    append([&](const TextColumn& column) { return column.cells[row]; },
           alarming ? kStyleAlarm : kStylePlain);
  }
  if (!left_out.empty()) {
    out += WrapText("No room for: " + absl::StrJoin(left_out, "; "), width, 0);
  }
  return out;
}

}  // namespace pgring
