"""bench.svg: ratios to pgbench against the number of clients, drawn from bench.json's document.

A column of panels for each workload, a row for throughput and one for client CPU. A line is a
transport, its bars reach from the lowest to the highest ratio; dashes are --pipeline. Readable on
light and on dark pages and, by its marks, without colours. Nothing but the standard library.
"""

import math
from typing import NamedTuple
from xml.sax.saxutils import escape

import bench_figures as figures

TRANSPORT_CLASSES = {"socket": "c0", "tcp": "c1", "tls": "c2"}
# Around its middle: a circle, a square, a triangle.
TRANSPORT_MARKS = {"socket": "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
                   "tcp": "m-3.2 -3.2h6.4v6.4h-6.4z", "tls": "m0 -4.4l4.2 7.2h-8.4z"}
TRANSPORT_NAMES = {"socket": "Unix socket", "tcp": "TCP", "tls": "TLS"}
ROWS = (("tps", "Throughput / pgbench", "above 1: more per second"),
        ("client_us", "Client CPU per operation / pgbench", "below 1: cheaper"))

MARGIN = 28
AXIS_WIDTH = 54
PANEL_WIDTH = 220
PANEL_HEIGHT = 190
COLUMN_GAP = 26
ROW_GAP = 100
HEADER_HEIGHT = 176
LEAST_WIDTH = 900
INSET = 22
TICK_DROP = 21
SERIES_SHIFT = 4.5
TICK_STEPS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)
MOST_TICKS = 7
COLUMNS_PER_NOTE_UNIT = 6.3

STYLE = """\
.page{fill:#ffffff}
text{font-family:sans-serif;font-size:13px;fill:#1f2328}
.title{font-size:20px;font-weight:bold}
.heading{font-weight:bold}
.note,.tick{fill:#59636e}
.tick{font-size:12px}
.grid{stroke:#e1e5ea;fill:none}
.one{stroke:#59636e;stroke-width:1.5;fill:none}
.line{fill:none;stroke-width:2}
.bar{fill:none;stroke-width:1.5;stroke-opacity:0.55}
.dot{stroke-width:2}
.hollow{fill:#ffffff}
.c0{stroke:#0072b2}.dot.c0{fill:#0072b2}
.c1{stroke:#d55e00}.dot.c1{fill:#d55e00}
.c2{stroke:#009e73}.dot.c2{fill:#009e73}
.dot.hollow{fill:#ffffff}
@media (prefers-color-scheme: dark){
.page{fill:#14181d}
text{fill:#e6edf3}
.note,.tick{fill:#a3adb8}
.grid{stroke:#2b323a}
.one{stroke:#a3adb8}
.c0{stroke:#56b4e9}.dot.c0{fill:#56b4e9}
.c1{stroke:#ff9248}.dot.c1{fill:#ff9248}
.c2{stroke:#2fd0a0}.dot.c2{fill:#2fd0a0}
.dot.hollow{fill:#14181d}
}
"""


class Panel(NamedTuple):
    """One pair of axes: clients from left to right, evenly spaced; ratios upwards."""
    left: float
    top: float
    clients: list
    low: float
    high: float

    def x(self, clients):
        steps = max(1, len(self.clients) - 1)
        room = PANEL_WIDTH - 2 * INSET
        if len(self.clients) == 1:
            return self.left + PANEL_WIDTH / 2
        return self.left + INSET + room * self.clients.index(clients) / steps

    def y(self, value):
        return self.top + PANEL_HEIGHT * (self.high - value) / (self.high - self.low)


class Series(NamedTuple):
    """One line of a panel: (clients, Spread) by clients."""
    transport: str
    contender: str
    points: list

    def pipelined(self):
        return self.contender == figures.PIPELINE


def ordered(values, preferred=()):
    """Each once: those of `preferred` in its order, then the others as they come."""
    values = list(dict.fromkeys(values))
    return [value for value in preferred if value in values] + \
        [value for value in values if value not in preferred]


def series_of(document, workload, key):
    cases = [case for case in document["cases"] if case["workload"] == workload]
    found = []
    for transport in ordered((case["transport"] for case in cases), TRANSPORT_CLASSES):
        own = sorted((case for case in cases if case["transport"] == transport),
                     key=lambda case: case["clients"])
        for name in ordered(name for case in own for name in figures.contenders(case)):
            points = [(case["clients"], figures.ratio(case, name, key)) for case in own]
            found.append(Series(transport, name, [point for point in points if point[1]]))
    return [series for series in found if series.points]


def scale(all_series):
    """(lowest, highest, step) of the ratio axis: round numbers that hold 1 and every bar."""
    spreads = [point[1] for series in all_series for point in series.points]
    lowest = min([1.0] + [found.low for found in spreads])
    highest = max([1.0] + [found.high for found in spreads])
    for step in TICK_STEPS:
        low, high = math.floor(lowest / step) * step, math.ceil(highest / step) * step
        if high == low:
            low, high = low - step, high + step
        if round((high - low) / step) <= MOST_TICKS:
            break
    return low, high, step


