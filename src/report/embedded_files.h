// Files that report.html carries, as they were when pgring was built: its own style sheet and
// script, and uPlot (subprojects/uplot), which draws the charts where scripts run. Made by
// tools/lib/embed_files.py.
#ifndef PGRING_REPORT_EMBEDDED_FILES_H_
#define PGRING_REPORT_EMBEDDED_FILES_H_

#include <string_view>

namespace pgring {

std::string_view ReportStyleSheet();
std::string_view ReportScript();
std::string_view UplotStyleSheet();
std::string_view UplotScript();
// The terms under which uPlot may be passed on.
std::string_view UplotLicense();

}  // namespace pgring

#endif  // PGRING_REPORT_EMBEDDED_FILES_H_
