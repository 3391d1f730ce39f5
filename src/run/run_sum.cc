#include "run/run_sum.h"

#include <algorithm>
#include <utility>

namespace pgring {
namespace {

// One that adds nothing.
ConnectionTimeline EmptyTimeline() {
  ConnectionTimeline timeline;
  timeline.Start(0, 0);
  timeline.Finish(0);
  return timeline;
}

}  // namespace

void RunSum::Add(Run part) {
  AddTimeline(std::exchange(part.timeline, EmptyTimeline()));
  if (!sum_.has_value()) {
    sum_ = std::move(part);
    return;
  }
  sum_->Add(part);
  if (part.verification.has_value()) sum_->verification = std::move(part.verification);
  if (sum_->not_verified.empty()) sum_->not_verified = std::move(part.not_verified);
  if (!sum_->server.has_value()) sum_->server = part.server;
  for (std::string& remark : part.remarks) {
    const auto known = std::find(sum_->remarks.begin(), sum_->remarks.end(), remark);
    if (known == sum_->remarks.end()) sum_->remarks.push_back(std::move(remark));
  }
}

void RunSum::AddTimeline(ConnectionTimeline timeline) {
  size_t place = 0;
  for (; place < timelines_.size() && timelines_[place].has_value(); ++place) {
    timeline.Add(*timelines_[place]);
    timelines_[place].reset();
    if (timeline.steps().size() > max_steps_) timeline.Compact(max_steps_);
  }
  if (place == timelines_.size()) timelines_.emplace_back();
  timelines_[place] = std::move(timeline);
}

Run RunSum::Take() {
  std::optional<ConnectionTimeline> whole;
  for (std::optional<ConnectionTimeline>& timeline : timelines_) {
    if (!timeline.has_value()) continue;
    if (whole.has_value()) timeline->Add(*whole);
    whole = std::move(timeline);
  }
  if (whole->steps().size() > max_steps_) whole->Compact(max_steps_);
  sum_->timeline = *std::move(whole);
  std::sort(sum_->workers.begin(), sum_->workers.end(),
            [](const WorkerPart& left, const WorkerPart& right) { return left.rank < right.rank; });
  return *std::move(sum_);
}

}  // namespace pgring