def _text(x, y, text, style="", anchor=""):
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    styled = f' class="{style}"' if style else ""
    return f'<text{styled}{anchored} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _axes(panel, step, with_labels):
    parts = []
    for number in range(round((panel.high - panel.low) / step) + 1):
        value = panel.low + number * step
        y = panel.y(value)
        parts.append(f'<path class="grid" d="M{panel.left:.1f} {y:.1f}h{PANEL_WIDTH}"/>')
        if with_labels:
            parts.append(_text(panel.left - 8, y + 4, f"{value:.2f}", "tick", "end"))
    parts.append(f'<path class="one" d="M{panel.left:.1f} {panel.y(1):.1f}h{PANEL_WIDTH}"/>')
    for clients in panel.clients:
        parts.append(_text(panel.x(clients), panel.top + PANEL_HEIGHT + TICK_DROP,
                           f"{clients:,}", "tick", "middle"))
    return parts


def _stroke(transport, pipelined, path):
    dashes = ' stroke-dasharray="6 4"' if pipelined else ""
    return f'<path class="line {TRANSPORT_CLASSES[transport]}"{dashes} d="{path}"/>'


def _mark(transport, pipelined, x, y):
    hollow = " hollow" if pipelined else ""
    return (f'<path class="dot {TRANSPORT_CLASSES[transport]}{hollow}" '
            f'd="M{x:.1f} {y:.1f}{TRANSPORT_MARKS[transport]}"/>')


def _line(panel, series, shift):
    colour, pipelined = TRANSPORT_CLASSES[series.transport], series.pipelined()
    spots = [(panel.x(clients) + shift, found) for clients, found in series.points]
    path = "M" + "L".join(f"{x:.1f} {panel.y(found.median):.1f}" for x, found in spots)
    parts = [f'<path class="bar {colour}" d="M{x:.1f} {panel.y(found.low):.1f}'
             f'V{panel.y(found.high):.1f}"/>' for x, found in spots if found.high > found.low]
    parts.append(_stroke(series.transport, pipelined, path))
    parts += [_mark(series.transport, pipelined, x, panel.y(found.median)) for x, found in spots]
    return parts


def _legend(all_series, x, y):
    parts = []
    kinds = ordered((series.transport, series.pipelined()) for series in all_series)
    for transport, pipelined in sorted(kinds, key=lambda kind: (
            kind[1], list(TRANSPORT_CLASSES).index(kind[0]))):
        label = TRANSPORT_NAMES[transport] + (", --pipeline" if pipelined else "")
        parts += [_stroke(transport, pipelined, f"M{x:.1f} {y - 4.5:.1f}h36"),
                  _mark(transport, pipelined, x + 18, y - 4.5), _text(x + 44, y, label)]
        x += 62 + 7.2 * len(label)
    return parts


def _wrapped(text, width):
    """Lines of at most that many units, as far as one can tell without the font."""
    room, lines = int(width / COLUMNS_PER_NOTE_UNIT), [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _row(document, workloads, row, top):
    """The panels of one figure; returns (elements, all its series)."""
    key, heading, remark = ROWS[row]
    by_workload = {workload: series_of(document, workload, key) for workload in workloads}
    everything = [series for found in by_workload.values() for series in found]
    low, high, step = scale(everything)
    parts = [f'<text x="{MARGIN}" y="{top - 38:.1f}"><tspan class="heading">{escape(heading)}'
             f'</tspan><tspan class="note" dx="10">{escape(remark)}</tspan></text>']
    for column, workload in enumerate(workloads):
        clients = sorted({case["clients"] for case in document["cases"]
                          if case["workload"] == workload})
        left = MARGIN + AXIS_WIDTH + column * (PANEL_WIDTH + COLUMN_GAP)
        panel = Panel(left, top, clients, low, high)
        parts.append(_text(left, top - 12, workload))
        parts += _axes(panel, step, column == 0)
        found = by_workload[workload]
        for number, series in enumerate(found):
            parts += _line(panel, series, (number - (len(found) - 1) / 2) * SERIES_SHIFT)
    parts.append(_text(MARGIN + AXIS_WIDTH - 8, top + PANEL_HEIGHT + TICK_DROP, "clients", "tick",
                       "end"))
    return parts, everything


def draw(document):
    """The whole of bench.svg; the null server's rows are in the tables alone."""
    document = {**document, "cases": [case for case in document["cases"]
                                      if case["transport"] in TRANSPORT_CLASSES]}
    workloads = ordered(case["workload"] for case in document["cases"])
    panels = AXIS_WIDTH + len(workloads) * (PANEL_WIDTH + COLUMN_GAP) - COLUMN_GAP
    width = max(LEAST_WIDTH, 2 * MARGIN + panels)
    notes = [document["environment"], figures.runs_text(document),
             "A point is the median of the ratios of neighbouring runs; its bar reaches from the "
             "lowest to the highest."]
    lines = [line for note in notes for line in _wrapped(note, width - 2 * MARGIN)]
    parts = [_text(MARGIN, 40, "pgring against pgbench", "title")]
    parts += [_text(MARGIN, 64 + 19 * number, line, "note") for number, line in enumerate(lines)]
    top = HEADER_HEIGHT + 19 * (len(lines) - 1)
    everything = []
    for row in range(len(ROWS)):
        elements, series = _row(document, workloads, row, top + row * (PANEL_HEIGHT + ROW_GAP))
        parts += elements
        everything += series
    parts += _legend(everything, MARGIN, top - 76)
    height = top + len(ROWS) * (PANEL_HEIGHT + ROW_GAP) - ROW_GAP + TICK_DROP + MARGIN
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title" '
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
            f'<title id="title">pgring against pgbench</title>\n<style>\n{STYLE}</style>\n'
            '<rect class="page" width="100%" height="100%"/>\n')
    return head + "\n".join(parts) + "\n</svg>\n"
