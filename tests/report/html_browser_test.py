"""report.html in Chromium: no error in its console, no request, charts that are drawn, and nothing
that runs or is shown because a text of foreign origin says so.

    html_browser_test.py HTML_SAMPLES    the program that writes the pages

Skipped, with a line, where there is no Chromium.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from browser import Browser, find_browser  # pylint: disable=wrong-import-position

SAMPLES = None
SKIPPED = 77
FAULTS = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
PAGES = ("compare", "repeats", "tune", "hostile")


def faults_of(events):
    return [event for event in events if event.get("method") in FAULTS]


def requests_of(events, page):
    """Every request but the one for the page itself."""
    urls = [event["params"]["request"]["url"] for event in events
            if event.get("method") == "Network.requestWillBeSent"]
    return [url for url in urls if url != page.resolve().as_uri()]


class HtmlBrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="pgring-html-")
        subprocess.run([SAMPLES, cls.directory.name], check=True)
        cls.browser = Browser(find_browser())

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.directory.cleanup()

    def page(self, name):
        return pathlib.Path(self.directory.name) / f"{name}.html"

    def test_no_error_and_no_request(self):
        for name in PAGES:
            events = self.browser.open(self.page(name))
            self.assertEqual(faults_of(events), [], name)
            self.assertEqual(requests_of(events, self.page(name)), [], name)

    def test_every_chart_is_drawn_in_place_of_its_picture(self):
        for name in PAGES:
            self.browser.open(self.page(name))
            charts = self.browser.value("document.querySelectorAll('figure.chart').length")
            drawn = self.browser.value("document.querySelectorAll('.live canvas').length")
            self.assertGreater(charts, 0, name)
            self.assertEqual(drawn, charts, name)

    def test_one_cursor_goes_through_all_charts_over_time(self):
        self.browser.open(self.page("compare"))
        self.browser.value("""(() => {
          const over = document.querySelector('.live .u-over');
          const box = over.getBoundingClientRect();
          const at = {clientX: box.left + box.width / 2, clientY: box.top + 50, bubbles: true};
          over.dispatchEvent(new MouseEvent('mousemove', at));
          return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));
        })()""")
        shown = self.browser.value(
            "[...document.querySelectorAll('.at')].map((at) => at.textContent)")
        self.assertIn(" s", shown[0])
        self.assertEqual(shown[0], shown[1])

    def test_a_wide_table_does_not_widen_the_page(self):
        for name in PAGES:
            self.browser.open(self.page(name), width=390)
            self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), 390,
                                 name)

    def test_without_scripts_the_pictures_stay(self):
        self.browser.open(self.page("compare"), scripts=False)
        self.assertEqual(len(faults_of(self.browser.events)), 0)
        shown = self.browser.value("[...document.querySelectorAll('.frame svg')]"
                                   ".every((svg) => svg.getBoundingClientRect().height > 50)")
        self.assertTrue(shown)

    def test_nothing_breaks_out(self):
        self.browser.open(self.page("hostile"))
        self.assertNotEqual(self.browser.value("document.title"), "broken")
        self.assertEqual(self.browser.value("document.querySelectorAll('img').length"), 0)
        scripts = self.browser.value("document.querySelectorAll('script:not([type])').length")
        self.assertEqual(scripts, 2)


if __name__ == "__main__":
    SAMPLES = sys.argv.pop(1)
    if find_browser() is None:
        print("skipped: there is no Chromium; tools/setup installs it")
        sys.exit(SKIPPED)
    unittest.main()
