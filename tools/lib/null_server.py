"""The null server, which answers SELECT 1 from memory: tests/support/null_server.cc.

It runs on the last processor and its clients on the first, so that neither takes the other's time;
what the real server behind it does is over before anything is measured.
"""

import os
import pathlib
import re
import subprocess
import tempfile

from bench_process import BenchmarkError, stop

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ROOT / "build" / "tests" / "benchmarks"
NULL = "null"


def pinned(processor, command):
    return ["taskset", "-c", str(processor), *command]


def pinned_client(command):
    return pinned(0, command)


class NullServer:
    """Use it in a `with`, within that of the throwaway server that it passes on to."""

    def __init__(self, server):
        directory, port = re.search(r"host=(\S+) port=(\d+)", server.socket).groups()
        self._directory = tempfile.TemporaryDirectory(prefix="pgring-null-")
        command = pinned(os.cpu_count() - 1,
                         [str(BENCHMARKS / "null_server"), self._directory.name,
                          f"{directory}/.s.PGSQL.{port}"])
        try:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        except OSError as error:
            raise BenchmarkError(f"{command[0]} could not be started: {error}") from error
        if self._process.stdout.readline().strip() != "ready":
            raise BenchmarkError(f"{' '.join(command)} did not start")
        self.conninfo = f"host={self._directory.name} port=5432 user=postgres dbname=postgres"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self._process)
        self._process.stdout.close()
        self._directory.cleanup()
