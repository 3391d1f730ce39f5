// The picture of `pgring tune`, to be pasted into a report as it is: throughput and, below it, the
// 99th percentile of the latency over the number of operations in flight, on one logarithmic axis;
// the answer as a line with its figures, what does as well shaded, the fitted curve dashed. Title,
// axes with units, a legend; light or dark with the reader's preference; for screen readers a
// title and a description that say the same.
//
// Pure function; a limit below 1 is a bug and stops the program, nothing else can fail.
#ifndef PGRING_REPORT_KNEE_SVG_H_
#define PGRING_REPORT_KNEE_SVG_H_

#include <string>

#include "report/knee_picture.h"

namespace pgring {

// A complete SVG document in UTF-8. Client-limited points are hollow, a failed trial is a cross on
// the axis, and the legend says so; without any p99 there is no panel for it.
std::string KneeSvg(const KneePicture& picture);

}  // namespace pgring

#endif  // PGRING_REPORT_KNEE_SVG_H_
