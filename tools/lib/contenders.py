"""pgbench and pgring as contenders: how each is started, and what its output says.

Both answer the same calls. A run gives a dictionary: `tps` and, in the same time, `done`
(transactions) and `cpu_s` (user and system time of the client); pgring adds `enters`
(io_uring_enter calls per operation, None without a ring), `io` (its I/O mode) and `open_at_start`
(connections at the beginning of the measured time). An invalid run or a failed program raises
BenchmarkError.

Both run for the same time before the measured one begins. pgring has a warm-up; pgbench has none,
so its progress line tells when it is over and what was done until then. Without that, pgbench's
figure at 500 clients is mostly about first transactions: unprepared, with empty caches.
"""

import json
import os
import pathlib
import re
import zlib

from bench_figures import FLOOR, FLOOR_WITH_LIBPQ
from bench_process import BenchmarkError, run_process, shown, thread_cpu_s
from bench_workloads import WORKLOADS
from null_server import BENCHMARKS, NULL

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PGRING = pathlib.Path(os.environ.get("PGRING_BINARY", ROOT / "build" / "pgring"))

# For connecting, preparing the statements and filling the sessions' caches, in whole seconds:
# pgbench's progress knows no others.
WARMUP_S = 1
CLIENTS_PER_FURTHER_WARMUP_S = 125
RUN_LIMIT_S = 300
EXIT_INVALID = 2


def write_script(directory, text):
    """Returns the path of a file with that text, the same for the same text."""
    path = directory / f"{zlib.crc32(text.encode()):08x}.sql"
    path.write_text(text, encoding="utf-8")
    return str(path)


def run_pgbench(command):
    """Runs it; what the module's head says of a whole run, with `connect_s`."""
    return pgbench_figures(command, run_process(command, limit_s=RUN_LIMIT_S))


def pgbench_figures(command, finished):
    tps = re.search(r"tps = ([0-9.]+) \(without initial", finished.out)
    done = re.search(r"transactions actually processed: ([1-9]\d*)", finished.out)
    connect = re.search(r"initial connection time = ([0-9.]+) ms", finished.out)
    no_failure = re.search(r"failed transactions: 0 ", finished.out)
    if not (tps and done and connect and no_failure):
        raise BenchmarkError(f"{shown(command)} said: {finished.out}{finished.errors}")
    return {"tps": float(tps[1]), "done": int(done[1]), "cpu_s": finished.cpu_s,
            "connect_s": float(connect[1]) / 1e3}


def run_pgring(command):
    """Runs it with its result on standard output; returns (the valid run, the process's CPU)."""
    finished = run_process(command, accepted=(0, EXIT_INVALID), limit_s=RUN_LIMIT_S)
    try:
        run = json.loads(finished.out)["runs"][0]
    except (ValueError, LookupError) as error:
        raise BenchmarkError(f"{shown(command)} printed no result: "
                             f"{finished.errors or error}") from error
    if not run["valid"]:
        raise BenchmarkError(f"{shown(command)} is not valid: {'; '.join(run['reasons'])}")
    return run, finished.cpu_s


class WarmUpWatch:
    """Reads pgbench's progress lines up to the first one at or after the end of the warm-up."""

    # Lines are due at whole seconds and say the time with one decimal.
    LINE = re.compile(r"progress: ([0-9.]+) s, ([0-9.]+) tps")

    def __init__(self, warmup_s):
        self._warmup_s = warmup_s
        self.ended_s, self.done, self.cpu_s = 0.0, 0.0, None

    def line(self, text, pid):
        found = self.LINE.search(text)
        if not found or self.cpu_s is not None:
            return
        now_s = float(found[1])
        self.done += float(found[2]) * (now_s - self.ended_s)
        self.ended_s = now_s
        if now_s >= self._warmup_s:
            self.cpu_s = thread_cpu_s(pid)

    def after(self, run):
        """What is left of a whole run when the warm-up is taken away; None if it never ended."""
        done = round(run["done"] - self.done)
        measured_s = run["connect_s"] + run["done"] / run["tps"] - self.ended_s
        if self.cpu_s is None or done <= 0 or measured_s <= 0:
            return None
        return {"tps": done / measured_s, "done": done, "cpu_s": run["cpu_s"] - self.cpu_s}


def warmup_s(clients):
    return WARMUP_S + clients // CLIENTS_PER_FURTHER_WARMUP_S


