#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>

#include "cli/messages.h"
#include "pgring/base/thread.h"

namespace pgring {
namespace {

// What asks a program to end.
constexpr std::initializer_list<int> kEnding = {SIGINT, SIGTERM, SIGHUP};

sigset_t SetOf(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

void Await(const sigset_t& signals, int* signal_number) {
  while (sigwait(&signals, signal_number) != 0) {
  }
}

// Keeps from every thread what asks the program to end, and has `watch` wait for it in one of its
// own. Returns why there is none: then `awaited` do what they do to any program.
absl::Status WatchEndingSignals(const std::string& what, const sigset_t& awaited,
                                std::function<void()> watch) {
  signal(SIGPIPE, SIG_IGN);
  const sigset_t ending = SetOf(kEnding);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::thread watcher;
  absl::Status started = StartThread(what, std::move(watch), &watcher);
  if (started.ok()) {
    watcher.detach();
  } else {
    pthread_sigmask(SIG_UNBLOCK, &awaited, nullptr);
  }
  return started;
}

}  // namespace

void WatchSignals(Interrupt* interrupt, const char* note) {
  const sigset_t awaited = SetOf(kEnding);
  const absl::Status started =
      WatchEndingSignals("that waits for Ctrl-C", awaited, [interrupt, note, awaited] {
        int signal_number = 0;
        Await(awaited, &signal_number);
        interrupt->Raise(signal_number);
        PrintFromSignalThread(note);
        Await(awaited, &signal_number);
        _exit(128 + signal_number);
      });
  if (!started.ok()) PrintNote(std::string(started.message()));
}

// What the terminal sends to all of its processes, the parent has got too.
void WatchParentsSignal(Interrupt* interrupt) {
  const sigset_t from_parent = SetOf({SIGTERM});
  (void)WatchEndingSignals("that waits for the end of the run", from_parent,
                           [interrupt, from_parent] {
                             int signal_number = 0;
                             Await(from_parent, &signal_number);
                             interrupt->Raise(signal_number);
                           });
}

int ExitCodeOf(const Interrupt& interrupt) { return 128 + interrupt.signal_number(); }

}  // namespace pgring
