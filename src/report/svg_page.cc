#include "report/svg_page.h"

#include <fmt/format.h>

#include "report/format.h"

namespace pgring {
namespace {

constexpr std::array<std::string_view, kSvgColorCount> kDashes = {
    "none", "9 3", "3 2.5", "11 3 3 3", "6 2.5 2 2.5 2 2.5", "16 4"};

}  // namespace

std::string_view SvgDashes(size_t series) {
  return kDashes[(series + series / kSvgColorCount) % kDashes.size()];
}

std::string SvgNumber(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string XmlText(std::string_view text) {
  std::string out;
  for (const char character : PrintableText(text, true)) {
    switch (character) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += character;
    }
  }
  return out;
}

std::string ShortenedText(std::string_view text, int characters) {
  std::string out = PrintableText(text, true);
  if (DisplayWidth(out) <= static_cast<size_t>(characters)) return out;
  while (DisplayWidth(out) >= static_cast<size_t>(characters)) {
    // A whole code point at a time.
    while ((static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
    out.pop_back();
  }
  return out + "…";
}

std::vector<std::string> SvgNoteLines(const std::string& text) {
  std::vector<std::string> lines;
  std::string wrapped = WrapText(PrintableText(text, true), kSvgNoteCharacters, 0);
  for (size_t start = 0; start < wrapped.size();) {
    const size_t end = wrapped.find('\n', start);
    lines.push_back(ShortenedText(wrapped.substr(start, end - start), kSvgNoteCharacters));
    start = end + 1;
  }
  return lines;
}

std::string SvgNotes(const std::vector<std::string>& lines, double first_baseline) {
  std::string out;
  double baseline = first_baseline;
  for (const std::string& line : lines) {
    out += fmt::format("<text class=\"note\" x=\"{}\" y=\"{}\">{}</text>\n", kSvgTextLeft, baseline,
                       XmlText(line));
    baseline += kSvgNoteLine;
  }
  return out;
}

std::string SvgStart(double height, std::string_view id_prefix, std::string_view title,
                     std::string_view description) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
      "aria-labelledby=\"{0}title {0}desc\" "
      "width=\"{1}\" height=\"{2:.0f}\" viewBox=\"0 0 {1} {2:.0f}\">\n"
      "<title id=\"{0}title\">{3}</title>\n<desc id=\"{0}desc\">{4}</desc>\n",
      id_prefix, kSvgPageWidth, height, XmlText(title), XmlText(description));
}

std::string SvgStyleSheet(std::string_view light_rules, std::string_view dark_rules) {
  std::string out =
      "<style>\n"
      ".page{fill:#ffffff}\n"
      "text{font-family:sans-serif;font-size:13px;fill:#1f2328}\n"
      ".title{font-size:20px;font-weight:bold}\n"
      ".heading{font-weight:bold}\n"
      ".note,.tick{fill:#59636e}\n"
      ".tick{font-size:12px}\n"
      ".mark{font-weight:bold;fill:#b3261e}\n"
      ".grid{stroke:#e1e5ea;fill:none}\n"
      ".axis{stroke:#8b949e;fill:none}\n";
  out += light_rules;
  out +=
      "@media (prefers-color-scheme: dark){\n"
      ".page{fill:#14181d}\n"
      "text{fill:#e6edf3}\n"
      ".note,.tick{fill:#a3adb8}\n"
      ".mark{fill:#ff8f85}\n"
      ".grid{stroke:#2b323a}\n"
      ".axis{stroke:#7d8791}\n";
  out += dark_rules;
  return out + "}\n</style>\n";
}

std::string SvgPageTitle(std::string_view title) {
  return fmt::format(
      "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n"
      "<text class=\"title\" x=\"{}\" y=\"{}\">{}</text>\n",
      kSvgTextLeft, kSvgTitleBaseline, XmlText(title));
}

}  // namespace pgring
