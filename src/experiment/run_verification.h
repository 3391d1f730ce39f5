// Compares the database with what a run believes to have done, also after a run that the server or
// an interrupt ended.
#ifndef PGRING_EXPERIMENT_RUN_VERIFICATION_H_
#define PGRING_EXPERIMENT_RUN_VERIFICATION_H_

#include "pgring/base/interrupt.h"
#include "pgring/postgres/connection_parameters.h"
#include "run/run.h"
#include "workload/workload.h"

namespace pgring {

struct VerificationContext {
  const ConnectionParameters& parameters;
  bool behind_pooler = false;
  Workload* workload = nullptr;
  Interrupt* interrupt = nullptr;
};

// What the run did itself.
CommittedWork WorkOf(const Run& run);

// Over a connection of its own, for which a server that went away in the run has some time to come
// back. Fills the run's verification and remarks, or not_verified with the reason.
// `work` is that of the whole run, where `run` is a part of it.
void VerifyRun(const VerificationContext& context, const CommittedWork& work, Run* run);

}  // namespace pgring

#endif  // PGRING_EXPERIMENT_RUN_VERIFICATION_H_
