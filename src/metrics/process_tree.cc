#include "metrics/process_tree.h"

#include <dirent.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <unordered_map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pgring {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};

// The names in a /proc folder that are numbers; empty when it cannot be read.
std::vector<pid_t> NumericEntries(const std::string& folder) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, DirectoryCloser> directory(opendir(folder.c_str()));
  if (directory == nullptr) return numbers;
  while (const dirent* entry = readdir(directory.get())) {
    pid_t number = 0;
    if (absl::SimpleAtoi(entry->d_name, &number)) numbers.push_back(number);
  }
  return numbers;
}

// Appends the living children of every thread of `pid`: the kernel lists a child under the thread
// that made it. False when the kernel has no such lists.
bool AppendChildren(pid_t pid, std::vector<pid_t>* children) {
  const std::string tasks = absl::StrCat("/proc/", pid, "/task");
  for (const pid_t thread : NumericEntries(tasks)) {
    const std::string folder = absl::StrCat(tasks, "/", thread);
    const std::optional<std::string> list = ReadProcFile(absl::StrCat(folder, "/children"));
    if (!list.has_value()) {
      // A thread that has just ended has no children either.
      if (access(folder.c_str(), F_OK) != 0) continue;
      return false;
    }
    for (const absl::string_view word : absl::StrSplit(*list, ' ', absl::SkipWhitespace())) {
      pid_t child = 0;
      if (absl::SimpleAtoi(word, &child)) children->push_back(child);
    }
  }
  return true;
}

}  // namespace

std::optional<std::string> ReadProcFile(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) return std::nullopt;
  std::string content;
  std::array<char, 4096> buffer = {};
  while (std::feof(file.get()) == 0 && std::ferror(file.get()) == 0) {
    content.append(buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file.get()));
    if (content.size() > kMaxProcFileBytes) return std::nullopt;
  }
  // A process that ends between opening and reading gives ESRCH.
  if (std::ferror(file.get()) != 0) return std::nullopt;
  return content;
}

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  // Nothing after the command name contains a parenthesis, so its end is the last one.
  const absl::string_view line(text.data(), text.size());
  const size_t name_begin = line.find('(');
  const size_t name_end = line.rfind(')');
  if (name_begin == line.npos || name_end == line.npos) return std::nullopt;
  // proc(5) counts fields from 1, and field 3 is the first one after the name.
  constexpr size_t kFirstField = 3;
  constexpr size_t kLastNeededField = 17;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(line.substr(name_end + 1), ' ', absl::SkipWhitespace());
  if (fields.size() <= kLastNeededField - kFirstField) return std::nullopt;

  ProcessStat stat;
  const auto parse = [&fields](size_t field, auto* value) {
    return absl::SimpleAtoi(fields[field - kFirstField], value);
  };
  if (!absl::SimpleAtoi(line.substr(0, name_begin), &stat.pid) || !parse(4, &stat.parent) ||
      !parse(14, &stat.user_ticks) || !parse(15, &stat.system_ticks) ||
      !parse(16, &stat.waited_user_ticks) || !parse(17, &stat.waited_system_ticks)) {
    return std::nullopt;
  }
  return stat;
}

std::optional<ProcessStat> ReadProcessStat(pid_t pid) {
  const std::optional<std::string> text = ReadProcFile(absl::StrCat("/proc/", pid, "/stat"));
  if (!text.has_value()) return std::nullopt;
  return ParseProcessStat(*text);
}

std::optional<std::vector<ProcessStat>> TreeFromChildrenFiles(pid_t root) {
  std::vector<ProcessStat> tree;
  std::vector<pid_t> pending = {root};
  // A pid that is used again while we read could otherwise be met twice.
  std::set<pid_t> met = {root};
  while (!pending.empty()) {
    const pid_t pid = pending.back();
    pending.pop_back();
    const std::optional<ProcessStat> stat = ReadProcessStat(pid);
    if (!stat.has_value()) continue;
    if (tree.size() == kMaxTreeProcesses) return std::nullopt;
    tree.push_back(*stat);
    std::vector<pid_t> children;
    if (!AppendChildren(pid, &children)) return std::nullopt;
    for (const pid_t child : children) {
      if (met.insert(child).second) pending.push_back(child);
    }
  }
  return tree;
}

std::optional<std::vector<ProcessStat>> TreeFromAllProcesses(pid_t root) {
  std::vector<ProcessStat> tree;
  std::unordered_multimap<pid_t, ProcessStat> by_parent;
  for (const pid_t pid : NumericEntries("/proc")) {
    const std::optional<ProcessStat> stat = ReadProcessStat(pid);
    if (!stat.has_value()) continue;
    if (by_parent.size() == kMaxTreeProcesses) return std::nullopt;
    if (pid == root) tree.push_back(*stat);
    // The root's own parent is of no interest, and leaving it out keeps the walk free of cycles.
    if (pid != root) by_parent.emplace(stat->parent, *stat);
  }
  if (tree.empty()) return tree;
  for (size_t index = 0; index < tree.size(); ++index) {
    const auto [begin, end] = by_parent.equal_range(tree[index].pid);
    for (auto child = begin; child != end; ++child) tree.push_back(child->second);
    by_parent.erase(begin, end);
  }
  return tree;
}

}  // namespace pgring
