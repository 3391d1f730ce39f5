#include "report/text_table.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/str_join.h"
#include "report/format.h"
#include "report/terminal_style.h"

namespace pgring {
namespace {

constexpr int kWideGap = 2;
constexpr int kNarrowGap = 1;
constexpr int kNoteIndent = 2;

int ColumnWidth(const TableColumn& column) {
  size_t width = 0;
  for (const std::string& line : column.heading) width = std::max(width, DisplayWidth(line));
  for (const std::string& cell : column.cells) width = std::max(width, DisplayWidth(cell));
  return static_cast<int>(width);
}

int TableWidth(const std::vector<TableColumn>& columns, int gap) {
  int width = 0;
  for (const TableColumn& column : columns) width += ColumnWidth(column) + gap;
  return columns.empty() ? 0 : width - gap;
}

std::string HeadingInWords(const TableColumn& column) {
  std::string words;
  for (const std::string& line : column.heading) {
    if (line.empty()) continue;
    if (!words.empty()) words += ' ';
    words += line;
  }
  return words;
}

// False when every column that is left must stay.
bool LeaveOutOne(std::vector<TableColumn>* columns, std::vector<std::string>* left_out) {
  const auto least = std::max_element(columns->begin(), columns->end(),
                                      [](const TableColumn& a, const TableColumn& b) {
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

void MakePrintable(bool unicode, Table* table) {
  for (TableColumn& column : table->columns) {
    for (std::string& line : column.heading) line = PrintableText(line, unicode);
    for (std::string& cell : column.cells) cell = PrintableText(cell, unicode);
  }
}

// Heading, rule and rows, and what there was no room for.
std::string Grid(Table table, const TextStyle& style) {
  const int width = ReportColumns(style);
  std::string out;
  std::vector<std::string> left_out;
  std::vector<TableColumn>& columns = table.columns;
  while (TableWidth(columns, kNarrowGap) > width && LeaveOutOne(&columns, &left_out)) {
  }
  const int gap_width = TableWidth(columns, kWideGap) <= width ? kWideGap : kNarrowGap;
  const std::string gap(static_cast<size_t>(gap_width), ' ');

  size_t heading_lines = 0;
  size_t rows = 0;
  for (const TableColumn& column : columns) {
    heading_lines = std::max(heading_lines, column.heading.size());
    rows = std::max(rows, column.cells.size());
  }
  const auto append = [&](const auto& text_of, std::string_view line_style) {
    std::string line;
    for (const TableColumn& column : columns) {
      if (!line.empty()) line += gap;
      line += Padded(text_of(column), ColumnWidth(column), column.left);
    }
    AppendLine(std::move(line), line_style, style.color, &out);
  };
  for (size_t i = 0; i < heading_lines; ++i) {
    append(
        [&](const TableColumn& column) {
          const size_t above = heading_lines - column.heading.size();
          return i < above ? std::string() : column.heading[i - above];
        },
        kStyleBold);
  }
  std::string rule;
  for (int i = 0; i < TableWidth(columns, gap_width); ++i) rule += style.unicode ? "─" : "-";
  AppendLine(std::move(rule), kStylePlain, style.color, &out);
  for (size_t row = 0; row < rows; ++row) {
    const bool alarming = row < table.alarming_rows.size() && table.alarming_rows[row];
    append([&](const TableColumn& column) { return column.cells[row]; },
           alarming ? kStyleAlarm : kStylePlain);
  }
  if (!left_out.empty()) {
    out += WrapText("No room for these columns: " + absl::StrJoin(left_out, "; "), width, 2);
  }
  return out;
}

}  // namespace

std::string RenderText(Table table, const TextStyle& style) {
  std::string out;
  if (!table.title.empty()) {
    out += Styled(PrintableText(table.title, style.unicode), kStyleBold, style.color) + "\n";
  }
  const std::vector<TableNote> notes = std::move(table.notes);
  MakePrintable(style.unicode, &table);
  if (!table.columns.empty()) out += Grid(std::move(table), style);
  for (const TableNote& note : notes) {
    std::string lines =
        WrapText(PrintableText(note.text, style.unicode), ReportColumns(style), kNoteIndent);
    lines.pop_back();
    out += Styled(lines, note.alarming ? kStyleAlarm : kStylePlain, style.color) + "\n";
  }
  return out;
}

}  // namespace pgring
