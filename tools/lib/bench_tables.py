"""bench.md: tables in Markdown from the document that bench_figures.py describes."""

import bench_figures as figures

LEGEND = """\
- Of both programs the time after a warm-up counts, in which all clients connect.
- `/s`: transactions per second. `ratio`: contender / pgbench of neighbouring runs, the median with
  the lowest and the highest.
- `client CPU us`: user and system time of the client per transaction.
- `server CPU us`: of the server's processes per transaction, of the whole run: connecting and the
  warm-up are in it.
- `null`: a server that answers SELECT 1 from memory, on the last processor, its clients on the
  first, so that the client is the limit. `floor`: the least that a client could do there, raw
  io_uring without libpq, limiter, clock and histogram. `floor with libpq`: the same, which has
  libpq make each request and read each answer besides.
- `enters`: io_uring_enter calls per transaction. `I/O`: how pgring moved its bytes.
"""


def markdown_table(head, rows):
    """`head` names the columns; a name that begins with > is aligned to the right."""
    lines = ["| " + " | ".join(name.lstrip(">") for name in head) + " |",
             "|" + "".join("---:|" if name.startswith(">") else "---|" for name in head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _number(value, form):
    return "-" if value is None else format(value, form)


def _row(case, name):
    rates, costs = (figures.ratio(case, name, key) for key in ("tps", "client_us"))
    modes = sorted({run["io"] for run in case["runs"][name] if run.get("io")})
    cells = [case["workload"], case["transport"], case["clients"], name]
    for key, found, form in (("tps", rates, ",.0f"), ("client_us", costs, ".1f")):
        cells += [_number(figures.median(case, name, key), form),
                  _number(figures.median(case, figures.REFERENCE, key), form),
                  found.text() if found else "-"]
    cells += [_number(figures.median(case, name, "server_us"), ".1f"),
              _number(figures.median(case, figures.REFERENCE, "server_us"), ".1f"),
              _number(figures.median(case, name, "enters"), ".2f"), ", ".join(modes) or "-"]
    return cells


def cases_table(cases):
    head = ["workload", "transport", ">clients", "contender", ">/s", ">pgbench /s",
            ">ratio (range)", ">client CPU us", ">with pgbench", ">ratio (range)",
            ">server CPU us", ">with pgbench", ">enters", "I/O"]
    return markdown_table(head, [_row(case, name) for case in cases
                                 for name in figures.contenders(case)])


def memory_table(memory):
    head = ["client", ">connections", ">KiB per connection"]
    return markdown_table(head, [[name, f"{int(clients):,}", f"{size / 1024:.1f}"]
                                 for name, sizes in memory.items()
                                 for clients, size in sizes.items()])


def targets_table(document):
    rows = []
    for target in figures.targets():
        found = target.figure(document)
        rows.append([target.name, found[1] + target.unit if found else "not measured",
                     f"{target.at_least:g}{target.unit}", f"{target.goal:g}{target.unit}",
                     target.verdict(found[0]) if found else "-"])
    return markdown_table(["figure", ">reached", ">at least", ">goal", "verdict"], rows)


def report(document):
    """The whole of bench.md."""
    parts = [f"{document['environment']} {figures.runs_text(document)}\n",
             f"`{document['command']}`\n",
             "\n".join(f"- {note}" for note in document["notes"]) + "\n",
             "## Against pgbench\n", cases_table(document["cases"]), LEGEND]
    if document["memory"]:
        parts += ["## Client memory\n",
                  "Peak memory of the client with so many connections less that with one, per "
                  "further connection;\nselect-only over the Unix socket.\n",
                  memory_table(document["memory"])]
    if document["own_cost_ns"] is not None:
        parts += ["## Own cost\n", "An operation on the simulated backend, everything but kernel, "
                  f"libpq and server (BmWholeOperation): {document['own_cost_ns']:.0f} ns.\n"]
    parts += ["## Targets\n", targets_table(document)]
    return "\n".join(parts)
