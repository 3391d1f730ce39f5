// The report of `pgring tune` that people read: on the terminal and in report.txt. The answer
// first, then the picture, the trials, and the fresh runs that tested it.
//
// Pure; nothing here can fail. Every line ends with a newline.
#ifndef PGRING_REPORT_TUNE_REPORT_H_
#define PGRING_REPORT_TUNE_REPORT_H_

#include <string>
#include <vector>

#include "report/knee_picture.h"
#include "report/table.h"
#include "report/text_style.h"
#include "tune/tune_result.h"

namespace pgring {

// Which server, host, client, settings and workload; needs nothing to have been measured.
std::string TuneHeader(const TuneResult& result, const TextStyle& style);
std::string TuneBody(const TuneResult& result, const TextStyle& style);
std::string TuneReport(const TuneResult& result, const TextStyle& style);
// The whole report of a saved search, whose answer is known as sentences.
std::string TuneReport(const TuneResult& result, const std::vector<std::string>& answer,
                       const TextStyle& style);

// The parts of the body that other formats show in their own way: the trials, the runs that tested
// the answer, the rates; and the notes below them.
std::vector<Table> TuneTables(const TuneResult& result);
std::string TuneNotes(const TuneResult& result, const TextStyle& style);

// A comparison without runs that has its plan and environment, for what describes those.
ComparisonResult DescribedBy(const TuneResult& result);

// Of the last search.
KneePicture TunePicture(const TuneResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_TUNE_REPORT_H_
