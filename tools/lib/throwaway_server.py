"""The throwaway server that a measurement runs against, and what its processes have used.

It is `pgring server`, which ends with this process whatever happens. Transports: "socket" (Unix),
"tcp" and "tls" (127.0.0.1; libpq would take TLS by itself where it is offered, so both say which).
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time
from typing import NamedTuple

from bench_process import BenchmarkError, run_process, stop

TRANSPORTS = ("socket", "tcp", "tls")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
WAIT_LIMIT_S = 60
INTERRUPT_GRACE_S = 2


class Usage(NamedTuple):
    """What the server's sessions have used since it began."""
    cpu_s: float
    transactions: int

    def since(self, before):
        return Usage(self.cpu_s - before.cpu_s, self.transactions - before.transactions)


def _wait_until(condition, what):
    deadline_s = time.monotonic() + WAIT_LIMIT_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise BenchmarkError(f"waited {WAIT_LIMIT_S} s in vain until {what}")
        time.sleep(0.005)


def _stat_fields(pid):
    """The fields of /proc/PID/stat after the name: state, parent, ...; none once it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


class ThrowawayServer:
    """Use it in a `with`: its end is the server's end."""

    def __init__(self, pgring, max_connections):
        command = [str(pgring), "server", "--tcp", "0", "--max-connections", str(max_connections)]
        try:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        except OSError as error:
            raise BenchmarkError(f"{' '.join(command)} could not be started: {error}") from error
        try:
            self.socket = self._process.stdout.readline().strip()
            self._network = self._process.stdout.readline().strip()
            if not self._network:
                raise BenchmarkError(f"{' '.join(command)} did not start")
            self.data_directory = pathlib.Path(self.ask("SHOW data_directory"))
            first_line = (self.data_directory / "postmaster.pid").read_text().split()[0]
            self._postmaster = int(first_line)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        # A terminal's Ctrl-C reaches the server as well, and to it a second signal means: at once,
        # without tidying up.
        if kind is KeyboardInterrupt:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(INTERRUPT_GRACE_S)
        self.stop()

    def stop(self):
        stop(self._process)
        self._process.stdout.close()

    def run_sql(self, text, conninfo=None):
        """Runs statements, each on its own, or none; returns what they print."""
        if not text:
            return ""
        command = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", conninfo or self.socket]
        return run_process(command, text=text).out.strip()

    ask = run_sql

    def conninfo(self, transport):
        return {"socket": self.socket, "tcp": f"{self._network} sslmode=disable",
                "tls": f"{self._network} sslmode=require"}[transport]

    def enable_tls(self):
        """With a certificate made now; returns the protocol and cipher that sessions get."""
        if not shutil.which("openssl"):
            raise BenchmarkError("TLS needs openssl for a certificate, and there is none; install "
                                 "it, or leave tls out of --transports")
        key, certificate = (self.data_directory / name for name in ("server.key", "server.crt"))
        run_process(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                     "-subj", "/CN=localhost", "-keyout", key, "-out", certificate])
        key.chmod(0o600)
        if os.geteuid() == 0:
            owner = self.data_directory.stat()
            for path in (key, certificate):
                os.chown(path, owner.st_uid, owner.st_gid)
        self.run_sql("ALTER SYSTEM SET ssl = on;\nSELECT pg_reload_conf();\n")
        _wait_until(lambda: self.ask("SHOW ssl") == "on", "the server had TLS on")
        used = self.ask("SELECT version || ', ' || cipher FROM pg_stat_ssl WHERE ssl AND"
                        " pid = pg_backend_pid()", self.conninfo("tls"))
        if not used:
            raise BenchmarkError("a session with sslmode=require is not encrypted")
        return used

    def usage(self):
        """Of the postmaster and all its processes that have ended; waits for the last session.

        Processes, not pg_stat_activity: a session leaves that before it has ended and is counted.
        """
        _wait_until(lambda: not self._has_sessions(), "the last session had ended")
        ticks = _stat_fields(self._postmaster)[11:15]
        transactions = self.ask("SELECT xact_commit + xact_rollback FROM pg_stat_database"
                                " WHERE datname = current_database()")
        return Usage(sum(map(int, ticks)) / TICKS_PER_SECOND, int(transactions))

    def _has_sessions(self):
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            fields = _stat_fields(entry.name)
            if not fields or int(fields[1]) != self._postmaster:
                continue
            try:
                title = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            # A process that has ended and was not waited for yet has no title.
            if not title or "[local]" in title or "127.0.0.1(" in title:
                return True
        return False
