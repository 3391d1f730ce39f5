"""What HdrHistogram's own HistogramLogProcessor (Java) reads out of latency.hlog, beside --hgrm.

    latency_log_java_test.py SAMPLES PGRING

SAMPLES writes result.json and latency.hlog of one comparison, PGRING is the program. Debian:
libhdrhistogram-java. Skipped where that or Java is missing.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

JAR = pathlib.Path("/usr/share/java/hdrhistogram.jar")
PROCESSOR = "org.HdrHistogram.HistogramLogProcessor"
NANOSECONDS_IN_A_MILLISECOND = "1000000"
SAMPLES, PGRING = sys.argv[1:3]


def percentiles(text):
    """Value in ms and count by percentile, and what the lines with # say."""
    rows = {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) in (3, 4) and re.fullmatch(r"[0-9.]+", parts[0]):
            rows[round(float(parts[1]), 9)] = (float(parts[0]), int(parts[2]))
    said = {name: float(value)
            for name, value in re.findall(r"(Mean|StdDeviation|Max|Total count) *= *([0-9.]+)",
                                          text)}
    return rows, said


@unittest.skipUnless(shutil.which("java") and JAR.exists(), "no Java, or no libhdrhistogram-java")
class LatencyLogJavaTest(unittest.TestCase):
    def test_java_reads_what_was_recorded(self):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            subprocess.run([SAMPLES, name], check=True)
            ours = subprocess.run([PGRING, "report", directory / "result.json", "--hgrm"],
                                  check=True, stdout=subprocess.PIPE, text=True).stdout
            sections = dict(re.findall(r"^#\[([^,\]]+), ms\]\n(.*?)(?=^#\[[^,\]]+, ms\]|\Z)", ours,
                                       re.S | re.M))
            self.assertGreaterEqual(len(sections), 2)
            for scenario, text in sections.items():
                self.compare(directory, scenario, text)

    def compare(self, directory, scenario, text):
        output = directory / "out"
        subprocess.run(["java", "-cp", JAR, PROCESSOR, "-i", directory / "latency.hlog",
                        "-tag", scenario, "-o", output, "-outputValueUnitRatio",
                        NANOSECONDS_IN_A_MILLISECOND],
                       check=True, stdout=subprocess.DEVNULL)
        java_rows, java_said = percentiles(pathlib.Path(f"{output}.hgrm").read_text())
        rows, said = percentiles(text)
        self.assertEqual(rows.keys(), java_rows.keys(), scenario)
        for percentile, (value, count) in rows.items():
            self.assertAlmostEqual(value, java_rows[percentile][0], delta=0.0011, msg=scenario)
            self.assertEqual(count, java_rows[percentile][1], scenario)
        self.assertEqual(said["Total count"], java_said["Total count"], scenario)
        # Java knows buckets where we know values: within their width of 0.1 %.
        for figure in ("Mean", "StdDeviation", "Max"):
            self.assertAlmostEqual(said[figure], java_said[figure],
                                   delta=0.002 + 0.002 * java_said[figure], msg=scenario)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
