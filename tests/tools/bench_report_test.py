"""What tools/bench makes of its runs: ratios, targets, tables and the graph."""

import unittest
import xml.etree.ElementTree

import load_tools  # noqa: F401  (makes the imports below work)
import bench_figures as figures
import bench_runs
import bench_svg
import bench_tables

SVG = "{http://www.w3.org/2000/svg}"


def run(tps, client_us=10.0, **more):
    return {"tps": tps, "client_us": client_us, "server_us": 20.0, "done": 100, **more}


def case(workload="ping", transport="socket", clients=32, **runs):
    return {"workload": workload, "transport": transport, "clients": clients,
            "runs": {name.replace("_", " "): found for name, found in runs.items()}}


def document(*cases, **more):
    return {"command": "tools/bench", "environment": "PostgreSQL <15> & Linux.",
            "notes": ["a note"], "settings": {"pairs": 2, "seconds": 3}, "cases": list(cases),
            "memory": {}, "own_cost_ns": None, **more}


class FiguresTest(unittest.TestCase):
    def test_a_ratio_is_that_of_neighbouring_runs(self):
        # Of the medians it would be 200 / 200.
        found = figures.ratio(case(pgbench=[run(100), run(200), run(400)],
                                   pgring=[run(150), run(200), run(1600)]), "pgring", "tps")
        self.assertEqual(found, (1.5, 1.0, 4.0))
        self.assertEqual(found.text(), "1.50 (1.00-4.00)")

    def test_a_run_without_its_neighbour_counts_nowhere(self):
        found = figures.ratio(case(pgbench=[run(100), run(100)], pgring=[run(150)]), "pgring",
                              "tps")
        self.assertEqual(found, (1.5, 1.5, 1.5))
        self.assertIsNone(figures.ratio(case(pgbench=[run(100)], pgring=[]), "pgring", "tps"))
        self.assertIsNone(figures.ratio(case(pgbench=[run(0)], pgring=[run(1)]), "pgring", "tps"))

    def test_contenders_without_runs_are_left_out(self):
        self.assertEqual(figures.contenders(case(pgbench=[run(1)], pgring=[run(1)], other=[])),
                         ["pgring"])


class TargetsTest(unittest.TestCase):
    def rows(self, measured):
        lines = bench_tables.targets_table(measured).splitlines()[2:]
        return {cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
                for cells in (line.split("|") for line in lines)}

    def test_verdicts(self):
        name = "throughput / pgbench, ping, 32 clients, socket"
        for tps, verdict in ((111, "goal reached"), (100, "reached"), (99, "missed")):
            rows = self.rows(document(case(pgbench=[run(100)], pgring=[run(tps)])))
            self.assertEqual(rows[name][-1], verdict)
        self.assertEqual(rows[name][:3], ["0.99 (0.99-0.99)", "1", "1.1"])

    def test_verdicts_where_less_is_better(self):
        name = "client CPU / pgbench, select-only, 32 clients, socket"
        for cpu_us, verdict in ((5, "goal reached"), (6.5, "reached"), (6.6, "missed")):
            rows = self.rows(document(case("select-only", pgbench=[run(1)],
                                           pgring=[run(1, cpu_us)])))
            self.assertEqual(rows[name][-1], verdict)

    def test_pipelining_is_a_contender_of_its_own(self):
        measured = document({**case("tpcb-like"), "runs": {
            "pgbench": [run(100)], "pgring": [run(100)], figures.PIPELINE: [run(130)]}})
        self.assertEqual(self.rows(measured)[
            "throughput / pgbench, tpcb-like, 32 clients, socket, --pipeline"][0],
            "1.30 (1.30-1.30)")

    def test_memory_in_kibibytes(self):
        rows = self.rows(document(memory={"pgring": {"500": 1, "1900": 64 * 1024}}))
        self.assertEqual(rows["client memory per connection, 1,900 connections, whole process"],
                         ["64.0 KiB", "64 KiB", "40 KiB", "reached"])

    def test_what_was_not_measured_says_so(self):
        for cells in self.rows(document()).values():
            self.assertEqual((cells[0], cells[-1]), ("not measured", "-"))


class TablesTest(unittest.TestCase):
    def test_a_row_for_each_contender(self):
        table = bench_tables.cases_table([case(
            pgbench=[run(1000, 10)], pgring=[run(1500, 5, enters=0.25, io="completion")],
            pgring_sync=[run(900, 11, enters=None, io=None)])])
        rows = table.splitlines()
        self.assertEqual(rows[2], "| ping | socket | 32 | pgring | 1,500 | 1,000 | "
                         "1.50 (1.50-1.50) | 5.0 | 10.0 | 0.50 (0.50-0.50) | 20.0 | 20.0 | 0.25 | "
                         "completion |")
        self.assertTrue(rows[3].endswith("| - | - |"), rows[3])
        self.assertEqual({row.count("|") for row in rows}, {15})

    def test_a_whole_report(self):
        report = bench_tables.report(document(
            case(pgbench=[run(1)], pgring=[run(1)]), memory={"pgbench": {"500": 2048}},
            own_cost_ns=400.4))
        for text in ("2 pairs of runs of 3 s", "- a note", "| pgbench | 500 | 2.0 |", "400 ns",
                     "## Targets"):
            self.assertIn(text, report)


class GraphTest(unittest.TestCase):
    def draw(self, *cases):
        return xml.etree.ElementTree.fromstring(bench_svg.draw(document(*cases)))

    def marks(self, *cases):
        """Where the points of the first row are drawn."""
        drawn = [path.get("d") for path in self.draw(*cases).iter(f"{SVG}path")
                 if "dot" in path.get("class")]
        return [tuple(map(float, path[1:].split("m")[0].split())) for path in drawn]

    def test_well_formed_whatever_was_measured(self):
        pair = {"pgbench": [run(1), run(1)], "pgring": [run(1.2), run(1.4)],
                figures.PIPELINE: [run(2), run(2)]}
        self.draw()
        self.draw(case(pgbench=[run(1)], pgring=[]))
        self.draw(case(pgbench=[run(1)], pgring=[run(1)]))
        self.draw(*({**case(workload, transport, clients), "runs": pair}
                    for workload in ("ping", "tpcb-like") for transport in ("tls", "socket", "tcp")
                    for clients in (500, 1)))

    def test_more_is_higher_and_more_clients_stand_to_the_right(self):
        (x, y), (other_x, other_y) = self.marks(
            case(clients=8, pgbench=[run(100)], pgring=[run(100)]),
            case(clients=32, pgbench=[run(100)], pgring=[run(150)]))[:2]
        self.assertLess(x, other_x)
        self.assertGreater(y, other_y)

    def test_the_axis_holds_one_and_every_bar(self):
        for values in ((0.42, 0.9), (1.3, 2.6), (1.0, 1.0), (0.01, 30.0)):
            series = bench_svg.Series("socket", "pgring", [(1, figures.spread(values))])
            low, high, step = bench_svg.scale([series])
            self.assertLessEqual(low, min(1.0, *values))
            self.assertGreaterEqual(high, max(1.0, *values))
            self.assertLess(low, high)
            self.assertLessEqual(round((high - low) / step), bench_svg.MOST_TICKS)


class TurnsTest(unittest.TestCase):
    def test_every_other_turn_is_the_other_way_round(self):
        self.assertEqual([bench_runs.in_turn([1, 2, 3], number) for number in range(3)],
                         [[1, 2, 3], [3, 2, 1], [1, 2, 3]])


if __name__ == "__main__":
    unittest.main()
