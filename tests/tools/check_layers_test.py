"""Which #includes the layers allow."""

import unittest

from load_tools import load_script

layers = load_script("check-layers")


def problems(name, text, exists=lambda path: True):
    return [message for _, message in layers.check_source(name, text, exists)]


class Layers(unittest.TestCase):
    def test_allowed(self):
        for name, include in (
                ("src/metrics/a.cc", '"pgring/base/clock.h"'),
                ("src/metrics/a.cc", '"pgring/metrics/histogram.h"'),
                ("include/pgring/coro/a.h", '"pgring/uring/reactor.h"'),
                ("src/cli/main.cc", '"run/comparison.h"'),
                ("src/report/a.cc", '"run/plan.h"'),
                ("src/report/a.cc", '"run/comparison_result.h"'),
                ("src/report/a.cc", '"report/b.h"'),
                ("src/run/a.cc", '"workload/family.h"'),
                ("src/uring/a.cc", "<liburing.h>"),
                ("include/pgring/postgres/a.h", "<libpq-fe.h>"),
                ("src/cluster/a.cc", "<libpq-fe.h>"),
                ("src/run/a.cc", '"absl/status/status.h"'),
                ("tests/base/a_test.cc", '"run/plan.h"'),
                ("tests/base/a_test.cc", "<liburing.h>")):
            with self.subTest(f"{name} {include}"):
                self.assertEqual(problems(name, f"#include {include}\n"), [])

    def test_forbidden(self):
        for name, include in (
                ("src/base/a.cc", '"pgring/metrics/histogram.h"'),
                ("src/metrics/a.cc", '"pgring/uring/reactor.h"'),
                ("src/uring/a.cc", '"pgring/coro/task.h"'),
                ("src/cluster/a.cc", '"pgring/postgres/session.h"'),
                ("src/workload/a.cc", '"run/plan.h"'),
                ("src/report/a.cc", '"run/comparison.h"'),
                ("src/report/a.cc", '"pgring/uring/reactor.h"'),
                ("src/run/a.cc", '"cli/options.h"'),
                ("src/run/a.cc", '"report/json.h"'),
                ("src/base/build_info.cc.in", '"run/plan.h"'),
                ("include/pgring/postgres/a.h", '"postgres/steps.h"'),
                ("src/run/a.cc", '"plan.h"'),
                ("src/run/a.cc", '"../run/plan.h"'),
                ("src/run/a.cc", '"pgring/nothing/a.h"'),
                ("src/run/a.cc", "<pgring/base/clock.h>"),
                ("src/coro/a.cc", "<liburing.h>"),
                ("src/coro/a.cc", "<liburing/io_uring.h>"),
                ("src/run/a.cc", "<libpq-fe.h>"),
                ("src/extra/a.cc", '"pgring/base/clock.h"')):
            with self.subTest(f"{name} {include}"):
                self.assertEqual(len(problems(name, f"#include {include}\n")), 1)

    def test_missing_header(self):
        found = problems("src/run/a.cc", '#include "run/gone.h"\n', lambda path: False)
        self.assertEqual(found, ['"run/gone.h" does not exist'])

    def test_line_and_odd_spacing(self):
        text = '/* #include "cli/a.h"\n */\n\n  #  include   "cli/a.h"\n'
        self.assertEqual([line for line, _ in
                          layers.check_source("src/run/a.cc", text, lambda path: True)], [4])

    def test_commented_out(self):
        self.assertEqual(problems("src/run/a.cc", '/* once:\n#include "cli/a.h"\n*/\n'), [])

    def test_table_runs_from_the_bottom_up(self):
        above = set()
        for layer, may_use in layers.LAYERS.items():
            self.assertLessEqual(set(may_use), above)
            above.add(layer)


if __name__ == "__main__":
    unittest.main()
