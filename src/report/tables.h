// The tables of a report, as data. Pure functions of the result; nothing here can fail.
#ifndef PGRING_REPORT_TABLES_H_
#define PGRING_REPORT_TABLES_H_

#include <string>
#include <vector>

#include "report/table.h"
#include "run/comparison_result.h"
#include "run/summary.h"

namespace pgring {

// One row per run, the reasons of those that are not valid, and what the columns mean.
Table ResultTable(const ComparisonResult& result, const Summary& summary);

// With repeats: one row per scenario with the medians of its blocks, how fast it was against the
// first one, and in which word; which blocks do not count, and the noise floor where it is known.
Table RepeatTable(const ComparisonResult& result, const Summary& summary);

// How many times as fast each scenario is as each other one, the faster one first, and in which
// word; empty where there is nothing to compare.
Table PairTable(const ComparisonResult& result, const Summary& summary);

// "1,064 (1,051-1,080)", without the interval where there are too few values for one.
std::string WithInterval(const MedianEstimate& estimate,
                         std::string (*text)(std::optional<double>));

// "2.40 (2.31-2.52)", without the interval where there is none.
std::string RatioText(const RatioEstimate& ratio);

// Where an operation's time went: waiting for the limiter, waiting for a connection, at work.
Table TimeSplitTable(const ComparisonResult& result);

// What the connections and the machines cost, one row per run.
Table CostTable(const ComparisonResult& result);

// What the server's sessions did while they were at work, one row per run, and the indexes that
// would spare them scans; empty where the server was not sampled.
Table ServerTimeTable(const ComparisonResult& result);

// The indexes among them: "92 % of the tuples that were read came from ...".
std::vector<std::string> ServerFindings(const ComparisonResult& result);

// What each command of the scripts took; empty where that was not asked for.
Table CommandTable(const ComparisonResult& result);

}  // namespace pgring

#endif  // PGRING_REPORT_TABLES_H_
