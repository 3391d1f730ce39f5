#include "report/html_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_join.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

// Pictures bring their own colours, of the same names as the reader's preference. On paper there is
// no dark page, and what can be opened is open: ::details-content is what newer browsers hide.
constexpr std::string_view kStyleSheet = R"(
:root{color-scheme:light dark;--ground:#ffffff;--ink:#1f2328;--faint:#59636e;--rule:#d0d7de;
--alarm:#b3261e;--box:#f6f8fa}
@media (prefers-color-scheme:dark){:root{--ground:#14181d;--ink:#e6edf3;--faint:#a3adb8;
--rule:#39424c;--alarm:#ff8f85;--box:#1c2229}}
body{margin:0 auto;max-width:62rem;padding:1rem;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;line-height:1.3;margin:.5rem 0 1rem}
h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.35rem 0}
.answer{border-left:4px solid #0072b2;padding:.2rem 0 .2rem 1rem}
.answer p{white-space:pre-wrap}
.answer p:first-child{font-size:1.25rem;font-weight:600}
.alarm{color:var(--alarm);font-weight:600}
figure{margin:1.5rem 0}
svg{max-width:100%;height:auto}
.scroll{overflow-x:auto;margin:1rem 0 .3rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
caption{text-align:left;font-weight:600;padding-bottom:.4rem}
th,td{padding:.2rem .9rem .2rem 0;text-align:right;vertical-align:bottom;white-space:nowrap}
th{border-bottom:1px solid var(--rule);color:var(--faint);font-weight:500}
.left{text-align:left}
.remark{color:var(--faint);font-size:.85rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;font-size:.9rem}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--box);padding:.7rem;overflow-x:auto;font-size:.85rem;line-height:1.4}
summary{cursor:pointer;font-weight:600;margin:.8rem 0}
@media (max-width:34rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{:root{--ground:#fff;--ink:#000;--faint:#444;--rule:#999;--alarm:#900;--box:#fff}
body{max-width:none;font-size:11pt}.scroll{overflow:visible}th,td{white-space:normal}
pre{white-space:pre-wrap}figure,tr{break-inside:avoid}
details::details-content{content-visibility:visible;display:block}}
)";

std::string Cell(std::string_view tag, bool left, bool alarming, std::string_view text) {
  const std::string_view classes = left && alarming ? " class=\"left alarm\""
                                   : left           ? " class=\"left\""
                                   : alarming       ? " class=\"alarm\""
                                                    : "";
  return fmt::format("<{0}{1}>{2}</{0}>", tag, classes, HtmlText(text));
}

std::string Grid(const Table& table) {
  std::string out = "<div class=\"scroll\"><table>\n";
  if (!table.title.empty()) out += "<caption>" + HtmlText(table.title) + "</caption>";
  out += "<thead><tr>";
  for (const TableColumn& column : table.columns) {
    out += Cell("th", column.left, false, absl::StrJoin(column.heading, " "));
  }
  out += "</tr></thead>\n<tbody>\n";
  for (size_t row = 0; row < table.rows(); ++row) {
    out += "<tr>";
    for (const TableColumn& column : table.columns) {
      out += Cell("td", column.left, table.is_alarming(row), column.cell(row));
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
  std::string out = table.columns.empty() ? "" : Grid(table);
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
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/>\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}"
      "</main>\n</body>\n</html>\n",
      HtmlText(title), kStyleSheet, body);
}

}  // namespace pgring
