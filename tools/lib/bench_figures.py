"""The figures of measured runs: medians, ratios with their spread, and the targets they meet.

Pure functions of the document that tools/bench writes as bench.json:

  command, environment   what was run, and on what; one line each
  settings               pairs and seconds
  notes                  what a reader should know
  cases                  workload, transport, clients, runs: {contender: [run, ...]}; a run has tps,
                         client_us and server_us, pgring's also enters and user_us (per operation)
                         and io. Runs of the same number in their lists were neighbours in time.
  memory                 {contender: {clients: bytes per connection}}; also "pgring, its own figure"
  own_cost_ns            of BmWholeOperation, or null
"""

import statistics
from typing import NamedTuple

REFERENCE = "pgbench"
PIPELINE = "pgring --pipeline"
FLOOR = "floor"
FLOOR_WITH_LIBPQ = "floor with libpq"
OWN_MEMORY = "pgring, its own figure"
MEMORY_TARGET_CLIENTS = 1900


class Spread(NamedTuple):
    """A median with the lowest and the highest of what it is the median of."""
    median: float
    low: float
    high: float

    def text(self):
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def spread(values):
    return Spread(statistics.median(values), min(values), max(values))


def median(case, contender, key):
    """None when no run of it has that figure."""
    values = [run[key] for run in case["runs"].get(contender, []) if run.get(key) is not None]
    return statistics.median(values) if values else None


def ratio(case, contender, key, base=REFERENCE):
    """Contender / pgbench, run by run; None when there is no pair with both figures."""
    ratios = [ours[key] / theirs[key]
              for ours, theirs in zip(case["runs"].get(contender, []),
                                      case["runs"].get(base, []))
              if ours.get(key) is not None and theirs.get(key)]
    return spread(ratios) if ratios else None


def counted(number, noun):
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def runs_text(document):
    pairs, seconds = (document["settings"][key] for key in ("pairs", "seconds"))
    return f"{counted(pairs, 'pair')} of runs of {seconds} s, in turns."


def contenders(case):
    """All but the reference, in the order they were given."""
    return [name for name, runs in case["runs"].items() if name != REFERENCE and runs]


def find_case(document, workload, transport, clients):
    wanted = (workload, transport, clients)
    for case in document["cases"]:
        if (case["workload"], case["transport"], case["clients"]) == wanted:
            return case
    return None


class Target(NamedTuple):
    """A figure that pgring should reach; `figure` gives (value, text) of a document, or None."""
    name: str
    at_least: float
    goal: float
    figure: callable
    more_is_better: bool = True
    unit: str = ""

    def verdict(self, value):
        def reached(limit):
            return value >= limit if self.more_is_better else value <= limit
        if reached(self.goal):
            return "goal reached"
        return "reached" if reached(self.at_least) else "missed"


def _ratio_of(key, workload, transport, clients, contender="pgring", base=REFERENCE):
    def figure(document):
        case = find_case(document, workload, transport, clients)
        found = ratio(case, contender, key, base) if case else None
        return (found.median, found.text()) if found else None
    return figure


def _median_of(key, workload, transport, clients):
    def figure(document):
        case = find_case(document, workload, transport, clients)
        found = median(case, "pgring", key) if case else None
        return (found, f"{found:.2f}") if found is not None else None
    return figure


def _enters_of(workload, clients):
    def figure(document):
        case = find_case(document, workload, "socket", clients)
        found = median(case, "pgring", "enters") if case else None
        return (found, f"{found:.3f}") if found is not None else None
    return figure


def _memory_of(contender):
    def figure(document):
        found = document["memory"].get(contender, {}).get(str(MEMORY_TARGET_CLIENTS))
        return (found / 1024, f"{found / 1024:.1f}") if found is not None else None
    return figure


def targets():
    """What the project has set itself; `at least` is a promise, `goal` a hope."""
    wanted = []
    short = ("ping", "select-only")
    wanted += [Target(f"throughput / pgbench, {workload}, {clients} clients, socket", 1.0, 1.1,
                      _ratio_of("tps", workload, "socket", clients))
               for workload in short for clients in (1, 8, 32, 100)]
    for transport in ("tcp", "tls"):
        wanted += [Target(f"throughput / pgbench, {workload}, 32 clients, {transport}", 1.05, 1.3,
                          _ratio_of("tps", workload, transport, 32)) for workload in short]
    wanted += [Target(f"client CPU / pgbench, {workload}, 32 clients, socket", 0.65, 0.5,
                      _ratio_of("client_us", workload, "socket", 32), False) for workload in short]
    wanted.append(Target("throughput / pgbench, tpcb-like, 32 clients, socket, --pipeline", 1.2,
                         1.6, _ratio_of("tps", "tpcb-like", "socket", 32, PIPELINE)))
    wanted += [Target(f"io_uring_enter per operation, {workload}, 32 clients, socket", 0.15, 0.08,
                      _enters_of(workload, 32), False) for workload in short]
    for clients, limits in ((8, (1.45, 1.8)), (32, (1.05, 1.2)), (100, (1.05, 1.2))):
        wanted.append(Target(f"throughput / pgbench, ping, {clients} clients, null server",
                             *limits, _ratio_of("tps", "ping", "null", clients)))
    wanted += [Target(f"throughput / {floor}, ping, {clients} clients, null server", 0.8, 0.9,
                      _ratio_of("tps", "ping", "null", clients, base=floor))
               for floor in (FLOOR, FLOOR_WITH_LIBPQ) for clients in (32, 100)]
    wanted.append(Target("user CPU per operation, ping, 32 clients, null server", 0.5, 0.4,
                         _median_of("user_us", "ping", "null", 32), False, " us"))
    connections = f"{MEMORY_TARGET_CLIENTS:,} connections"
    wanted.append(Target(f"client memory per connection, {connections}, whole process", 64, 40,
                         _memory_of("pgring"), False, " KiB"))
    wanted.append(Target(f"client memory per connection, {connections}, pgring's own figure", 64,
                         40, _memory_of(OWN_MEMORY), False, " KiB"))
    return wanted
