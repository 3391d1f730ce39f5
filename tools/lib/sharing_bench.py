"""tools/bench --multiplexed: what sharing connections brings, against pgbench and pgring's others.

First each workload is tried in short runs at many numbers of clients, with pgbench in one and in
several threads, and at many pairs of operations in flight and connections; then the best of each
are taken in turns. Latency and CPU per select are of 32 operations in flight over 4 connections
against 32 over 32. Ratios are of neighbours in time; the figure is their median.
"""

import os
import statistics

import bench_figures as figures
import bench_runs
from contenders import Pgbench, Pgring

CLIENTS = (1, 2, 4, 8, 16, 32, 64, 128)
SHARED = ((8, 1), (16, 1), (16, 2), (32, 2), (32, 4), (64, 4), (64, 8), (128, 4), (128, 8),
          (128, 16))
PIPELINED = (4, 8, 16, 32, 64)
WORKLOADS = ("ping", "select-only", "tpcb-like")
TRIAL_S = 1
WINDOW, DEPTH_8 = "window:32", "multiplexed:32:pool=4"


def pgring_at(scratch, scenario):
    """A scenario that names its own limit."""
    return Pgring(scratch, name=scenario, scenario=scenario, names_its_limit=True)


def multiplexed(limit, pool):
    return f"multiplexed:{limit}:pool={pool}"


def pgbench_at(scratch, threads):
    return Pgbench(scratch, name=f"pgbench -j {threads}", threads=threads)


def candidates(scratch, workload):
    """By group, what is tried: (contender, clients)."""
    threads = sorted({1, os.cpu_count() or 1})
    groups = {
        "pgbench": [(pgbench_at(scratch, count), clients) for clients in CLIENTS
                    for count in threads if count <= clients],
        "multiplexed": [(pgring_at(scratch, multiplexed(limit, pool)), limit)
                        for limit, pool in SHARED]}
    if workload == "tpcb-like":
        groups["pipelined"] = [(pgring_at(scratch, f"pipelined:{limit}"), limit)
                               for limit in PIPELINED]
    return groups


def measure_one(server, contender, workload, clients, seconds):
    case = bench_runs.new_case(workload, "socket", clients, [contender])
    bench_runs.run_once(server, contender, case, seconds)
    return case["runs"][contender.name][0]


def best_of(server, tried, workload, trials):
    """(contender, clients) of the most transactions per second; adds every trial to the list."""
    best, most = None, 0
    for contender, clients in tried:
        run = measure_one(server, contender, workload, clients, TRIAL_S)
        trials.append({"workload": workload, "contender": contender.name, "clients": clients,
                       "tps": run["tps"]})
        print(f"{workload}, {contender.name}, {clients}: {run['tps']:,.0f}/s", flush=True)
        if run["tps"] > most:
            best, most = (contender, clients), run["tps"]
    return best


def in_turns(server, workload, chosen, settings):
    """Runs of several (contender, clients), neighbours in time in the same place of their lists."""
    runs = {name: [] for name in chosen}
    for number in range(settings.pairs):
        names = bench_runs.in_turn(list(chosen), number)
        for name in names:
            contender, clients = chosen[name]
            runs[name].append(measure_one(server, contender, workload, clients, settings.seconds))
        print(f"{workload}, {number + 1} of {settings.pairs}: " + ", ".join(
            f"{name} {runs[name][-1]['tps']:,.0f}/s" for name in chosen), flush=True)
    return runs


def measure(server, scratch, settings, document):
    document["trials"], document["turns"], document["chosen"] = [], {}, {}
    for workload in WORKLOADS:
        chosen = {name: best_of(server, tried, workload, document["trials"])
                  for name, tried in candidates(scratch, workload).items()}
        document["chosen"][workload] = {name: f"{contender.name}, {clients} clients"
                                        if name == "pgbench" else contender.name
                                        for name, (contender, clients) in chosen.items()}
        document["turns"][workload] = in_turns(server, workload, chosen, settings)
    chosen = {name: (pgring_at(scratch, name), 32) for name in (WINDOW, DEPTH_8)}
    document["turns"]["at depth 8"] = in_turns(server, "select-only", chosen, settings)


def ratio(document, turns, name, base, key):
    """A spread, or None where a figure is missing."""
    runs = document["turns"].get(turns, {})
    ratios = [ours[key] / theirs[key] for ours, theirs in zip(runs.get(name, []),
                                                             runs.get(base, []))
              if ours.get(key) and theirs.get(key)]
    return figures.spread(ratios) if ratios else None


# What is asked for: name, at least, goal, whether more is better, and the ratio.
ROWS = (
    ("select-only, multiplexed / pgbench, each at its best", 2.0, 3.0, True,
     ("select-only", "multiplexed", "pgbench", "tps")),
    ("ping, the same", 2.5, 4.0, True, ("ping", "multiplexed", "pgbench", "tps")),
    ("tpcb-like, multiplexed / pipelined, each at its best", 1.0, 1.3, True,
     ("tpcb-like", "multiplexed", "pipelined", "tps")),
    ("tpcb-like, multiplexed / pgbench, each at its best", None, None, True,
     ("tpcb-like", "multiplexed", "pgbench", "tps")),
    ("p99 of select-only, 32 in flight over 4 connections / over 32", 0.6, 0.4, False,
     ("at depth 8", DEPTH_8, WINDOW, "p99_us")),
    ("client CPU per select, the same", 0.4, 0.25, False,
     ("at depth 8", DEPTH_8, WINDOW, "client_us")),
    ("server CPU per select, the same", 0.7, 0.5, False,
     ("at depth 8", DEPTH_8, WINDOW, "server_us")),
)


def report(document):
    """Markdown."""
    lines = ["# Sharing connections", "", f"`{document['command']}`: {document['environment']}",
             "", f"Medians of {figures.runs_text(document)} Ratios with the lowest and the highest "
             "of their pairs.", "", "| figure | ratio | at least | goal | |",
             "|---|---:|---:|---:|---|"]
    for name, least, goal, more_is_better, of in ROWS:
        found = ratio(document, *of)
        shown = found.text() if found else "-"
        if least is None or found is None:
            lines.append(f"| {name} | {shown} | | | |")
            continue
        target = figures.Target(name, least, goal, None, more_is_better)
        lines.append(f"| {name} | {shown} | {least} | {goal} | {target.verdict(found.median)} |")
    lines += ["", "| workload | contender | per second | p99 us | client us | server us |",
              "|---|---|---:|---:|---:|---:|"]
    for turns, by_name in document["turns"].items():
        for name, runs in by_name.items():
            chosen = document["chosen"].get(turns, {}).get(name, name)
            lines.append(f"| {turns} | {chosen} | {_median(runs, 'tps', ',.0f')} | "
                         f"{_median(runs, 'p99_us', ',.0f')} | {_median(runs, 'client_us', '.1f')}"
                         f" | {_median(runs, 'server_us', '.1f')} |")
    return "\n".join(lines) + "\n"


def _median(runs, key, form):
    values = [run[key] for run in runs if run.get(key) is not None]
    return format(statistics.median(values), form) if values else "-"
