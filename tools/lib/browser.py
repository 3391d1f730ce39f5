"""A Chromium without a window, driven over its DevTools pipe: what a page logged, asked the network
for and looks like. Nothing but Python's own library.

    browser.py OUT_DIRECTORY PAGE.html...    screenshots at 1280 and 390 pixels, light and dark
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ANSWER_TIMEOUT_S = 30
WIDTHS = (1280, 390)
THEMES = ("light", "dark")


def find_browser():
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """Use as a context; one page at a time."""

    def __init__(self, program):
        self._profile = tempfile.TemporaryDirectory(prefix="pgring-browser-",
                                                    ignore_cleanup_errors=True)
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # The pipe's descriptors are 3 and 4 by definition.
        command = (f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}')
        self._process = subprocess.Popen(
            ["bash", "-c", command, program, "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
             "--disable-background-networking", f"--user-data-dir={self._profile.name}"],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0
        self.events = []
        target = self._command("Target.createTarget", {"url": "about:blank"}, None)["targetId"]
        self._session = self._command(
            "Target.attachToTarget", {"targetId": target, "flatten": True}, None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            self.command(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._command("Browser.close", None, None)
        self._process.wait(timeout=ANSWER_TIMEOUT_S)
        os.close(self._write)
        os.close(self._read)
        self._profile.cleanup()

    def command(self, method, parameters=None):
        return self._command(method, parameters, self._session)

    def _command(self, method, parameters, session):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") != self._number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def _next_message(self):
        while b"\0" not in self._buffer:
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has ended")
            self._buffer += piece
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, path, width=1280, theme="light", scripts=True):
        """Opens a file and waits until it is loaded. Returns the events since then."""
        self.command("Emulation.setDeviceMetricsOverride",
                     {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        self.command("Emulation.setEmulatedMedia",
                     {"features": [{"name": "prefers-color-scheme", "value": theme}]})
        self.command("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.events = []
        self.command("Page.navigate", {"url": pathlib.Path(path).resolve().as_uri()})
        deadline_s = time.monotonic() + ANSWER_TIMEOUT_S
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            if time.monotonic() > deadline_s:
                raise RuntimeError(f"{path}: not loaded in {ANSWER_TIMEOUT_S} s")
            self.events.append(self._next_message())
        # Whatever the scripts have still to say comes before this answer.
        self.value("1")
        return self.events

    def value(self, expression):
        """What the expression is in the page."""
        return self.command("Runtime.evaluate", {
            "expression": expression, "returnByValue": True, "awaitPromise": True,
        })["result"].get("value")

    def script_s(self):
        metrics = self.command("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "ScriptDuration")

    def screenshot(self, path):
        data = self.command("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def pdf(self, path):
        data = self.command("Page.printToPDF")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))


def main():
    out, *pages = sys.argv[1:]
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    with Browser(find_browser()) as browser:
        for page in pages:
            name = pathlib.Path(page).stem
            for width in WIDTHS:
                for theme in THEMES:
                    browser.open(page, width, theme)
                    print(f"{name} {width} {theme}: {browser.script_s() * 1000:.0f} ms of scripts")
                    browser.screenshot(f"{out}/{name}-{width}-{theme}.png")
            browser.open(page, 390, "light", scripts=False)
            browser.screenshot(f"{out}/{name}-390-noscript.png")
            browser.open(page, 1280, "dark")
            browser.pdf(f"{out}/{name}.pdf")


if __name__ == "__main__":
    main()
