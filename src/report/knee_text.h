// The picture of `pgring tune` for the terminal: the answer, then throughput and, beside it, the
// 99th percentile of the latency over the operations in flight, on logarithmic axes, in 16 lines
// where title and legend fit one each; a narrow terminal has one panel below the other. Readable
// without colour: the answer and what does as well are marked on the axis too.
//
// Pure function; a limit below 1 is a bug and stops the program, nothing else can fail.
#ifndef PGRING_REPORT_KNEE_TEXT_H_
#define PGRING_REPORT_KNEE_TEXT_H_

#include <string>

#include "report/knee_picture.h"
#include "report/text_style.h"

namespace pgring {

// Braille lines and round marks when the style allows Unicode, else ASCII. Says so when there is
// nothing to draw. Ends with a newline.
std::string KneeText(const KneePicture& picture, const TextStyle& style);

}  // namespace pgring

#endif  // PGRING_REPORT_KNEE_TEXT_H_
