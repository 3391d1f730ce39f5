// Ctrl-C and its relatives. SIGINT, SIGTERM and SIGHUP are taken by a thread of their own: the
// first one raises the interrupt, so that what is running can wind down and write its results; the
// second ends the program at once (a throwaway server's keeper notices and cleans up).
#ifndef PGRING_CLI_SIGNALS_H_
#define PGRING_CLI_SIGNALS_H_

#include "pgring/base/interrupt.h"

namespace pgring {

// Call once, before any other thread exists: later threads inherit the blocked signals. SIGPIPE is
// ignored. Where no thread can be had, a note says so, and the signals end the program at once. The
// first signal prints `note` on standard error. `interrupt` and `note` live as long as
// the program.
void WatchSignals(Interrupt* interrupt, const char* note);

// In a worker: its parent ends a run by SIGTERM, and the worker ends with its parent. Before any
// other thread exists.
void WatchParentsSignal(Interrupt* interrupt);

// 128 + the signal, as shells report it.
int ExitCodeOf(const Interrupt& interrupt);

}  // namespace pgring

#endif  // PGRING_CLI_SIGNALS_H_
