// How long each command of the scripts took and how often it failed: what -r shows. Written by the
// clients of all threads.
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
  std::string text;  // its first line
  // Operations that failed in this command, and attempts that failed in it and were followed by
  // another one: neither is in the times.
  int64_t failures = 0;
  int64_t retries = 0;
  // Statements that left in a pipeline: the command that waits for their results has their time.
  int64_t pipelined = 0;
  Histogram duration_ns;
};

class CommandRecorder {
 public:
  // Places are given in the order of Add.
  size_t Add(const std::string& script, const std::string& text) {
    figures_.push_back({script, text, 0, 0, 0, Histogram()});
    return figures_.size() - 1;
  }

  void Succeeded(size_t place, int64_t duration_ns) {
    std::lock_guard<std::mutex> lock(mutex_);
    figures_[place].duration_ns.Record(duration_ns);
  }
  void LeftInPipeline(size_t place) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++figures_[place].pipelined;
  }
  void Failed(size_t place) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++figures_[place].failures;
  }
  // The failure there, which Failed has counted, is followed by another attempt.
  void Retried(size_t place) {
    std::lock_guard<std::mutex> lock(mutex_);
    --figures_[place].failures;
    ++figures_[place].retries;
  }

  // A run begins.
  void Clear() {
    std::lock_guard<std::mutex> lock(mutex_);
    for (CommandFigures& figures : figures_) {
      figures.failures = figures.retries = figures.pipelined = 0;
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
