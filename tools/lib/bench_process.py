"""Running one program for its figures: output, CPU time, peak memory, and a limit in time.

Whoever runs it is told of a failure with the whole command; nothing started here outlives an
exception, Ctrl-C included.
"""

import os
import pathlib
import shlex
import subprocess
import tempfile
import threading
import time
from typing import NamedTuple

MEMORY_POLL_S = 0.01
STOP_LIMIT_S = 10


class BenchmarkError(Exception):
    """A run that gives no figure; its text says which command and why."""


class Finished(NamedTuple):
    """What a program left behind."""
    exit_code: int
    out: str
    errors: str
    cpu_s: float
    peak_bytes: int


def shown(command):
    return shlex.join(map(str, command))


def peak_memory_bytes(pid):
    """VmHWM of a process, 0 once it is gone.

    Not ru_maxrss: that begins with the memory of the process that started the program, before its
    exec.
    """
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def thread_cpu_s(pid):
    """What the main thread of a running process has used, to the nanosecond."""
    path = pathlib.Path(f"/proc/{pid}/schedstat")
    try:
        return int(path.read_text(encoding="utf-8").split()[0]) / 1e9
    except OSError as error:
        raise BenchmarkError(f"no CPU time from {path} ({error.strerror}): either the process has "
                             "ended or the kernel lacks CONFIG_SCHED_INFO") from error


def _wait_watching_memory(pid):
    peak_bytes = 0
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, usage, peak_bytes
        peak_bytes = max(peak_bytes, peak_memory_bytes(pid))
        time.sleep(MEMORY_POLL_S)


def stop(process):
    """Ends a program that may have ended already."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _collect_lines(stream, on_line, pid):
    lines = []
    for line in stream:
        lines.append(line.decode(errors="replace"))
        on_line(lines[-1], pid)
    return "".join(lines)


def _read_from_start(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def run_process(command, *, accepted=(0,), limit_s=600, watch_memory=False, text="",
                on_error_line=None):
    """Runs a command to its end, with `text` as its input; another exit code is an error.

    `on_error_line` is called with each line on standard error, while it runs, and its process id.
    Peak memory is only measured when asked for: looking at it costs the machine a little.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors, \
            tempfile.TemporaryFile() as given:
        given.write(text.encode())
        given.seek(0)
        try:
            process = subprocess.Popen(list(map(str, command)), stdout=out, stdin=given,
                                       stderr=subprocess.PIPE if on_error_line else errors)
        except OSError as error:
            raise BenchmarkError(f"{shown(command)} could not be started: {error}") from error
        overdue = threading.Timer(limit_s, process.kill)
        overdue.start()
        error_text, peak_bytes = None, 0
        try:
            if on_error_line:
                error_text = _collect_lines(process.stderr, on_error_line, process.pid)
            if watch_memory:
                status, usage, peak_bytes = _wait_watching_memory(process.pid)
            else:
                _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            on_time = overdue.is_alive()
            overdue.cancel()
            stop(process)
            if process.stderr:
                process.stderr.close()
        if error_text is None:
            error_text = _read_from_start(errors)
        finished = Finished(process.returncode, _read_from_start(out), error_text,
                            usage.ru_utime + usage.ru_stime, peak_bytes)
    if not on_time:
        raise BenchmarkError(f"{shown(command)} did not end within {limit_s} s")
    if finished.exit_code not in accepted:
        raise BenchmarkError(f"{shown(command)} failed with exit code {finished.exit_code}: "
                             f"{finished.errors.strip() or finished.out.strip()}")
    return finished
