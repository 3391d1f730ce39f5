"""What tools/bench reads from pgbench and pgring, and what it says when they fail."""

import json
import unittest

import load_tools  # noqa: F401  (makes the imports below work)
import contenders
from bench_process import BenchmarkError, Finished, run_process

PGBENCH_SAYS = """number of transactions actually processed: {done}
number of failed transactions: {failed} (0.000%)
initial connection time = 500.000 ms
tps = {tps} (without initial connection time)
"""


def finished(**figures):
    said = PGBENCH_SAYS.format(**{"done": 3500, "failed": 0, "tps": 1000.0, **figures})
    return Finished(0, said, "", 0.5, 0)


class PgbenchTest(unittest.TestCase):
    def test_figures_of_a_whole_run(self):
        self.assertEqual(contenders.pgbench_figures(["pgbench"], finished()),
                         {"tps": 1000.0, "done": 3500, "cpu_s": 0.5, "connect_s": 0.5})

    def test_failed_or_no_transactions_are_an_error_with_the_command(self):
        for figures in ({"failed": 3}, {"done": 0}, {"tps": "none"}):
            with self.assertRaisesRegex(BenchmarkError, "pgbench -c 'two words'"):
                contenders.pgbench_figures(["pgbench", "-c", "two words"], finished(**figures))


class WarmUpTest(unittest.TestCase):
    def watch(self, *lines, warmup_s=2):
        watch = contenders.WarmUpWatch(warmup_s)
        for line in lines:
            watch.line(line, "self")
        return watch

    def test_what_was_done_in_the_warm_up_counts_nowhere(self):
        """pgbench has no warm-up: at 500 clients its own figure for `family` was 2,304 a second,
        of a run whose last seconds did 3,800, and pgring, which has one, looked twice as fast."""
        watch = self.watch("progress: 1.0 s, 100.0 tps, lat 1 ms", "a warning of the server's",
                           "progress: 2.0 s, 400.0 tps, lat 1 ms",
                           "progress: 3.0 s, 1500.0 tps, lat 1 ms")
        run = watch.after({"tps": 1000.0, "done": 3500, "cpu_s": watch.cpu_s + 3,
                           "connect_s": 0.5})
        # 0.5 s to connect and 3.5 s of transactions, of which 2 s and 500 are the warm-up.
        self.assertEqual((run["tps"], run["done"]), (1500.0, 3000))
        self.assertAlmostEqual(run["cpu_s"], 3)

    def test_a_late_line_ends_a_longer_warm_up(self):
        watch = self.watch("progress: 2.5 s, 100.0 tps, lat 1 ms")
        self.assertEqual((watch.ended_s, watch.done), (2.5, 250.0))

    def test_no_figure_when_the_run_ended_before_its_warm_up(self):
        run = {"tps": 1000.0, "done": 3500, "cpu_s": 3, "connect_s": 0.5}
        self.assertIsNone(self.watch("progress: 1.0 s, 100.0 tps, lat 1 ms").after(run))
        self.assertIsNone(self.watch("progress: 2.0 s, 1750.0 tps, lat 1 ms").after(run))

    def test_both_programs_have_the_same_warm_up(self):
        pgbench, pgring = contenders.warmup_s(32), contenders.warmup_s(500)
        self.assertIsInstance(pgbench, int)
        self.assertGreater(pgring, pgbench)


class PgringTest(unittest.TestCase):
    def run_saying(self, text, exit_code=0):
        return contenders.run_pgring(["sh", "-c", f"echo '{text}'; exit {exit_code}"])

    def test_a_valid_run(self):
        self.assertEqual(self.run_saying(json.dumps({"runs": [{"valid": True}]}))[0],
                         {"valid": True})

    def test_an_invalid_run_is_an_error_with_command_and_reasons(self):
        result = json.dumps({"runs": [{"valid": False, "reasons": ["lost one", "no build"]}]})
        with self.assertRaisesRegex(BenchmarkError, "^sh -c .* is not valid: lost one; no build$"):
            self.run_saying(result, contenders.EXIT_INVALID)

    def test_no_result_is_an_error(self):
        for text in ("", "{}", "{\"runs\": []}", "not JSON"):
            with self.assertRaisesRegex(BenchmarkError, "^sh -c .* printed no result"):
                self.run_saying(text)


class ProcessTest(unittest.TestCase):
    def test_input_output_and_lines_on_standard_error(self):
        lines = []
        done = run_process(["sh", "-c", "cat; echo one >&2; echo two >&2"], text="in",
                           on_error_line=lambda line, _: lines.append(line))
        self.assertEqual((done.out, done.errors, lines), ("in", "one\ntwo\n", ["one\n", "two\n"]))

    def test_a_failure_names_the_command(self):
        with self.assertRaisesRegex(BenchmarkError, "^sh -c .* with exit code 5: why$"):
            run_process(["sh", "-c", "echo why >&2; exit 5"])
        self.assertEqual(run_process(["sh", "-c", "exit 5"], accepted=(5,)).exit_code, 5)
        with self.assertRaisesRegex(BenchmarkError, "^no-such-program could not be started"):
            run_process(["no-such-program"])

    def test_what_does_not_end_is_ended(self):
        with self.assertRaisesRegex(BenchmarkError, "^sleep 1000 did not end within 0.05 s$"):
            run_process(["sleep", "1000"], limit_s=0.05)

    def test_peak_memory_is_the_program_s_own(self):
        """ru_maxrss of a program begins with that of its parent: pgbench seemed to need nothing
        for a connection, because this interpreter was larger than it."""
        ballast = b"x" * (64 << 20)
        peak_bytes = run_process(["sleep", "0.2"], watch_memory=True).peak_bytes
        self.assertGreater(peak_bytes, 0)
        self.assertLess(peak_bytes, len(ballast) / 2)


if __name__ == "__main__":
    unittest.main()
