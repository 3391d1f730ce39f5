#include "report/markdown_table.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_join.h"
#include "report/format.h"

namespace pgring {
namespace {

// A backslash keeps a character from being markup wherever it stands; "&lt;" keeps out HTML.
std::string Escaped(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_{}[]()#+!|~";
  std::string out;
  for (const char c : PrintableText(text, /*unicode=*/true)) {
    if (c == '<') {
      out += "&lt;";
      continue;
    }
    if (c == '&') {
      out += "&amp;";
      continue;
    }
    if (kMarkup.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string Row(const std::vector<std::string>& cells) {
  return "| " + absl::StrJoin(cells, " | ") + " |\n";
}

std::string Grid(const Table& table) {
  std::vector<std::string> headings, rules;
  for (const TableColumn& column : table.columns) {
    headings.push_back(Escaped(absl::StrJoin(column.heading, " ")));
    rules.emplace_back(column.left ? ":--" : "--:");
  }
  std::string out = Row(headings) + Row(rules);
  for (size_t row = 0; row < table.rows(); ++row) {
    std::vector<std::string> cells;
    for (const TableColumn& column : table.columns) {
      const std::string cell = Escaped(column.cell(row));
      cells.push_back(table.is_alarming(row) && !cell.empty() ? "**" + cell + "**" : cell);
    }
    out += Row(cells);
  }
  return out;
}

}  // namespace

std::string RenderMarkdown(const Table& table) {
  std::string out;
  if (!table.title.empty()) out += "**" + Escaped(table.title) + "**\n\n";
  if (!table.columns.empty()) out += Grid(table);
  if (!table.columns.empty() && !table.notes.empty()) out += "\n";
  for (const TableNote& note : table.notes) {
    const std::string text = Escaped(note.text);
    out += "- " + (note.alarming ? "**" + text + "**" : text) + "\n";
  }
  return out;
}

}  // namespace pgring
