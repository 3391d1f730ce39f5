"""What tools/flamegraph makes of perf's samples."""

import unittest
import xml.etree.ElementTree

import load_tools  # noqa: F401  (makes the imports below work)
import flame_svg

SAMPLES = """pgring
\tffffffff81a0 unix_stream_sendmsg ([kernel.kallsyms])
\t    55d0 pgring::(anonymous namespace)::KernelBackend::SubmitAndWait(long) (/usr/bin/pgring)
\t    44d0 main (/usr/bin/pgring)

pgring
\t    1b40 PQgetResult (/usr/lib/x86_64-linux-gnu/libpq.so.5.15)
\t    44d0 main (/usr/bin/pgring)

pgring
\t    1b40 PQgetResult (/usr/lib/x86_64-linux-gnu/libpq.so.5.15)
\t    44d0 main (/usr/bin/pgring)

"""


class FlameTest(unittest.TestCase):
    def test_stacks_are_counted_from_the_outermost_function_on(self):
        start = ("all", "libraries")
        main = ("main", "pgring")
        self.assertEqual(flame_svg.read_stacks(SAMPLES), {
            (start, main, ("KernelBackend::SubmitAndWait", "pgring"),
             ("unix_stream_sendmsg", "kernel")): 1,
            (start, main, ("PQgetResult", "libpq")): 2})

    def test_names_lose_their_parameters_and_nothing_else(self):
        for name, shown in (
                ("pgring::TaskPromise<absl::StatusOr<pgring::Result> >::TakeValue()",
                 "TaskPromise::TakeValue"),
                ("operator delete(void*)", "operator delete"), ("[unknown]", "[unknown]")):
            self.assertEqual(flame_svg.without_arguments(name), shown)

    def test_the_picture_is_xml_with_every_function_and_its_share(self):
        drawn = flame_svg.draw(flame_svg.read_stacks(SAMPLES), "a <title>")
        titles = [element.text for element in xml.etree.ElementTree.fromstring(drawn).iter()
                  if element.tag.endswith("title")]
        self.assertIn("PQgetResult: 66.7 % (libpq)", titles)
        self.assertIn("unix_stream_sendmsg: 33.3 % (kernel)", titles)
        self.assertIn("a &lt;title&gt;: 3 samples", drawn)


    def test_a_picture_does_not_publish_a_password(self):
        for shown, given in (
                ("pgring -d 'host=a password=*** user=b'", "pgring -d 'host=a password=s3 user=b'"),
                ("-d password = *** x", "-d password = 'it''s' x".replace("''", "\\'")),
                ("postgres://ann:***@db/app", "postgres://ann:s3cret@db/app"),
                ("postgres://ann@db/app?password=***&x=1",
                 "postgres://ann@db/app?password=s3cret&x=1"),
                ("pgring run -T 5", "pgring run -T 5")):
            self.assertEqual(flame_svg.without_passwords(given), shown)


if __name__ == "__main__":
    unittest.main()
