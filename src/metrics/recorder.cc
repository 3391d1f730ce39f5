#include "pgring/metrics/recorder.h"

#include <algorithm>
#include <utility>

#include "pgring/base/archive.h"
#include "pgring/base/check.h"

namespace pgring {

std::string_view LatencyPartName(LatencyPart part) {
  switch (part) {
    case LatencyPart::kResponse:
      return "response";
    case LatencyPart::kAdmissionWait:
      return "admission_wait";
    case LatencyPart::kPoolWait:
      return "pool_wait";
    case LatencyPart::kService:
      return "service";
    case LatencyPart::kQueued:
      return "queued";
  }
  PGRING_CHECK(false, "a latency part without a name");
}

void OperationSummary::Add(const OperationSummary& other) {
  scheduled += other.scheduled;
  succeeded += other.succeeded;
  failed += other.failed;
  skipped += other.skipped;
  for (const auto& [code, count] : other.failures) failures[code] += count;
  for (size_t part = 0; part < kLatencyPartCount; ++part) latency[part].Add(other.latency[part]);
}

Recorder::Recorder(size_t kind_count) : kinds_(kind_count), unwaited_(kind_count) {}

Recorder Recorder::Restored(std::vector<OperationSummary> kinds, OperationSummary total,
                            SecondSeries seconds, bool keeps_distributions,
                            SecondSeries queued_seconds) {
  Recorder recorder(kinds.size());
  recorder.kinds_ = std::move(kinds);
  recorder.succeeded_ = total.succeeded;
  recorder.failed_ = total.failed;
  recorder.total_ = std::make_shared<OperationSummary>(std::move(total));
  recorder.total_is_current_ = true;
  recorder.seconds_ = std::move(seconds);
  recorder.queued_seconds_ = std::move(queued_seconds);
  recorder.keeps_distributions_ = keeps_distributions;
  return recorder;
}

OperationSummary& Recorder::KindOf(size_t kind) {
  PGRING_CHECK(kind < kinds_.size(), "an operation of an unknown kind");
  total_is_current_ = false;
  return kinds_[kind];
}

void Recorder::Scheduled(size_t kind, int64_t now_ns) {
  ++KindOf(kind).scheduled;
  ChangeInSystem(now_ns, 1);
}

void Recorder::Succeeded(size_t kind, const OperationStamps& stamps) {
  OperationSummary& summary = KindOf(kind);
  ++summary.succeeded;
  ++succeeded_;
  PGRING_CHECK(stamps.scheduled_ns <= stamps.admitted_ns &&
                   stamps.admitted_ns <= stamps.leased_ns && stamps.leased_ns <= stamps.finished_ns,
               "an operation's stamps are out of order");
  if (pending_count_ == kMaxPending) RecordPending();
  pending_[pending_count_++] = {kind, stamps};
  Leave(stamps.scheduled_ns, stamps.finished_ns);
}

void Recorder::RecordPending() const {
  for (size_t i = 0; i < pending_count_; ++i) {
    const OperationStamps& stamps = pending_[i].stamps;
    std::array<Histogram, kLatencyPartCount>& latency = kinds_[pending_[i].kind].latency;
    Unwaited& unwaited = unwaited_[pending_[i].kind];
    const auto record = [&latency](LatencyPart part, int64_t from_ns, int64_t to_ns) {
      latency[static_cast<size_t>(part)].Record(to_ns - from_ns);
    };
    record(LatencyPart::kResponse, stamps.scheduled_ns, stamps.finished_ns);
    if (stamps.admitted_ns == stamps.scheduled_ns) {
      ++unwaited.admission;
    } else {
      record(LatencyPart::kAdmissionWait, stamps.scheduled_ns, stamps.admitted_ns);
    }
    if (stamps.leased_ns == stamps.admitted_ns) {
      ++unwaited.pool;
    } else {
      record(LatencyPart::kPoolWait, stamps.admitted_ns, stamps.leased_ns);
    }
    record(LatencyPart::kService, stamps.leased_ns, stamps.finished_ns);
    if (stamps.queued_ns == 0) {
      ++unwaited.queued;
    } else {
      record(LatencyPart::kQueued, 0, stamps.queued_ns);
    }
    seconds_.Record(stamps.finished_ns, stamps.finished_ns - stamps.scheduled_ns);
    queued_seconds_.Record(stamps.finished_ns, stamps.queued_ns);
  }
  pending_count_ = 0;
  for (size_t kind = 0; kind < kinds_.size(); ++kind) {
    const Unwaited unwaited = std::exchange(unwaited_[kind], Unwaited());
    std::array<Histogram, kLatencyPartCount>& latency = kinds_[kind].latency;
    latency[static_cast<size_t>(LatencyPart::kAdmissionWait)].RecordZeros(unwaited.admission);
    latency[static_cast<size_t>(LatencyPart::kPoolWait)].RecordZeros(unwaited.pool);
    latency[static_cast<size_t>(LatencyPart::kQueued)].RecordZeros(unwaited.queued);
  }
}

void Recorder::Failed(size_t kind, const OperationStamps& stamps, std::string_view code) {
  OperationSummary& summary = KindOf(kind);
  ++summary.failed;
  ++failed_;
  ++summary.failures[std::string(code)];
  Leave(stamps.scheduled_ns, stamps.finished_ns);
}

void Recorder::Skipped(size_t kind, int64_t scheduled_ns, int64_t now_ns) {
  ++KindOf(kind).skipped;
  Leave(scheduled_ns, now_ns);
}

const OperationSummary& Recorder::Total() const {
  if (!total_is_current_) {
    RecordPending();
    total_ = std::make_shared<OperationSummary>();
    for (const OperationSummary& summary : kinds_) total_->Add(summary);
    total_is_current_ = true;
  }
  return *total_;
}

void Recorder::Add(const Recorder& other) {
  PGRING_CHECK(kinds_.size() == other.kinds_.size(),
               "only recorders of the same kinds of operation can be added");
  RecordPending();
  other.RecordPending();
  total_is_current_ = false;
  for (size_t kind = 0; kind < kinds_.size(); ++kind) kinds_[kind].Add(other.kinds_[kind]);
  seconds_.Add(other.seconds_);
  queued_seconds_.Add(other.queued_seconds_);
  succeeded_ += other.succeeded_;
  failed_ += other.failed_;
  sum_time_in_system_ns_ += other.sum_time_in_system_ns_;
  // Both areas up to one moment, after which the counts can go on as one.
  const int64_t since_ns = std::max(in_system_since_ns_, other.in_system_since_ns_);
  in_system_area_ = InSystemAreaUntil(since_ns) + other.InSystemAreaUntil(since_ns);
  in_system_since_ns_ = since_ns;
  in_system_ += other.in_system_;
}

void Recorder::Shift(int64_t by_ns) {
  RecordPending();
  seconds_.Shift(by_ns);
  queued_seconds_.Shift(by_ns);
  in_system_since_ns_ += by_ns;
}

void Archived(Archive* archive, OperationSummary* summary) {
  archive->Fields(&summary->scheduled, &summary->succeeded, &summary->failed, &summary->skipped,
                  &summary->failures, &summary->latency);
}

void Archived(Archive* archive, Recorder* recorder) {
  if (!archive->reads()) recorder->RecordPending();
  archive->Fields(&recorder->kinds_, &recorder->seconds_, &recorder->queued_seconds_,
                  &recorder->succeeded_, &recorder->failed_, &recorder->in_system_,
                  &recorder->in_system_since_ns_, &recorder->in_system_area_,
                  &recorder->sum_time_in_system_ns_);
  if (!archive->reads()) return;
  recorder->unwaited_.assign(recorder->kinds_.size(), {});
  recorder->pending_count_ = 0;
  recorder->total_is_current_ = false;
}

double Recorder::MeanInSystem(int64_t start_ns, int64_t end_ns) const {
  if (end_ns <= start_ns) return 0;
  return static_cast<double>(InSystemAreaUntil(end_ns)) / static_cast<double>(end_ns - start_ns);
}

absl::int128 Recorder::InSystemAreaUntil(int64_t end_ns) const {
  return in_system_area_ + absl::int128(in_system_) * (end_ns - in_system_since_ns_);
}

void Recorder::ChangeInSystem(int64_t now_ns, int delta) {
  // Threads stamp before they take the runner's mutex, so a stamp may lie a little before the last
  // one. The signed difference keeps the area exact in any order; clamping it would not.
  in_system_area_ = InSystemAreaUntil(now_ns);
  in_system_since_ns_ = now_ns;
  in_system_ += delta;
  PGRING_CHECK(in_system_ >= 0, "more operations ended than were scheduled");
}

void Recorder::Leave(int64_t scheduled_ns, int64_t ended_ns) {
  ChangeInSystem(ended_ns, -1);
  sum_time_in_system_ns_ += ended_ns - scheduled_ns;
}

}  // namespace pgring
