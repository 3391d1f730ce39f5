"""Stacks of perf as a flame graph: see tools/flamegraph.

A frame is (function, kind); a stack is a tuple of frames, the outermost first.
"""

import collections
import html
import re

WIDTH, ROW, MARGIN, TOP = 1200, 17, 10, 54
NARROWEST = 0.3  # pixels; what is narrower is not drawn
CHARACTER = 6.6  # pixels, of the monospaced type of 11
KINDS = {"kernel": "#e8a33d", "pgring": "#6aa84f", "libpq": "#5b8fd6", "libraries": "#b7a6cc"}


def kind_of(library):
    if "kernel" in library or library.startswith("[k") or library.endswith(".ko"):
        return "kernel"
    name = library.rsplit("/", 1)[-1]
    if name.startswith("libpq"):
        return "libpq"
    # The program itself; all else that has a name of its own is a library or the kernel's page.
    return "libraries" if ".so" in name or name.startswith("[") else "pgring"


def without_arguments(name):
    """What a function is called, without parameters, template arguments and our own namespace."""
    name = re.sub(r"\(anonymous namespace\)::|pgring::|\[clone [^]]*\]", "", name)
    depth, kept = 0, []
    for character in name:
        if character in "<(":
            depth += 1
        if depth == 0:
            kept.append(character)
        if character in ">)":
            depth = max(0, depth - 1)
    return "".join(kept).strip() or name


def read_stacks(text):
    """Counts of stacks in the output of perf script -F comm,ip,sym,dso."""
    counts = collections.Counter()
    for sample in text.split("\n\n"):
        lines = sample.strip("\n").split("\n")
        frames = []
        for line in lines[1:]:
            found = re.match(r"\s*[0-9a-f]+ (.*) \(([^()]*(?:\([^()]*\))?[^()]*)\)\s*$", line)
            if found:
                name = without_arguments(re.sub(r"\+0x[0-9a-f]+$", "", found[1]))
                frames.append((name, kind_of(found[2])))
        if frames:
            counts[(("all", "libraries"), *reversed(frames))] += 1
    return counts


class Box:
    """A function at one place in the stacks, with what it called."""

    def __init__(self):
        self.count, self.children = 0, collections.defaultdict(Box)

    def add(self, stack, count):
        self.count += count
        if stack:
            self.children[stack[0]].add(stack[1:], count)

    def depth(self):
        return 1 + max((child.depth() for child in self.children.values()), default=0)


def draw_box(frame, box, left, level, total, scale, bottom):
    """Yields the elements of a box and of those above it."""
    width = box.count * scale
    if width < NARROWEST:
        return
    name, kind = frame
    top = bottom - (level + 1) * ROW
    shown = name if len(name) * CHARACTER < width - 4 else name[:int((width - 4) / CHARACTER)]
    label = (f'<text x="{left + 2:.1f}" y="{top + 12}">{html.escape(shown)}</text>'
             if len(shown) > 2 else "")
    yield (f'<g><title>{html.escape(name)}: {100 * box.count / total:.1f} % ({kind})</title>'
           f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW - 1}" '
           f'fill="{KINDS[kind]}"/>{label}</g>')
    for child_frame, child in sorted(box.children.items()):
        yield from draw_box(child_frame, child, left, level + 1, total, scale, bottom)
        left += child.count * scale


def without_passwords(text):
    """A picture is passed on: connection strings and URIs lose their passwords."""
    text = re.sub(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", r"\1***", text, flags=re.I)
    return re.sub(r"(://[^/\s:@]*):[^/\s@]*@", r"\1:***@", text)


def draw(stacks, title):
    root, total = Box(), sum(stacks.values())
    leaves = collections.Counter()
    for stack, count in stacks.items():
        root.add(stack, count)
        leaves[stack[-1][1]] += count
    bottom = TOP + root.depth() * ROW
    (frame, everything), = root.children.items()
    boxes = draw_box(frame, everything, MARGIN, 0, total, (WIDTH - 2 * MARGIN) / total, bottom)
    legend, left = [], MARGIN
    for kind, colour in KINDS.items():
        text = f"{kind} {100 * leaves[kind] / total:.0f} %"
        legend.append(f'<rect x="{left}" y="30" width="11" height="11" fill="{colour}"/>'
                      f'<text x="{left + 16}" y="40">{text}</text>')
        left += 32 + int(len(text) * CHARACTER)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + MARGIN}" '
            'font-family="monospace" font-size="11" fill="#1a1a1a">\n'
            f'<rect width="{WIDTH}" height="{bottom + MARGIN}" fill="#ffffff"/>\n'
            f'<text x="{MARGIN}" y="20" font-size="13">{html.escape(title)}: {total} samples</text>'
            + "".join(legend) + "\n" + "\n".join(boxes) + "\n</svg>\n")