class Pgbench:
    """pgbench with one thread, unless told otherwise: then its CPU time means nothing."""

    def __init__(self, scratch, name="pgbench", protocol="prepared", threads=1):
        self.name, self._scratch, self._protocol = name, scratch, protocol
        self._threads = threads

    def takes(self, _workload, _transport):
        return True

    def before(self, workload):
        return WORKLOADS[workload].before_pgbench

    def command(self, conninfo, workload, clients, length):
        what = WORKLOADS[workload]
        scripts = ["-b", what.builtin] if what.builtin else []
        for text in what.scripts:
            scripts += ["-f", write_script(self._scratch, text)]
        return ["pgbench", "-n", "-M", self._protocol, "-j", str(self._threads), "-c", str(clients),
                *scripts, *length, conninfo]

    def run_for(self, seconds, conninfo, workload, clients, prefix=()):
        length = ["-T", str(seconds + warmup_s(clients)), "-P", "1"]
        command = [*prefix, *self.command(conninfo, workload, clients, length)]
        watch = WarmUpWatch(warmup_s(clients))
        finished = run_process(command, limit_s=RUN_LIMIT_S, on_error_line=watch.line)
        run = watch.after(pgbench_figures(command, finished))
        if run is None:
            raise BenchmarkError(f"{shown(command)} did nothing after its warm-up of "
                                 f"{warmup_s(clients)} s: {finished.errors}")
        return run

    def run_operations(self, operations, conninfo, workload, clients):
        return run_pgbench(self.command(conninfo, workload, clients,
                                        ["-t", str(operations // clients)]))

    def memory(self, conninfo, workload, clients):
        """Peak memory in bytes of a short run."""
        command = self.command(conninfo, workload, clients, ["-T", "2"])
        return {"peak_bytes": run_process(command, limit_s=RUN_LIMIT_S,
                                          watch_memory=True).peak_bytes}


class Pgring:
    """pgring in one scenario; with `only_pipelining`, for the workloads that --pipeline suits.

    Where the scenario names its own limit, the number of clients is not said again.
    """

    def __init__(self, scratch, name="pgring", scenario="window", arguments=(),
                 only_pipelining=False, names_its_limit=False):
        self.name, self._scratch, self._scenario = name, scratch, scenario
        self._arguments, self._only_pipelining = list(arguments), only_pipelining
        self._names_its_limit = names_its_limit

    def takes(self, workload, _transport):
        return WORKLOADS[workload].can_pipeline or not self._only_pipelining

    def before(self, workload):
        return WORKLOADS[workload].before_pgring

    def command(self, conninfo, workload, clients, length):
        limit = [] if self._names_its_limit else ["-c", str(clients)]
        return [str(PGRING), "run", "--scenario", self._scenario, *limit,
                *WORKLOADS[workload].pgring, *length, *self._arguments, "-d", conninfo,
                "--json", "-", "--quiet", "--out", str(self._scratch / "out")]

    def run_for(self, seconds, conninfo, workload, clients, prefix=()):
        length = ["-T", str(seconds), "--warmup", str(warmup_s(clients))]
        return self._run(conninfo, workload, clients, length, prefix)

    def run_operations(self, operations, conninfo, workload, clients):
        return self._run(conninfo, workload, clients, ["--operations", str(operations)])

    def _run(self, conninfo, workload, clients, length, prefix=()):
        run, _ = run_pgring([*prefix, *self.command(conninfo, workload, clients, length)])
        client, done = run["client"], run["operations"]["succeeded"]
        enters, p99_ns = client["enters"], run["latency_ns"]["service"]["p99"]
        return {"tps": run["throughput_per_s"], "done": done,
                "cpu_s": client["user_s"] + client["sys_s"],
                "user_us": client["user_s"] / done * 1e6,
                "p99_us": None if p99_ns is None else p99_ns / 1e3,
                "enters": None if enters is None else enters / done,
                "io": (run.get("io") or {}).get("mode"),
                "open_at_start": run["connections"]["timeline"]["open"][0]}

    def memory(self, conninfo, workload, clients):
        """The same of pgring; few operations, because it keeps a timeline that grows with them.

        It measures itself, as the kernel does for pgbench, from the beginning of the run on.
        """
        command = self.command(conninfo, workload, clients, ["-t", "4"])
        run, _ = run_pgring(command)
        if run["connections"]["peak_open"] != clients:
            raise BenchmarkError(f"{shown(command)} had {run['connections']['peak_open']} "
                                 f"connections, not {clients}: its memory says nothing")
        if not run["client"]["max_rss_bytes"]:
            raise BenchmarkError(f"{shown(command)} does not know its peak memory")
        return {"peak_bytes": run["client"]["max_rss_bytes"],
                "own_bytes_per_connection": run["client"].get("bytes_per_connection")}


class Floor:
    """The least that a client could do for each request: tests/support/uring_floor.cc.

    Only against the null server, because it knows one statement and waits for nothing. With
    libpq, the least that a client over that could do.
    """

    def __init__(self, with_libpq=False):
        self.name = FLOOR_WITH_LIBPQ if with_libpq else FLOOR
        self._arguments = ["libpq"] if with_libpq else []

    def takes(self, workload, transport):
        return transport == NULL and workload == "ping"

    def before(self, _workload):
        return ""

    def run_for(self, seconds, conninfo, _workload, clients, prefix=()):
        directory = re.search(r"host=(\S+)", conninfo)[1]
        command = [*prefix, str(BENCHMARKS / "uring_floor"), f"{directory}/.s.PGSQL.5432",
                   str(clients), str(seconds), *self._arguments]
        run = json.loads(run_process(command, limit_s=RUN_LIMIT_S).out)
        return {"tps": run["tps"], "done": run["done"],
                "cpu_s": (run["user_us"] + run["system_us"]) * run["done"] / 1e6,
                "user_us": run["user_us"], "enters": run["enters"]}


def has_pipeline_option():
    return "--pipeline" in run_process([PGRING, "run", "--help"]).out
