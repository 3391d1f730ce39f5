#include "experiment/io_choice.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "pgring/base/status.h"
#include "pgring/postgres/socket_io.h"
#include "pgring/uring/kernel_backend.h"

namespace pgring {

absl::Status ChooseIoMode(ComparisonPlan* plan) {
  if (!UsesReactor(*plan)) return absl::OkStatus();
  if (plan->wanted_io == IoMode::kReadiness) {
    return CreateKernelBackend(KernelBackendOptions()).status();
  }
  const absl::Status works = CheckCompletionIo();
  if (works.ok()) {
    plan->io = plan->wanted_io.value_or(IoMode::kCompletion);
    return absl::OkStatus();
  }
  // Without any ring there is no readiness either.
  PGRING_RETURN_IF_ERROR(CreateKernelBackend(KernelBackendOptions()).status());
  if (plan->wanted_io.has_value()) {
    return Annotate(works, absl::StrCat("--io ", std::string(IoModeName(*plan->wanted_io)),
                                        " does not work here; use --io readiness"));
  }
  plan->io_reason = std::string(works.message());
  return absl::OkStatus();
}

}  // namespace pgring
