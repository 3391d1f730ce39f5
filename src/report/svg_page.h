// What the SVGs of the reports share: the page and its margins, colours and their style sheet, text
// that is escaped and fits. Internal to them.
//
// Pure functions over plain data; nothing here can fail.
#ifndef PGRING_REPORT_SVG_PAGE_H_
#define PGRING_REPORT_SVG_PAGE_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgring {

// In user units (pixels at 100 %).
inline constexpr double kSvgPageWidth = 960;
inline constexpr double kSvgTextLeft = 28;
inline constexpr double kSvgRightMargin = 28;
inline constexpr double kSvgTitleBaseline = 40;
inline constexpr double kSvgNoteLine = 19;
inline constexpr double kSvgLegendRow = 22;
// How many characters of the notes' size fit the page.
inline constexpr int kSvgNoteCharacters = 128;
// SVG cannot measure text, so its width is that of the widest of the common fonts: a character of
// the text's usual size (bold included), and of the ticks' size.
inline constexpr double kSvgCharacterWidth = 8.2;
inline constexpr double kSvgTickCharacterWidth = 7.6;

// Okabe and Ito's palette, safe for the colour-blind.
inline constexpr size_t kSvgColorCount = 6;
inline constexpr std::array<std::string_view, kSvgColorCount> kSvgLightColors = {
    "#0072b2", "#d55e00", "#009e73", "#b0579a", "#a87400", "#000000"};
inline constexpr std::array<std::string_view, kSvgColorCount> kSvgDarkColors = {
    "#56b4e9", "#ff9248", "#2fd0a0", "#e79ac6", "#f0e442", "#ffffff"};

// The dashes of a series' line, as SVG takes them. Beyond the palette, colours come again with
// other dashes.
std::string_view SvgDashes(size_t series);

// With one decimal: a tenth of a unit is finer than any screen shows.
std::string SvgNumber(double value);

// Escapes `text` for element content and attributes; what XML cannot hold is replaced.
std::string XmlText(std::string_view text);

// At most `characters` columns of it, in printable Unicode; ends with "…" where it was longer.
std::string ShortenedText(std::string_view text, int characters);

// `text` broken into lines that fit the page in the notes' size.
std::vector<std::string> SvgNoteLines(const std::string& text);
// The lines below each other, from the left margin.
std::string SvgNotes(const std::vector<std::string>& lines, double first_baseline);

// The opening tag with the accessible title and description (neither of them escaped yet), whose
// ids begin with `id_prefix`: two pictures within one HTML page need different ones.
std::string SvgStart(double height, std::string_view id_prefix, std::string_view title,
                     std::string_view description);

// The style sheet of the page and its text, followed by the given rules, those of a dark page where
// the reader prefers one.
std::string SvgStyleSheet(std::string_view light_rules, std::string_view dark_rules);

// The page's ground and the title on it.
std::string SvgPageTitle(std::string_view title);

}  // namespace pgring

#endif  // PGRING_REPORT_SVG_PAGE_H_
