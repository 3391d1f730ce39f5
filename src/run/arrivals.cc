#include "run/arrivals.h"

#include <cmath>

#include "pgring/base/check.h"
#include "pgring/base/random.h"

namespace pgring {
namespace {

class ClosedLoop final : public Arrivals {
 public:
  explicit ClosedLoop(const RunContext& context) : Arrivals(context) {}

  std::optional<Arrival> Next(int64_t now_ns) override {
    return now_ns < end_ns() ? Take(now_ns) : std::nullopt;
  }
};

class OpenLoop final : public Arrivals {
 public:
  explicit OpenLoop(const RunContext& context)
      : Arrivals(context),
        kind_(context.load.arrivals),
        mean_gap_ns_(kNanosecondsPerSecond / context.load.rate_per_s.value_or(0)),
        random_(context.load.arrival_seed) {
    PGRING_CHECK(context.load.rate_per_s.value_or(0) > 0, "a schedule needs a rate");
  }

  std::optional<Arrival> Next(int64_t /*now_ns*/) override {
    while (!AllTaken()) {
      const int64_t due_ns = NextDueNs();
      if (due_ns >= end_ns()) break;
      const Phase phase = PhaseAt(due_ns);
      int64_t* scheduled = phase == Phase::kWarmup ? &warmups_scheduled_ : &scheduled_;
      if ((*scheduled)++ == NextIndex(phase)) return Take(due_ns);
    }
    return std::nullopt;
  }

 private:
  int64_t NextDueNs() {
    if (kind_ == ArrivalKind::kConstant) {
      passed_ns_ = static_cast<double>(count_++) * mean_gap_ns_;
    } else {
      // 1 - Unit() lies in (0, 1]: its logarithm is finite.
      passed_ns_ += -std::log(1.0 - random_.Unit()) * mean_gap_ns_;
    }
    return start_ns() + static_cast<int64_t>(passed_ns_);
  }

  const ArrivalKind kind_;
  const double mean_gap_ns_;
  double passed_ns_ = 0;  // of the schedule, since the start
  int64_t count_ = 0;
  // For all workers together.
  int64_t scheduled_ = 0;
  int64_t warmups_scheduled_ = 0;
  Random random_;
};

}  // namespace

std::string_view ArrivalKindName(ArrivalKind kind) {
  return kind == ArrivalKind::kPoisson ? "poisson" : "constant";
}

void Arrivals::Start(int64_t start_ns) {
  const LoadPlan& load = context_.load;
  started_ = true;
  start_ns_ = start_ns;
  measuring_from_ns_ = start_ns + SecondsInNs(load.warmup_s);
  if (load.duration_s.has_value()) end_ns_ = measuring_from_ns_ + SecondsInNs(*load.duration_s);
}

std::optional<Arrival> Arrivals::Take(int64_t due_ns) {
  if (AllTaken()) return std::nullopt;
  const Phase phase = PhaseAt(due_ns);
  const bool warms_up = phase == Phase::kWarmup;
  const int64_t index = NextIndex(phase) + (warms_up ? kFirstWarmupIndex : 0);
  ++(warms_up ? warmups_taken_ : taken_);
  return Arrival{due_ns, context_.operations->At(index), phase};
}

void Arrivals::PutBack(const Arrival& arrival) {
  --(arrival.phase == Phase::kWarmup ? warmups_taken_ : taken_);
}

std::optional<Arrival> Arrivals::TakeUnscheduled(int64_t now_ns) {
  if (context_.load.duration_s.has_value() || AllTaken()) return std::nullopt;
  const Operation operation = context_.operations->At(NextIndex(Phase::kMeasured));
  ++taken_;
  return Arrival{now_ns, operation, Phase::kMeasured};
}

std::unique_ptr<Arrivals> MakeArrivals(const RunContext& context) {
  if (context.load.open_loop()) return std::make_unique<OpenLoop>(context);
  return std::make_unique<ClosedLoop>(context);
}

}  // namespace pgring
