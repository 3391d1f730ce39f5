#include "report/percentile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "pgring/base/clock.h"
#include "report/format.h"

namespace pgring {
namespace {

// Lines for each half of what is left.
constexpr int kTicksPerHalf = 5;

double InMs(double ns) { return ns / kNanosecondsPerMillisecond; }

// The middle of each bucket stands for its values, as in HdrHistogram.
double StandardDeviation(const Histogram& histogram) {
  const double mean = histogram.Mean();
  double sum = 0;
  const std::vector<int64_t>& counts = histogram.counts();
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const int64_t lowest = histogram.ValueFromIndex(static_cast<int>(i));
    const int64_t width = histogram.HighestEquivalent(lowest) - lowest + 1;
    const int64_t middle = lowest + width / 2;
    const double distance = static_cast<double>(middle) - mean;
    sum += distance * distance * static_cast<double>(counts[i]);
  }
  return std::sqrt(sum / static_cast<double>(std::max<int64_t>(histogram.count(), 1)));
}

double NextLevel(double level) {
  const double halves = std::floor(std::log2(100 / (100 - level))) + 1;
  return level + 100 / (kTicksPerHalf * std::pow(2, halves));
}

std::string Lines(const Histogram& histogram) {
  std::string out;
  const std::vector<int64_t>& counts = histogram.counts();
  const auto in_buckets = static_cast<double>(histogram.count() - histogram.overflow_count());
  int64_t so_far = 0;
  double level = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    so_far += counts[i];
    const double reached = 100 * static_cast<double>(so_far) / in_buckets;
    const auto value = static_cast<double>(
        histogram.HighestEquivalent(histogram.ValueFromIndex(static_cast<int>(i))));
    const bool is_last = static_cast<double>(so_far) >= in_buckets;
    if (reached < level) continue;
    // Of the last value one step, for every further one would say the same; then 100 %.
    do {
      out += fmt::format("{:12.3f} {:2.12f} {:10} {:14.2f}\n", InMs(value), level / 100, so_far,
                         1 / (1 - level / 100));
      level = NextLevel(level);
    } while (!is_last && reached >= level);
    if (is_last) {
      out += fmt::format("{:12.3f} {:2.12f} {:10}\n", InMs(value), 1.0, so_far);
      break;
    }
  }
  return out;
}

}  // namespace

std::string HistogramText(const Histogram& histogram) {
  std::string out = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile",
                                "TotalCount", "1/(1-Percentile)");
  if (histogram.count() > histogram.overflow_count()) out += Lines(histogram);
  constexpr int kSubBuckets = 2048;
  out += fmt::format("#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", InMs(histogram.Mean()),
                     InMs(StandardDeviation(histogram)));
  out += fmt::format("#[Max     = {:12.3f}, Total count    = {:12}]\n",
                     InMs(static_cast<double>(histogram.Max())), histogram.count());
  out += fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", histogram.bucket_count(),
                     kSubBuckets);
  return out;
}

std::optional<Histogram> WholeTimesOf(const ComparisonResult& result, const Run& run) {
  std::vector<const Run*> runs = result.CountedRuns(run.scenario.label);
  if (runs.empty()) runs.push_back(&run);
  Histogram all;
  for (const Run* const one : runs) {
    if (!one->recorder.keeps_distributions()) return std::nullopt;
    all.Add(one->total().part(LatencyPart::kResponse));
  }
  return all.count() == 0 ? std::nullopt : std::optional<Histogram>(std::move(all));
}

std::string PercentileTexts(const ComparisonResult& result) {
  std::string out;
  for (const Run& run : result.runs) {
    const std::optional<Histogram> histogram = WholeTimesOf(result, run);
    if (!histogram.has_value() || !run.comparable()) continue;
    if (!out.empty()) out += "\n";
    out += fmt::format("#[{}, ms]\n{}", PrintableText(RunLabel(run), false),
                       HistogramText(*histogram));
  }
  return out;
}

}  // namespace pgring
