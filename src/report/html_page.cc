#include "report/html_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "report/embedded_files.h"
#include "report/html_chart.h"
#include "report/sha256.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

// An element of this text, as its hash allows it (Content Security Policy Level 3). HTML ends it
// only at its end tag; the comments make it well-formed XML too.
std::string ElementText(std::string_view script) {
  return absl::StrCat("//<![CDATA[\n", std::string(script), "\n//]]>\n");
}

std::string HashSource(const std::string& script) {
  return absl::StrCat(" 'sha256-", absl::Base64Escape(absl::HexStringToBytes(Sha256(script))), "'");
}

std::string UplotText() {
  return ElementText(absl::StrCat("/*\nuPlot\n", std::string(UplotLicense()), "\n*/\n",
                                  std::string(UplotScript())));
}

std::string Cell(bool left, bool alarming, std::string_view text) {
  const std::string_view classes = left && alarming ? " class=\"left alarm\""
                                   : left           ? " class=\"left\""
                                   : alarming       ? " class=\"alarm\""
                                                    : "";
  return fmt::format("<td{}>{}</td>", classes, HtmlText(text));
}

std::string Grid(const Table& table) {
  std::string out;
  // Not a caption, which is as narrow as its table and scrolls with it.
  if (!table.title.empty()) out += "<h3>" + HtmlText(table.title) + "</h3>\n";
  out += "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const TableColumn& column : table.columns) {
    out += column.left ? "<th class=\"left\">" : "<th>";
    for (size_t line = 0; line < column.heading.size(); ++line) {
      // A space before the break is for readers that leave it out.
      absl::StrAppend(&out, line == 0 ? "" : " <br/>", HtmlText(column.heading[line]));
    }
    out += "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (size_t row = 0; row < table.rows(); ++row) {
    out += "<tr>";
    for (const TableColumn& column : table.columns) {
      out += Cell(column.left, table.is_alarming(row), column.cell(row));
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace

std::string HtmlText(std::string_view text) { return XmlText(text); }

std::string HtmlPreformatted(std::string_view text) {
  // A first newline after the tag would be swallowed.
  std::string out = "<pre>\n";
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    out += HtmlText(text.substr(begin, end - begin));
    if (end < text.size()) out += '\n';
    begin = end + 1;
  }
  return out + "</pre>\n";
}

std::string HtmlParagraphs(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences) out += "<p>" + HtmlText(sentence) + "</p>\n";
  return out;
}

std::string RenderHtml(const Table& table) {
  std::string out;
  if (!table.columns.empty()) {
    out = Grid(table);
  } else if (!table.title.empty()) {
    out = "<p>" + HtmlText(table.title) + "</p>\n";
  }
  for (const TableNote& note : table.notes) {
    out += fmt::format("<p class=\"{}\">{}</p>\n", note.alarming ? "alarm" : "remark",
                       HtmlText(note.text));
  }
  return out;
}

std::string HtmlDetails(std::string_view summary, std::string_view content) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", HtmlText(summary), content);
}

std::string HtmlPage(std::string_view title, std::string_view body) {
  // Nothing may be loaded, and no script runs but these two.
  std::string allowed = "default-src 'none'; style-src 'unsafe-inline'";
  std::string style = absl::StrCat(HtmlSeriesColors(), std::string(ReportStyleSheet()), "\n");
  std::string scripts;
  if (body.find(kHtmlChartStart) != std::string_view::npos) {
    const std::string library = UplotText();
    const std::string own = ElementText(ReportScript());
    allowed += "; script-src" + HashSource(library) + HashSource(own);
    style = absl::StrCat(std::string(UplotStyleSheet()), "\n", style);
    scripts = absl::StrCat("<script>", library, "</script>\n<script>", own, "</script>\n");
  }
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"",
      allowed, "\"/>\n<title>", HtmlText(title), "</title>\n<style>\n", style,
      "</style>\n</head>\n<body>\n<main>\n", std::string(body), "</main>\n", scripts,
      "</body>\n</html>\n");
}

}  // namespace pgring
