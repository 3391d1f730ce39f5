#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "cli/messages.h"
#include "pgring/base/thread.h"

namespace pgring {
namespace {

void Watch(Interrupt* interrupt, const char* note, sigset_t signals) {
  int signal_number = 0;
  while (sigwait(&signals, &signal_number) != 0) {
  }
  interrupt->Raise(signal_number);
  PrintFromSignalThread(note);
  while (sigwait(&signals, &signal_number) != 0) {
  }
  _exit(128 + signal_number);
}

}  // namespace

void WatchSignals(Interrupt* interrupt, const char* note) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread watcher;
  const absl::Status started = StartThread(
      "that waits for Ctrl-C", [interrupt, note, signals] { Watch(interrupt, note, signals); },
      &watcher);
  if (started.ok()) {
    watcher.detach();
    return;
  }
  // Then the signals do what they do to any program.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  PrintNote(std::string(started.message()));
}

// What the terminal sends to all of its processes, the parent has got too.
void WatchParentsSignal(Interrupt* interrupt) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  sigset_t from_parent;
  sigemptyset(&from_parent);
  sigaddset(&from_parent, SIGTERM);
  std::thread watcher;
  const absl::Status started = StartThread(
      "that waits for the end of the run",
      [interrupt, from_parent] {
        int signal_number = 0;
        while (sigwait(&from_parent, &signal_number) != 0) {
        }
        interrupt->Raise(signal_number);
      },
      &watcher);
  if (started.ok()) {
    watcher.detach();
    return;
  }
  pthread_sigmask(SIG_UNBLOCK, &from_parent, nullptr);
}

int ExitCodeOf(const Interrupt& interrupt) { return 128 + interrupt.signal_number(); }

}  // namespace pgring
