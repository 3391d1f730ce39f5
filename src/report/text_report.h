// The report that people read: on the terminal and in report.txt. It explains itself: every column
// has its unit, every figure that needs it a line that says what it is, and a run that is not valid
// says so in its own row and again below with the reasons.
//
// Pure functions of the result; nothing here can fail. Every line ends with a newline, none with
// spaces. ANSI colours only when the style asks for them.
#ifndef PGRING_REPORT_TEXT_REPORT_H_
#define PGRING_REPORT_TEXT_REPORT_H_

#include <string>
#include <vector>

#include "report/terminal_graph.h"
#include "report/text_style.h"
#include "run/comparison_result.h"

namespace pgring {

struct HeaderEntry {
  std::string name;  // "server"
  std::string text;  // of foreign origin as it is; may be empty
};

// Which server, host, client, settings and workload. Needs no run: it can be printed before the
// first one starts, and then simply does not name the ring's set-up.
std::vector<HeaderEntry> HeaderEntries(const ComparisonResult& result);
std::string ReportHeader(const ComparisonResult& result, const TextStyle& style);

// Skipped operations, verification and warnings (failures are among those); a warning that all runs
// share is printed once. Empty when there is nothing to say.
std::string RunNotes(const ComparisonResult& result, const TextStyle& style);

// What follows the header: the answer in short, the tables, the graph of connections over time, and
// the notes.
std::string ReportBody(const ComparisonResult& result, const TextStyle& style);

// The answer in short and one table: medians where there are repeats, else the runs. Warnings stay.
std::string BriefReport(const ComparisonResult& result, const TextStyle& style);

std::string TextReport(const ComparisonResult& result, const TextStyle& style);

}  // namespace pgring

#endif  // PGRING_REPORT_TEXT_REPORT_H_
