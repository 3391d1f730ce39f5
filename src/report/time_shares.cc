#include "report/time_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "report/format.h"
#include "report/html_chart.h"
#include "report/html_page.h"
#include "report/run_table.h"
#include "report/server_cause.h"
#include "report/svg_page.h"

namespace pgring {
namespace {

// A part of one sample among thousands may come to less; DurationText would make it 0.000 us.
constexpr double kLeastShownNs = 1;

// Of one run, ns per operation.
struct RunTime {
  double admission = 0;
  double pool = 0;
  double queued = 0;   // behind others on a shared connection
  double service = 0;  // the rest of it
  // Of the service, as far as the server's sessions were seen to do something.
  std::map<WaitClass, double> classes;
  double elsewhere = 0;
  bool is_sampled = false;

  double whole() const { return admission + pool + queued + service; }
};

std::optional<RunTime> TimeOf(const ComparisonResult& result, const Run& run) {
  const OperationSummary& total = run.total();
  if (total.part(LatencyPart::kService).count() == 0) return std::nullopt;
  RunTime time;
  time.admission = total.part(LatencyPart::kAdmissionWait).Mean();
  time.pool = total.part(LatencyPart::kPoolWait).Mean();
  if (run.scenario.type->shares_connections) {
    time.queued = total.part(LatencyPart::kQueued).Mean();
  }
  time.service = std::max(0.0, total.part(LatencyPart::kService).Mean() - time.queued);
  const std::optional<Cause> cause = CauseOf(result, run);
  const double in_use = run.timeline.Mean(ConnectionGauge::kInUse);
  if (!cause.has_value() || cause->shares.empty() || in_use <= 0) return time;
  time.is_sampled = true;
  // Of the connections that had an operation so many had a session at work.
  const double seen = std::min(1.0, (cause->active + cause->idle_in_transaction) / in_use);
  for (const ClassShare& share : cause->shares) {
    time.classes[share.wait_class] = time.service * seen * share.share;
  }
  time.elsewhere = time.service * (1 - seen);
  return time;
}

// Whose share matters to any run, in the order of the enumeration.
std::vector<WaitClass> ClassesToShow(const std::vector<std::optional<RunTime>>& times) {
  constexpr size_t kMostClasses = 6;
  std::map<WaitClass, double> most;
  for (const std::optional<RunTime>& time : times) {
    if (!time.has_value() || time->whole() <= 0) continue;
    for (const auto& [wait_class, ns] : time->classes) {
      most[wait_class] = std::max(most[wait_class], ns / time->whole());
    }
  }
  std::vector<std::pair<double, WaitClass>> sorted;
  for (const auto& [wait_class, share] : most) {
    if (share >= kLeastShareOfTime) sorted.emplace_back(share, wait_class);
  }
  std::sort(sorted.rbegin(), sorted.rend());
  if (sorted.size() > kMostClasses) sorted.resize(kMostClasses);
  std::vector<WaitClass> shown;
  for (const auto& [share, wait_class] : sorted) shown.push_back(wait_class);
  std::sort(shown.begin(), shown.end());
  return shown;
}

std::vector<double> PartsOf(const RunTime& time, const std::vector<WaitClass>& classes,
                            bool any_sampled) {
  std::vector<double> parts = {time.admission, time.pool, time.queued};
  if (!any_sampled) {
    parts.push_back(time.service);
    return parts;
  }
  double others = time.is_sampled ? time.service - time.elsewhere : 0;
  for (const WaitClass wait_class : classes) {
    const auto found = time.classes.find(wait_class);
    parts.push_back(found == time.classes.end() ? 0 : found->second);
    others -= parts.back();
  }
  parts.push_back(std::max(0.0, others));
  parts.push_back(time.elsewhere);
  parts.push_back(time.is_sampled ? 0 : time.service);
  return parts;
}

void DropEmptyParts(TimeShares* shares) {
  for (size_t part = shares->parts.size(); part-- > 0;) {
    const bool is_empty =
        std::all_of(shares->mean_ns.begin(), shares->mean_ns.end(),
                    [part](const auto& run) { return run.empty() || run[part] <= 0; });
    if (!is_empty) continue;
    shares->parts.erase(shares->parts.begin() + static_cast<int64_t>(part));
    for (std::vector<double>& run : shares->mean_ns) {
      if (!run.empty()) run.erase(run.begin() + static_cast<int64_t>(part));
    }
  }
}

// As a heading of several lines.
std::vector<std::string> HeadingOfPart(const std::string& part) {
  constexpr int kColumns = 14;
  std::vector<std::string> lines = absl::StrSplit(WrapText(part, kColumns, 0), '\n');
  lines.pop_back();
  return lines;
}

double SumOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

std::string Bar(const TimeShares& shares, const std::vector<double>& run) {
  constexpr int kBarHeight = 22;
  constexpr double kWideEnoughForText = 0.09;
  std::string out = fmt::format("<svg height=\"{}\" role=\"presentation\">", kBarHeight);
  const double sum = SumOf(run);
  double begin = 0;
  for (size_t part = 0; part < run.size() && sum > 0; ++part) {
    const double share = run[part] / sum;
    if (share <= 0) continue;
    out += fmt::format(
        "<rect class=\"part p{}\" x=\"{}%\" width=\"{}%\" height=\"{}\"><title>{}: {} ({:.0f} %)"
        "</title></rect>",
        part, SvgNumber(begin * kPercent), SvgNumber(share * kPercent), kBarHeight,
        HtmlText(shares.parts[part]), DurationText(run[part]), share * kPercent);
    if (share >= kWideEnoughForText) {
      out += fmt::format("<text class=\"on p{}\" x=\"{}%\" y=\"15\">{:.0f} %</text>", part,
                         SvgNumber((begin + share / 2) * kPercent), share * kPercent);
    }
    begin += share;
  }
  return out + "</svg>";
}

Table SharesTable(const ComparisonResult& result, const TimeShares& shares) {
  Table table;
  TableColumn scenario = {{"scenario"}, {}, true, 0};
  TableColumn whole = {{"mean", "in all"}, {}, false, 0};
  std::vector<TableColumn> columns;
  for (const std::string& part : shares.parts)
    columns.push_back({HeadingOfPart(part), {}, false, 0});
  for (size_t place = 0; place < result.runs.size(); ++place) {
    const std::vector<double>& run = shares.mean_ns[place];
    if (run.empty()) continue;
    scenario.cells.push_back(RunLabel(result.runs[place]));
    whole.cells.push_back(DurationText(SumOf(run)));
    for (size_t part = 0; part < columns.size(); ++part) {
      columns[part].cells.push_back(run[part] >= kLeastShownNs ? DurationText(run[part]) : "0");
    }
  }
  table.columns = {std::move(scenario), std::move(whole)};
  for (TableColumn& column : columns) table.columns.push_back(std::move(column));
  table.notes.push_back({shares.is_sampled
                             ? "Means of successful operations. Service is split by what the "
                               "server's sessions were seen to do; in the client or the network: "
                               "the operation had a connection whose session was idle."
                             : "Means of successful operations; service: from having a connection "
                               "to the result.",
                         false});
  return table;
}

}  // namespace

TimeShares TimeSharesOf(const ComparisonResult& result) {
  std::vector<std::optional<RunTime>> times;
  TimeShares shares;
  for (const Run& run : result.runs) {
    times.push_back(TimeOf(result, run));
    shares.is_sampled |= times.back().has_value() && times.back()->is_sampled;
  }
  const std::vector<WaitClass> classes = ClassesToShow(times);
  shares.parts = {"waiting for the limiter", "waiting for a connection",
                  "queued behind others on a connection"};
  if (shares.is_sampled) {
    for (const WaitClass wait_class : classes) {
      shares.parts.push_back("server: " + std::string(WaitClassText(wait_class)));
    }
    shares.parts.insert(shares.parts.end(), {"server: other", "in the client or the network"});
  }
  shares.parts.emplace_back("service");
  for (const std::optional<RunTime>& time : times) {
    shares.mean_ns.push_back(time.has_value() ? PartsOf(*time, classes, shares.is_sampled)
                                              : std::vector<double>());
  }
  DropEmptyParts(&shares);
  return shares;
}

std::string HtmlTimeShares(const ComparisonResult& result) {
  const TimeShares shares = TimeSharesOf(result);
  if (shares.parts.empty()) return "";
  std::string out =
      "<figure>\n<figcaption>Mean time of an operation</figcaption>\n<div "
      "class=\"rows\">\n";
  for (size_t place = 0; place < result.runs.size(); ++place) {
    const std::vector<double>& run = shares.mean_ns[place];
    if (run.empty()) continue;
    absl::StrAppend(&out, "<span class=\"label\">", HtmlText(RunLabel(result.runs[place])),
                    "</span>", Bar(shares, run), "<span class=\"value\">", DurationText(SumOf(run)),
                    "</span>\n");
  }
  out += "</div>\n<ul class=\"legend\">\n";
  for (size_t part = 0; part < shares.parts.size(); ++part) {
    absl::StrAppend(&out, "<li><svg class=\"swatch\" viewBox=\"0 0 30 10\" aria-hidden=\"true\">",
                    "<rect class=\"part p", part, "\" width=\"30\" height=\"10\"/></svg><span>",
                    HtmlText(shares.parts[part]), "</span></li>\n");
  }
  out += "</ul>\n</figure>\n";
  return out + RenderHtml(SharesTable(result, shares));
}

}  // namespace pgring
