#include <fmt/format.h>

#include <string_view>

#include "cli/commands.h"
#include "cli/init_command.h"
#include "cli/messages.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "cli/workers.h"
#include "pgring/base/build_info.h"

namespace {

constexpr char kWindingDown[] =
    "\npgring: interrupted: finishing what is in flight, then writing what there is (once more to "
    "stop at once)\n";
constexpr char kStopping[] =
    "\npgring: interrupted: stopping; data that is not committed is undone (once more to stop at "
    "once)\n";
constexpr char kEnding[] = "\n";

}  // namespace

int main(int argument_count, char** arguments) {
  pgring::OccupyStandardDescriptors();
  if (argument_count == 3 && std::string_view(arguments[1]) == pgring::kWriteDocumentsOption) {
    return pgring::WriteDocumentsCommand(arguments[2]);
  }
  const auto options = pgring::ParseOptions(argument_count, arguments);
  if (!options.ok()) {
    pgring::PrintError(options.status());
    return pgring::kExitCouldNotStart;
  }
  static pgring::Interrupt interrupt;
  switch (options->command) {
    case pgring::Subcommand::kHelp:
      pgring::PrintOutput(options->help_text);
      return pgring::FinishWith(pgring::kExitValid);
    case pgring::Subcommand::kVersion: {
      const pgring::BuildInfo build = pgring::GetBuildInfo();
      pgring::PrintOutput(fmt::format("pgring {} ({}, {}, {})\n", build.version, build.commit,
                                      build.compiler, build.build_type));
      return pgring::FinishWith(pgring::kExitValid);
    }
    case pgring::Subcommand::kCompare:
    case pgring::Subcommand::kTune: {
      const auto workers = pgring::ForkWorkers(*options);
      if (!workers.ok()) {
        pgring::PrintError(workers.status());
        return pgring::kExitCouldNotStart;
      }
      pgring::WatchSignals(&interrupt, kWindingDown);
      return options->command == pgring::Subcommand::kTune
                 ? pgring::TuneCommand(*options, workers->get(), &interrupt)
                 : pgring::CompareCommand(*options, workers->get(), &interrupt);
    }
    case pgring::Subcommand::kDiff:
      return pgring::DiffCommand(*options);
    case pgring::Subcommand::kReport:
      return pgring::ReportCommand(*options);
    case pgring::Subcommand::kExport:
      return pgring::ExportCommand(*options);
    case pgring::Subcommand::kMerge:
      return pgring::MergeCommand(*options);
    case pgring::Subcommand::kInit:
      pgring::WatchSignals(&interrupt, kStopping);
      return pgring::InitCommand(*options, &interrupt);
    case pgring::Subcommand::kServer:
      pgring::WatchSignals(&interrupt, kEnding);
      return pgring::ServerCommand(*options, &interrupt);
    case pgring::Subcommand::kDoctor:
      pgring::WatchSignals(&interrupt, kEnding);
      return pgring::DoctorCommand(*options, &interrupt);
  }
  return pgring::kExitCouldNotStart;
}
