#include "report/latency_log.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "pgring/base/clock.h"
#include "pgring/metrics/histogram_encoding.h"
#include "report/format.h"

namespace pgring {
namespace {

// Readers split lines at blanks and commas.
std::string TagText(std::string_view text) {
  std::string tag = PrintableText(text, /*unicode=*/false);
  std::replace_if(
      tag.begin(), tag.end(), [](char character) { return character == ' ' || character == ','; },
      '_');
  return tag;
}

// Of "2026-11-28T10:16:48Z"; 0 where it is not known.
int64_t EpochSeconds(const std::string& started_at) {
  tm time = {};
  const char* const end = strptime(started_at.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time);
  return end == nullptr ? 0 : timegm(&time);
}

void AddLine(const Run& run, const std::string& tag, const Histogram& histogram, int64_t first_ns,
             std::string* out) {
  if (histogram.count() == 0) return;
  constexpr auto kPerS = static_cast<double>(kNanosecondsPerSecond);
  *out += fmt::format("Tag={},{:.3f},{:.3f},{:.3f},{}\n", tag,
                      static_cast<double>(run.started_ns - first_ns) / kPerS, run.duration_s(),
                      static_cast<double>(histogram.Max()) / kNanosecondsPerMillisecond,
                      EncodeHistogram(histogram));
}

void AddRun(const Run& run, int64_t first_ns, std::string* out) {
  const std::string tag = TagText(RunLabel(run));
  AddLine(run, tag, run.total().part(LatencyPart::kResponse), first_ns, out);
  if (run.kinds.size() < 2) return;
  for (size_t kind = 0; kind < run.kinds.size(); ++kind) {
    AddLine(run, fmt::format("{}.{}", tag, TagText(run.kinds[kind])),
            run.recorder.kind(kind).part(LatencyPart::kResponse), first_ns, out);
  }
}

}  // namespace

std::string LatencyLog(const ComparisonResult& result) {
  std::vector<const Run*> runs;
  for (const Block& block : result.blocks) {
    for (const Run& run : block.runs) runs.push_back(&run);
  }
  if (!result.has_repeats()) {
    runs.clear();
    for (const Run& run : result.runs) runs.push_back(&run);
  }
  runs.erase(std::remove_if(runs.begin(), runs.end(),
                            [](const Run* run) { return run->ended_ns <= run->started_ns; }),
             runs.end());
  std::sort(runs.begin(), runs.end(),
            [](const Run* left, const Run* right) { return left->started_ns < right->started_ns; });
  // Readers take times below a year for relative to StartTime.
  std::string out = fmt::format(
      "#[Logged by pgring {}]\n#[Histogram log format version 1.3]\n"
      "#[StartTime: {}.000 (seconds since epoch), {}]\n"
      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
      result.environment.build.version, EpochSeconds(result.environment.started_at),
      PrintableText(result.environment.started_at, false));
  for (const Run* run : runs) AddRun(*run, runs.front()->started_ns, &out);
  return out;
}

}  // namespace pgring
