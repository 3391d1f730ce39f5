"""Taking the runs of tools/bench and its relatives in turns, and counting what each used.

A case is one workload, transport and number of clients; its runs gather in the dictionary that
bench_figures.py describes. The first contender is pgbench, which the others are compared with.
"""

from null_server import NULL, pinned_client


def new_case(workload, transport, clients, contenders):
    return {"workload": workload, "transport": transport, "clients": clients,
            "runs": {contender.name: [] for contender in contenders
                     if contender.takes(workload, transport)}}


def in_turn(contenders, number):
    """A B C, then C B A: whatever drifts meanwhile does not always favour the same one."""
    return contenders if number % 2 == 0 else contenders[::-1]


def add_run(case, contender, run):
    run["client_us"] = run.pop("cpu_s") / run["done"] * 1e6
    case["runs"][contender.name].append(run)


def run_once(server, contender, case, seconds):
    """Appends one run of a contender to the case."""
    workload = case["workload"]
    server.run_sql(contender.before(workload))
    before = server.usage()
    run = contender.run_for(seconds, server.conninfo(case["transport"]), workload, case["clients"])
    used = server.usage().since(before)
    run["server_us"] = used.cpu_s / max(1, used.transactions) * 1e6
    add_run(case, contender, run)


def run_on_null_server(null_server, contender, case, seconds):
    """The same where no server costs anything: client and null server pinned apart."""
    run = contender.run_for(seconds, null_server.conninfo, case["workload"], case["clients"],
                            pinned_client([]))
    run["server_us"] = None
    add_run(case, contender, run)


def run_turn(server, null_server, contenders, case, number, seconds):
    """One run of each contender; returns a line about them."""
    for contender in in_turn(contenders, number):
        if not contender.takes(case["workload"], case["transport"]):
            continue
        if case["transport"] == NULL:
            run_on_null_server(null_server, contender, case, seconds)
        else:
            run_once(server, contender, case, seconds)
    texts = [f"{name} {runs[-1]['tps']:,.0f}/s {runs[-1]['client_us']:.1f} us"
             for name, runs in case["runs"].items()]
    return (f"{case['workload']}, {case['transport']}, {case['clients']} clients: "
            + ", ".join(texts))


def memory_per_connection(server, contender, clients):
    """Bytes per further connection, from a run with one client and one with many.

    Returns them with the client's own figure for the same, None where it has none.
    """
    one, many = (contender.memory(server.conninfo("socket"), "select-only", count)
                 for count in (1, clients))
    growth = (many["peak_bytes"] - one["peak_bytes"]) / (clients - 1)
    return growth, many.get("own_bytes_per_connection")
