"""What tests/tools/check_results.py says of files result.json, good ones and bad ones."""

import json
import pathlib
import unittest

import load_tools  # noqa: F401  (keeps Python from writing compiled files)
import check_results

SCHEMA = pathlib.Path(__file__).resolve().parents[1] / "golden" / "result-2.schema.json"


def made(definition, /, **known):
    """Returns an object with all keys that the schema wants; null where nothing else is said."""
    schema = DEFINITIONS.get(definition, WHOLE)
    return {key: known.get(key) for key in schema["required"]}


WHOLE = json.loads(SCHEMA.read_text(encoding="utf-8"))
DEFINITIONS = WHOLE["definitions"]

NO_LATENCY = made("latency_ns", count=0)
LATENCIES = {part: NO_LATENCY for part in DEFINITIONS["latency_parts"]["required"]}
COUNTS = {"scheduled": 3, "succeeded": 2, "failed": 1, "skipped": 0, "failures": {"40001": 1}}
SCENARIO = {"scenario": "sync", "driver": "blocking", "limiter": {"kind": "one", "limit": 1},
            "pool": {"size": 1, "max_overflow": 0, "timeout_s": 0.0}, "pipeline": False}
CLIENT = made("client", voluntary_switches=0, involuntary_switches=0)
SECONDS = {"interval_s": 1, "t_s": [0, 2], "succeeded": [1, 1], "p50_ns": [5, 5],
           "p99_ns": [None, None]}
FIGURES = {"scenario": "sync", "valid": True, "reasons": [], "wall_s": 3.0, "operations": COUNTS,
           "throughput_per_s": 0.7, "latency_ns": LATENCIES, "histograms": made("histograms"),
           "seconds": SECONDS, "client": CLIENT}
ESTIMATE = {"median": 0.7, "interval": None, "n": 1, "method": "median"}


def good_result():
    """One block of one scenario."""
    run = made("run", **{
        **SCENARIO, **FIGURES, "io": {"mode": None, "setup": None}, "warnings": [],
        "operations": {**COUNTS, "by_kind": {"read": {**COUNTS, "latency_ns": LATENCIES}}},
        "connections": made("connections", requested=1, opened=1, refused=0, opened_before=0,
                            connect_ns=NO_LATENCY, peak_open=1, peak_in_use=1,
                            timeline={"t_s": [0.0], "open": [0], "in_use": [0], "waiting": [0]}),
        "rows_read": 0, "rows_checksum": "0123456789abcdef",
        "summary": made("summary", throughput_per_s=ESTIMATE)})
    environment = made("environment", cpu={"model": None, "count": 2}, settings={"fsync": "on"})
    plan = {
        "arguments": [], "io": "readiness", "scenarios": [SCENARIO],
        "workload": made("family_workload", name="family", operations=3, write_ratio=0.5, seed=42,
                         statements="batched", fk_index=False, print_rows=False),
        "load": made("load", connect="lazily", warmup_s=0, ramp_s=0, max_tries=1,
                     max_failed_share=1, allow_unstable=False, exit_on_abort=False),
        "repeat": {"blocks": None, "until_percent": 2.0, "max_blocks": 20},
        "target": {"throwaway": True, "description": None, "address": None}}
    result = made("whole", schema="pgring/result/2", tool=made("tool", name="pgring"),
                  environment=environment, plan=plan, interrupted=False, in_short=[], runs=[run],
                  blocks=[{"whole": True, "runs": [made("block_run", **FIGURES)]}])
    # So that no part is in two places.
    return json.loads(json.dumps(result))


class CheckResults(unittest.TestCase):
    def setUp(self):
        self.result = good_result()
        self.run_of_result = self.result["runs"][0]
        self.run_of_block = self.result["blocks"][0]["runs"][0]

    def problems(self):
        found = check_results.problems(check_results.Validator(WHOLE), json.dumps(self.result))
        return [f"{check_results.json_path(path)}: {message}" for path, message in found]

    def test_a_good_file(self):
        self.assertEqual(self.problems(), [])

    def test_keys_that_appear_only_sometimes(self):
        self.run_of_result.update(late=0, unstable=False, aborted_clients=1)
        self.assertEqual(self.problems(), [])

    def test_a_missing_key(self):
        del self.run_of_block["server"]
        self.assertEqual(self.problems(),
                         ["$.blocks[0].runs[0]: 'server' is a required property"])

    def test_an_unknown_key(self):
        self.run_of_result["client"]["colour"] = 1
        self.assertRegex(self.problems()[0], r"^\$\.runs\[0\]\.client: .*'colour' was unexpected")

    def test_a_wrong_value(self):
        for key, value in (("rows_checksum", "0123"), ("driver", "hybrid"), ("wall_s", 0),
                           ("rows_read", None), ("late", -1)):
            with self.subTest(key):
                self.setUp()
                self.run_of_result[key] = value
                self.assertRegex("\n".join(self.problems()), rf"^\$\.runs\[0\]\.{key}: [^\n]+$")

    def test_a_wrong_figure_in_an_array(self):
        for value in (-1, 0.5, True, None):
            with self.subTest(value):
                self.run_of_result["connections"]["timeline"]["open"] = [value]
                self.assertRegex("\n".join(self.problems()),
                                 r"^\$\.runs\[0\]\.connections\.timeline\.open\[0\]: [^\n]+$")

    def test_wrong_sums(self):
        self.run_of_result["operations"]["skipped"] = 1
        self.assertEqual(self.problems(), [
            "$.runs[0].operations: scheduled is 3, but 4 operations ended",
            "$.runs[0].operations.skipped: is 1, but 0 in all kinds together"])
        self.setUp()
        self.run_of_block["seconds"]["succeeded"] = [1, 2]
        self.assertEqual(self.problems(), [
            "$.blocks[0].runs[0].seconds.succeeded: adds up to 3, but 2 operations succeeded"])

    def test_arrays_of_different_lengths(self):
        self.run_of_result["seconds"]["p99_ns"].append(None)
        self.assertEqual(self.problems(), [
            "$.runs[0].seconds: arrays of different lengths: t_s 2, succeeded 2, p50_ns 2, "
            "p99_ns 3"])

    def test_blocks_and_the_plan(self):
        self.run_of_block["scenario"] = "window"
        self.run_of_result["summary"]["throughput_per_s"]["n"] = 2
        self.assertEqual(self.problems(), [
            "$.runs[0].summary.throughput_per_s.n: is 2, but 1 blocks are whole",
            "$.blocks[0].runs[0].scenario: 'window' is no scenario of the plan"])

    def test_what_is_no_json(self):
        validator = check_results.Validator(WHOLE)
        for text in ("", "{", "[NaN]", b"\xff"):
            with self.subTest(text):
                self.assertIn("is not JSON", check_results.problems(validator, text)[0][1])


if __name__ == "__main__":
    unittest.main()
