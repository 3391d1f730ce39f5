// How long each command of the scripts took: what -r shows. Written by the clients of all threads.
#ifndef PGRING_WORKLOAD_COMMAND_FIGURES_H_
#define PGRING_WORKLOAD_COMMAND_FIGURES_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "pgring/metrics/histogram.h"

namespace pgring {

struct CommandFigures {
  std::string script;
  std::string text;      // its first line
  int64_t failures = 0;  // not in the times
  Histogram duration_ns;
};

class CommandRecorder {
 public:
  // Places are given in the order of Add.
  size_t Add(const std::string& script, const std::string& text) {
    figures_.push_back({script, text, 0, Histogram()});
    return figures_.size() - 1;
  }

  void Record(size_t place, bool succeeded, int64_t duration_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    CommandFigures& figures = figures_[place];
    if (succeeded) {
      figures.duration_ns.Record(duration_ns);
    } else {
      ++figures.failures;
    }
  }

  // A run begins.
  void Clear() {
    std::lock_guard<std::mutex> lock(mutex_);
    for (CommandFigures& figures : figures_) {
      figures.failures = 0;
      figures.duration_ns = Histogram();
    }
  }

  std::vector<CommandFigures> Get() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return figures_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<CommandFigures> figures_;
};

}  // namespace pgring

#endif  // PGRING_WORKLOAD_COMMAND_FIGURES_H_
