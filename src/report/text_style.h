// How a report for a terminal or a text file may look.
#ifndef PGRING_REPORT_TEXT_STYLE_H_
#define PGRING_REPORT_TEXT_STYLE_H_

#include <algorithm>

namespace pgring {

struct TextStyle {
  bool color = false;
  bool unicode = true;
  int width_columns = 100;
};

// Narrower than this nothing is readable; wider than this no eye follows a line.
inline constexpr int kMinReportColumns = 40;
inline constexpr int kMaxReportColumns = 200;

inline int ReportColumns(const TextStyle& style) {
  return std::clamp(style.width_columns, kMinReportColumns, kMaxReportColumns);
}

}  // namespace pgring

#endif  // PGRING_REPORT_TEXT_STYLE_H_
