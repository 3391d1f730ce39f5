#include "cli/leftover_arguments.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pgring/base/edit_distance.h"
#include "pgring/base/status.h"
#include "run/plan.h"
#include "script/builtin_scripts.h"

namespace pgring {
namespace {

// Options of pgbench that pgring has not, by name.
struct Counterpart {
  const char* option;
  const char* advice;
};
constexpr Counterpart kCounterparts[] = {
    {"-i", "'pgring init' makes pgbench's tables"},
    {"--initialize", "'pgring init' makes pgbench's tables"},
    {"--debug", "pgring has no debugging output; --json - writes every figure of a run"},
};

bool LooksLikeOption(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-';
}

// "--name" of "--name=value", "-x" of "-xvalue".
std::string OptionName(const std::string& argument) {
  if (argument.starts_with("--")) return argument.substr(0, argument.find('='));
  return argument.substr(0, 2);
}

std::vector<std::string> NamesOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "'pgring compare' and 'pgring run'"; empty where no command has the option.
std::string CommandsWith(const CLI::App& app, const std::string& option) {
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (!Contains(NamesOf(*command), option)) continue;
    commands.push_back(absl::StrCat("'pgring ", command->get_name(), "'"));
  }
  return absl::StrJoin(commands, " and ");
}

std::string AdviceOn(const CLI::App& app, const CLI::App& command, const std::string& option) {
  for (const Counterpart& counterpart : kCounterparts) {
    if (counterpart.option == option) return absl::StrCat(": ", counterpart.advice);
  }
  const std::string commands = CommandsWith(app, option);
  if (!commands.empty()) return absl::StrCat(": it is an option of ", commands);
  const std::string nearest = NearestName(option, NamesOf(command));
  return nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?");
}

absl::Status Refuse(const std::string& what, const std::string& see) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, what.ends_with('?') ? " See '" : "; see '", see, " --help'"));
}

absl::Status RefuseWithoutCommand(const CLI::App& app, const std::string& argument) {
  const std::vector<std::string> commands = CommandNames(app);
  if (!LooksLikeOption(argument)) {
    const std::string nearest = NearestName(argument, commands);
    return Refuse(
        absl::StrCat("there is no command ", argument,
                     nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?")),
        "pgring");
  }
  const std::string option = OptionName(argument);
  for (const Counterpart& counterpart : kCounterparts) {
    if (counterpart.option == option) {
      return Refuse(absl::StrCat(option, ": ", counterpart.advice), "pgring");
    }
  }
  const std::string nearest = NearestName(option, NamesOf(app));
  if (!nearest.empty()) {
    return Refuse(absl::StrCat("there is no option ", option, "; did you mean ", nearest, "?"),
                  "pgring");
  }
  return Refuse(absl::StrCat(option, " needs a command before it: pgring ",
                             absl::StrJoin(commands, "|"), " ", option),
                "pgring");
}

bool NamesScenario(const std::string& text) {
  const std::string name = text.substr(0, text.find_first_of(":,"));
  return FindScenarioType(name) != nullptr;
}

bool NamesBuiltinScript(const std::string& text) {
  const std::string name = text.substr(0, text.find('@'));
  return std::any_of(BuiltinScripts().begin(), BuiltinScripts().end(),
                     [&name](const BuiltinScript& script) { return script.name == name; });
}

// A database may well be called as a file is, so only names that look like a file's count.
bool NamesFile(const std::string& text) {
  const std::string name = text.substr(0, text.rfind('@'));
  if (name.find_first_of("./") == std::string::npos) return false;
  std::error_code ignored;
  return std::filesystem::is_regular_file(name, ignored);
}

}  // namespace

std::string NearestName(std::string_view text, const std::vector<std::string>& candidates) {
  std::string nearest;
  // A third of the letters, so that short names are not taken for each other.
  size_t least = std::max<size_t>(1, text.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // One letter is as near to every other.
    if (candidate.size() <= 2) continue;
    const bool begins = text.size() > 3 && candidate.starts_with(text);
    const size_t distance = begins ? 0 : EditDistance(text, candidate);
    if (distance > least) continue;
    if (distance == least) {
      nearest.clear();
      continue;
    }
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

absl::Status RefuseUnknownOptions(const CLI::App& app, const CLI::App* command,
                                  const std::vector<std::string>& leftover) {
  if (command == nullptr) {
    return leftover.empty() ? absl::OkStatus() : RefuseWithoutCommand(app, leftover.front());
  }
  const std::string usage = "pgring " + command->get_name();
  for (const std::string& argument : app.remaining()) {
    return Refuse(absl::StrCat(argument, " comes after the command: ", usage, " ", argument),
                  usage);
  }
  for (const std::string& argument : leftover) {
    if (!LooksLikeOption(argument)) continue;
    const std::string option = OptionName(argument);
    return Refuse(absl::StrCat("there is no option ", option, AdviceOn(app, *command, option)),
                  usage);
  }
  return absl::OkStatus();
}

absl::Status TakeDatabaseName(const std::vector<std::string>& positionals, std::string* database) {
  for (const std::string& name : positionals) {
    const std::string instead = absl::StrCat("; a database of that name is given with -d ", name);
    if (NamesScenario(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name,
                       " stands where the database's name does: scenarios are given with "
                       "--scenarios (of compare) or --scenario (of run)",
                       instead));
    }
    if (NamesBuiltinScript(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name,
                       " stands where the database's name does: every built-in script needs "
                       "a -b of its own",
                       instead));
    }
    if (NamesFile(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name,
                       " is a file and stands where the database's name does: every script "
                       "needs an -f of its own",
                       instead));
    }
  }
  if (positionals.empty()) return absl::OkStatus();
  const std::string& name = positionals.front();
  if (positionals.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("\"", positionals[1],
                                                   "\" is one argument too many: \"", name,
                                                   "\" was taken for the database's name"));
  }
  if (!database->empty()) {
    return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is one argument too many: -d ",
                                                   *database, " names the database"));
  }
  *database = name;
  return absl::OkStatus();
}

}  // namespace pgring
