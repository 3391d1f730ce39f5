// Connections over time as a picture that can go into a report as it stands: title, what was
// measured, axes with units, a legend with the figures; light or dark with the reader's preference;
// runs told apart by colour (Okabe and Ito's palette, safe for the colour-blind) and by dashes.
//
// Main panel: connections in use. Below it, where any operation waited for one: operations waiting;
// where operations share connections: how many are in flight on one, and in the legend for how long
// they were queued behind others.
// Pure function; nothing here can fail.
#ifndef PGRING_REPORT_CONNECTIONS_SVG_H_
#define PGRING_REPORT_CONNECTIONS_SVG_H_

#include <cstddef>
#include <string>

#include "run/comparison_result.h"

namespace pgring {

// The file stays below this size for up to kMaxSvgRuns runs, however long they took: more runs are
// drawn more coarsely.
inline constexpr size_t kMaxSvgBytes = 200'000;
inline constexpr size_t kMaxSvgRuns = 100;

// A complete SVG document in UTF-8. A run of few steps is drawn exactly; a dense one as its mean
// per column with a band from the lowest to the highest value, and the caption says so.
std::string ConnectionsSvg(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_CONNECTIONS_SVG_H_
