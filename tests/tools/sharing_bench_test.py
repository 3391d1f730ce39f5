"""What tools/bench --multiplexed makes of its runs."""

import pathlib
import unittest

import load_tools  # noqa: F401  (makes the imports below work)
import sharing_bench
from contenders import Pgbench


def document():
    def runs(*tps):
        return [{"tps": figure, "client_us": 1e5 / figure, "server_us": 2e5 / figure,
                 "p99_us": 1e6 / figure} for figure in tps]
    return {"command": "tools/bench", "environment": "here", "chosen": {},
            "settings": {"pairs": 3, "seconds": 2},
            "turns": {"select-only": {"pgbench": runs(100, 110, 90),
                                      "multiplexed": runs(200, 275, 270)},
                      "at depth 8": {sharing_bench.WINDOW: runs(100, 100, 100),
                                     sharing_bench.DEPTH_8: runs(200, 200, 200)}}}


class SharingTest(unittest.TestCase):
    def test_ratios_are_of_neighbours(self):
        found = sharing_bench.ratio(document(), "select-only", "multiplexed", "pgbench", "tps")
        self.assertEqual(tuple(found), (2.5, 2.0, 3.0))

    def test_report_says_what_is_reached_and_what_was_not_measured(self):
        text = sharing_bench.report(document())
        self.assertIn("| select-only, multiplexed / pgbench, each at its best | 2.50 (2.00-3.00) "
                      "| 2.0 | 3.0 | reached |", text)
        self.assertIn("| ping, the same | - | | | |", text)
        self.assertIn("over 32 | 0.50 (0.50-0.50) | 0.6 | 0.4 | reached |", text)

    def test_pgbench_has_no_more_threads_than_clients(self):
        for contender, clients in sharing_bench.candidates(None, "ping")["pgbench"]:
            self.assertIsInstance(contender, Pgbench)
            command = contender.command("", "select-only", clients, [])
            self.assertLessEqual(int(command[command.index("-j") + 1]), clients)

    def test_a_scenario_names_its_own_limit(self):
        groups = sharing_bench.candidates(pathlib.Path("/tmp"), "tpcb-like")
        contender, limit = groups["multiplexed"][0]
        self.assertNotIn("-c", contender.command("", "tpcb-like", limit, []))


if __name__ == "__main__":
    unittest.main()
