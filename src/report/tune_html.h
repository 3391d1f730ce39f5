// report.html of `pgring tune`: the answer, the picture, the tables behind both, and what is needed
// to do it again; one file that opens without a network, see html_page.h.
//
// Pure; nothing here can fail.
#ifndef PGRING_REPORT_TUNE_HTML_H_
#define PGRING_REPORT_TUNE_HTML_H_

#include <string>
#include <vector>

#include "tune/tune_result.h"

namespace pgring {

std::string TuneHtml(const TuneResult& result);
// Of a saved search, whose answer is known as sentences.
std::string TuneHtml(const TuneResult& result, const std::vector<std::string>& answer);

}  // namespace pgring

#endif  // PGRING_REPORT_TUNE_HTML_H_
