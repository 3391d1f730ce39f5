// Connections in use over time, all runs on one pair of axes, in characters. Runs are told apart by
// a letter on their line, with or without colour.
//
// Each column shows the time-weighted mean of its span as a line and, where it is higher, the peak
// as dots: thousands of changes per column neither blur the picture nor hide a peak. Pure; nothing
// here can fail.
#ifndef PGRING_REPORT_TERMINAL_GRAPH_H_
#define PGRING_REPORT_TERMINAL_GRAPH_H_

#include <string>

#include "report/text_style.h"
#include "run/comparison_result.h"

namespace pgring {

// Braille lines with letters on them when the style allows Unicode, else letters alone (capital:
// the line, small: the peak). Title, axes with units, caption and a legend with time, peak and mean
// of every run; says so when there is nothing to draw.
std::string ConnectionsGraph(const ComparisonResult& result, const TextStyle& style);

}  // namespace pgring

#endif  // PGRING_REPORT_TERMINAL_GRAPH_H_
