#include <fmt/format.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/documents.h"

namespace pgring {
namespace {

// "{auto,bar}" within a type's name.
std::vector<std::string> ListedValues(const std::string& type) {
  const size_t begin = type.find('{');
  const size_t end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

std::vector<std::string> WordsOf(const DocumentedOption& option) {
  std::vector<std::string> words;
  for (const std::string& name : option.long_names) words.push_back("--" + name);
  for (const std::string& name : option.short_names) words.push_back("-" + name);
  return words;
}

std::vector<std::string> NamesOfCommands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

std::string SingleQuoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// Within the brackets of zsh's _arguments.
std::string ZshText(const std::string& text) {
  return absl::StrReplaceAll(text, {{"[", "("}, {"]", ")"}, {":", "\\:"}, {"\n", " "}});
}

bool TakesFile(const DocumentedOption& option) {
  return option.values.empty() && (option.value_name == "TEXT" || option.value_name == "FILE");
}

// "*--io=[how bytes move]:TEXT:(auto ring)"; the value is a word of its own or stands behind "=",
// or directly behind an option of one letter.
std::string ZshSpec(const DocumentedOption& option, const std::string& word) {
  const bool takes_value = !option.value_name.empty();
  const char* const joined = !takes_value ? "" : word.starts_with("--") ? "=" : "+";
  std::string spec = absl::StrCat("*", word, joined, "[", ZshText(option.description), "]");
  if (!takes_value) return spec;
  return absl::StrCat(spec, ":", ZshText(option.value_name), ":",
                      TakesFile(option)       ? "_files"
                      : option.values.empty() ? " "
                                              : "(" + absl::StrJoin(option.values, " ") + ")");
}

}  // namespace

std::string DocumentedOption::Names() const {
  std::vector<std::string> names;
  for (const std::string& name : short_names) names.push_back("-" + name);
  for (const std::string& name : long_names) names.push_back("--" + name);
  return absl::StrJoin(names, ", ");
}

std::vector<DocumentedOption> OptionsOf(const CLI::App& command) {
  std::vector<DocumentedOption> options;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() && option->get_snames().empty()) continue;
    DocumentedOption documented;
    documented.long_names = option->get_lnames();
    documented.short_names = option->get_snames();
    documented.group = option->get_group();
    documented.description = option->get_description();
    documented.default_value = option->get_default_str();
    if (option->get_items_expected() > 0) {
      const std::string type = option->get_type_name();
      documented.values = ListedValues(type);
      documented.value_name = type.substr(0, type.find(":{"));
      if (documented.value_name.empty()) documented.value_name = "VALUE";
    }
    options.push_back(std::move(documented));
  }
  return options;
}

std::string BashCompletion(const CLI::App& app) {
  std::string words, values;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    std::vector<std::string> all;
    for (const DocumentedOption& option : OptionsOf(*command)) {
      const std::vector<std::string> own = WordsOf(option);
      all.insert(all.end(), own.begin(), own.end());
      if (option.values.empty()) continue;
      values += fmt::format("    {}:{}) words='{}' ;;\n", command->get_name(),
                            absl::StrJoin(own, absl::StrCat("|", command->get_name(), ":")),
                            absl::StrJoin(option.values, " "));
    }
    words += fmt::format("    {}) words='{}' ;;\n", command->get_name(), absl::StrJoin(all, " "));
  }
  return absl::StrCat(
      "# Completion of pgring for bash; made with the program, see pgring --help.\n_pgring() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=\n"
      "  # bash takes --io=ring apart at the =\n"
      "  if [[ $current == = ]]; then\n    current=\n"
      "  elif [[ $previous == = ]]; then\n    previous=${COMP_WORDS[COMP_CWORD - 2]}\n  fi\n"
      "  if ((COMP_CWORD == 1)); then\n    words='",
      absl::StrJoin(NamesOfCommands(app), " "),
      " --help --version'\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n    return\n  fi\n"
      "  case ${COMP_WORDS[1]}:$previous in\n",
      values,
      "  esac\n  if [[ -n $words ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n    return\n  fi\n"
      "  [[ $current == -* ]] || return\n  case ${COMP_WORDS[1]} in\n",
      words,
      "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\n"
      "complete -o default -F _pgring pgring\n");
}

std::string ZshCompletion(const CLI::App& app) {
  std::string commands, cases;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    absl::StrAppend(
        &commands, "  ",
        SingleQuoted(absl::StrCat(command->get_name(), ":", ZshText(command->get_description()))),
        "\n");
    absl::StrAppend(&cases, "      ", command->get_name(), ")\n        _arguments");
    for (const DocumentedOption& option : OptionsOf(*command)) {
      for (const std::string& word : WordsOf(option)) {
        absl::StrAppend(&cases, " \\\n          ", SingleQuoted(ZshSpec(option, word)));
      }
    }
    cases += " \\\n          '*:argument:_files'\n        ;;\n";
  }
  return absl::StrCat(
      "#compdef pgring\n# Completion of pgring for zsh; made with the program.\n"
      "local state\nlocal -a commands\ncommands=(\n",
      commands,
      ")\n_arguments -C '1:command:->command' '*::argument:->argument'\ncase $state in\n"
      "  command) _describe command commands ;;\n  argument)\n    case $words[1] in\n",
      cases, "    esac\n    ;;\nesac\n");
}

std::string FishCompletion(const CLI::App& app) {
  std::string text = "# Completion of pgring for fish; made with the program.\n";
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    absl::StrAppend(&text, "complete -c pgring -f -n __fish_use_subcommand -a ",
                    command->get_name(), " -d ", SingleQuoted(command->get_description()), "\n");
  }
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    for (const DocumentedOption& option : OptionsOf(*command)) {
      absl::StrAppend(&text, "complete -c pgring -n '__fish_seen_subcommand_from ",
                      command->get_name(), "'");
      for (const std::string& name : option.long_names) absl::StrAppend(&text, " -l ", name);
      for (const std::string& name : option.short_names) {
        absl::StrAppend(&text, " -s ", SingleQuoted(name));
      }
      if (!option.values.empty()) {
        absl::StrAppend(&text, " -x -a ", SingleQuoted(absl::StrJoin(option.values, " ")));
      } else if (!option.value_name.empty()) {
        text += TakesFile(option) ? " -r" : " -x";
      }
      absl::StrAppend(&text, " -d ", SingleQuoted(option.description), "\n");
    }
  }
  return text;
}

}  // namespace pgring
