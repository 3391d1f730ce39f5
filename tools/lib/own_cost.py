"""Compares what pgring's own code costs in two builds: their microbenchmarks, in turns.

A difference is real when 1 lies outside of the interval for the median of the ratios: between two
of the sorted ratios that hold the median with a probability of at least 95 % (binomial).
"""

import json
import pathlib
import statistics

from bench_process import BenchmarkError, run_process
from median_interval import median_interval

PROGRAMS = {"reactor_benchmark": "^(BmWholeOperation|BmAwaitTask)$", "step_benchmark": "."}
LEAST_S = 0.2


def costs_ns(build):
    """CPU time per item by benchmark, of the programs that this build has."""
    costs = {}
    for program, only in PROGRAMS.items():
        path = pathlib.Path(build) / "tests" / "benchmarks" / program
        if not path.exists():
            continue
        text = run_process([path, f"--benchmark_filter={only}", "--benchmark_format=json",
                            f"--benchmark_min_time={LEAST_S}"]).out
        for row in json.loads(text)["benchmarks"]:
            # Of a benchmark without a count of items, one iteration is one.
            items = row.get("items_per_second")
            costs[row["name"]] = 1e9 / items if items else row["cpu_time"]
    if not costs:
        raise BenchmarkError(f"{build} has no benchmarks; ninja -C {build} builds them")
    return costs


def verdict(interval):
    if interval is None:
        return "too few pairs"
    if interval[0] <= 1 <= interval[1]:
        return "no difference shown"
    return "slower" if interval[0] > 1 else "faster"


def compare(before, after, pairs):
    """Yields lines: progress, then a table."""
    runs = {before: [], after: []}
    for pair in range(pairs):
        for build in (before, after) if pair % 2 == 0 else (after, before):
            runs[build].append(costs_ns(build))
        yield f"pair {pair + 1} of {pairs}"
    names = [name for name in runs[before][0] if name in runs[after][0]]
    yield (f"\nCPU time per item, medians of {pairs} pairs in turns; ratio: {after} / {before}\n\n"
           "| benchmark | before ns | after ns | ratio (95 % interval) | |\n"
           "|---|---:|---:|---:|---|")
    for name in names:
        old = [costs[name] for costs in runs[before]]
        new = [costs[name] for costs in runs[after]]
        ratios = [theirs / ours for ours, theirs in zip(old, new)]
        interval = median_interval(ratios)
        shown = f" ({interval[0]:.2f}-{interval[1]:.2f})" if interval else ""
        yield (f"| {name} | {statistics.median(old):.1f} | {statistics.median(new):.1f} | "
               f"{statistics.median(ratios):.2f}{shown} | {verdict(interval)} |")
