// What a worker of a fleet does with its part of the result: writes its file, and the first one
// puts all of them together where it finds them. None ends before the last one has done so: an
// engine that sees one process end badly ends the others.
#ifndef PGRING_CLI_FLEET_END_H_
#define PGRING_CLI_FLEET_END_H_

#include "cli/options.h"
#include "cli/output_directory.h"
#include "experiment/fleet.h"
#include "run/comparison_result.h"

namespace pgring {

// The exit code.
int EndInFleet(const Options& options, ComparisonResult result, Fleet* fleet,
               OutputDirectory* directory);

}  // namespace pgring

#endif  // PGRING_CLI_FLEET_END_H_
