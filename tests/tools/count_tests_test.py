"""The closing counts of tools/test, above all when a test program dies."""

import json
import pathlib
import tempfile
import unittest

import load_tools  # noqa: F401  (makes the import below work)
import count_tests

CASES = """<testsuites><testsuite>
<testcase name="a" status="run"/><testcase name="b" status="run"/>
{}</testsuite></testsuites>"""


class CountTest(unittest.TestCase):
    def count(self, result, report=None, name="pgring:unit / pool_test"):
        with tempfile.TemporaryDirectory() as folder:
            if report is not None:
                (pathlib.Path(folder) / "pool_test.xml").write_text(report, encoding="utf-8")
            entry = json.loads(json.dumps({"name": name, "result": result}))
            return count_tests.count_test(pathlib.Path(folder), entry)

    def test_cases_of_a_program(self):
        self.assertEqual(self.count("OK", CASES.format("")), [2, 0, 0])
        self.assertEqual(self.count("OK", CASES.format(""), "pool_test"), [2, 0, 0])

    def test_failed_skipped_and_disabled_cases(self):
        extra = ('<testcase name="c" status="run"><failure/></testcase>'
                 '<testcase name="d" status="run"><skipped/></testcase>'
                 '<testcase name="e" status="notrun"/>')
        self.assertEqual(self.count("FAIL", CASES.format(extra)), [2, 1, 1])

    def test_a_crash_is_a_failure_whatever_the_cases_say(self):
        self.assertEqual(self.count("FAIL", CASES.format("")), [2, 1, 0])
        self.assertEqual(self.count("TIMEOUT"), [0, 1, 0])
        self.assertEqual(self.count("ERROR"), [0, 1, 0])

    def test_a_report_cut_short_counts_by_the_verdict(self):
        self.assertEqual(self.count("FAIL", "<testsuites><test"), [0, 1, 0])

    def test_programs_without_a_report(self):
        self.assertEqual(self.count("OK"), [1, 0, 0])
        self.assertEqual(self.count("SKIP"), [0, 0, 1])


if __name__ == "__main__":
    unittest.main()
