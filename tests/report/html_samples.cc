// Writes pages of report.html into a directory, for html_browser_test.py: made-up comparisons and a
// search, and one whose every foreign text tries to break out. And result.json and latency.hlog of
// one, for latency_log_java_test.py.
#include <cstdio>
#include <fstream>
#include <string>

#include "report/comparison_html.h"
#include "report/json_report.h"
#include "report/latency_log.h"
#include "report/tune_html.h"
#include "sample_result.h"
#include "sample_tune.h"

namespace {

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::fputs("usage: html_samples DIRECTORY\n", stderr);
    return 2;
  }
  const std::string directory = std::string(arguments[1]) + "/";
  pgring::ComparisonResult hostile = pgring::SampleComparison();
  pgring::MakeHostile(&hostile);
  const bool written =
      Write(directory + "compare.html", pgring::ComparisonHtml(pgring::SampleComparison())) &&
      Write(directory + "repeats.html", pgring::ComparisonHtml(pgring::SampleRepeats())) &&
      Write(directory + "hostile.html", pgring::ComparisonHtml(hostile)) &&
      Write(directory + "tune.html", pgring::TuneHtml(pgring::SampleTune())) &&
      Write(directory + "result.json", pgring::JsonReport(pgring::SampleComparison())) &&
      Write(directory + "latency.hlog", pgring::LatencyLog(pgring::SampleComparison()));
  return written ? 0 : 1;
}
