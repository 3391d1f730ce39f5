#include "cli/repeat_options.h"

#include "absl/strings/str_format.h"
#include "cli/option_values.h"
#include "pgring/statistics/median_interval.h"

namespace pgring {
namespace {

constexpr const char* kRepeatGroup = "Repeats";
constexpr double kMostPercent = 100;
constexpr double kLeastPercent = 0.01;

}  // namespace

void AddRepeatOptions(CLI::App* command, RawRepeat* raw) {
  command
      ->add_option("--repeat", raw->blocks,
                   "run every scenario so often, block by block in an order drawn from the seed, "
                   "and report medians, from 6 on with intervals (default 1)")
      ->check(WholeNumber(1, kMaxBlocks))
      ->group(kRepeatGroup);
  command
      ->add_option("--until", raw->until_percent,
                   "repeat until the ratios are known to within so many percent")
      ->check(Number(kLeastPercent, kMostPercent))
      ->group(kRepeatGroup);
  command
      ->add_option("--max-repeat", raw->max_blocks,
                   "with --until, at most so many blocks (default 20)")
      ->check(WholeNumber(1, kMaxBlocks))
      ->group(kRepeatGroup);
}

absl::Status ResolveRepeat(const RawRepeat& raw, const LoadPlan& load, RepeatPlan* plan) {
  if (raw.blocks.has_value() && raw.until_percent.has_value()) {
    return absl::InvalidArgumentError(
        "--repeat and --until both say when to stop: give a number of blocks, or --until with "
        "--max-repeat");
  }
  if (raw.max_blocks.has_value() && !raw.until_percent.has_value()) {
    return absl::InvalidArgumentError(
        "--max-repeat is where --until ends: give --until, or --repeat for a number of blocks");
  }
  if (raw.until_percent.has_value() && load.open_loop()) {
    return absl::InvalidArgumentError(
        "--until waits for ratios of throughputs, which with -R are the schedule's: use --repeat");
  }
  plan->blocks = raw.blocks.value_or(plan->blocks);
  plan->until_percent = raw.until_percent;
  plan->max_blocks = raw.max_blocks.value_or(plan->max_blocks);
  if (plan->until_percent.has_value() && plan->max_blocks < kFewestForInterval) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--until needs at least %d blocks to know how sure a ratio is: raise --max-repeat %d",
        kFewestForInterval, plan->max_blocks));
  }
  return absl::OkStatus();
}

}  // namespace pgring
