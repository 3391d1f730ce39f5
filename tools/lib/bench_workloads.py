"""The workloads that tools/bench and its relatives run: the same SQL for pgbench and for pgring.

`family` is pgring's own, written as pgbench scripts. pgbench cannot take the ids of several
returned rows, so its insert of parents sits in a WITH that gives the three ids as one row.
"""

from typing import NamedTuple


class Workload(NamedTuple):
    """What both programs are told, and what is done to the database before each run of theirs."""
    pgring: tuple = ()
    builtin: str = ""
    scripts: tuple = ()
    before_pgbench: str = ""
    before_pgring: str = ""
    can_pipeline: bool = False


# What either program does by itself before a run, unless told -n: outside of the figures here.
_VACUUM_PGBENCH = ("VACUUM pgbench_branches;\nVACUUM pgbench_tellers;\n"
                   "TRUNCATE pgbench_history;\nCHECKPOINT;\n")

_DROP_FAMILY = ("SET client_min_messages = warning;\nDROP SCHEMA IF EXISTS pgring CASCADE;\n")
_FAMILY_TABLES = _DROP_FAMILY + """CREATE SCHEMA pgring;
CREATE TABLE pgring.a (id serial PRIMARY KEY, data varchar, create_date timestamp DEFAULT now());
CREATE TABLE pgring.b (id serial PRIMARY KEY, a_id integer REFERENCES pgring.a(id), data varchar);
"""
_FAMILY_INDEX = "CREATE INDEX b_a_id ON pgring.b (a_id);\n"

_FAMILY_CREATE = """\\set d random(1, 100000)
\\set d1 :d + 1
\\set d2 :d + 2
\\set d3 :d + 3
BEGIN;
WITH parents AS (INSERT INTO pgring.a (data) VALUES (:d1), (:d2), (:d3) RETURNING id)
  SELECT min(id) AS p1, (array_agg(id))[2] AS p2, max(id) AS p3 FROM parents \\gset
INSERT INTO pgring.b (a_id) VALUES (:p1), (:p1), (:p2), (:p3), (:p3) RETURNING id;
COMMIT;
"""
_FAMILY_READ = "".join(f"\\set i{i} {i}\n" for i in range(1, 11)) + """BEGIN;
SELECT id, data, create_date FROM pgring.a LIMIT 10;
SELECT a_id, id, data FROM pgring.b WHERE a_id IN
  (:i1, :i2, :i3, :i4, :i5, :i6, :i7, :i8, :i9, :i10);
ROLLBACK;
"""
# A prepared plan with ten parameters that scans b is slower by a factor, when and for how long
# depends on autovacuum: hence the constants.
_FAMILY_READ_WITHOUT_INDEX = """BEGIN;
SELECT id, data, create_date FROM pgring.a LIMIT 10;
SELECT a_id, id, data FROM pgring.b WHERE a_id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
ROLLBACK;
"""

_PREPARED = ("-n", "-M", "prepared")

WORKLOADS = {
    "ping": Workload(pgring=("-b", "ping", *_PREPARED), scripts=("SELECT 1;\n",)),
    "select-only": Workload(pgring=("-b", "select-only", *_PREPARED), builtin="select-only"),
    "tpcb-like": Workload(pgring=("-b", "tpcb-like", *_PREPARED), builtin="tpcb-like",
                          before_pgbench=_VACUUM_PGBENCH, before_pgring=_VACUUM_PGBENCH,
                          can_pipeline=True),
    "family": Workload(pgring=("--fk-index",), scripts=(_FAMILY_CREATE, _FAMILY_READ),
                       before_pgbench=_FAMILY_TABLES + _FAMILY_INDEX + "CHECKPOINT;\n",
                       before_pgring=_DROP_FAMILY, can_pipeline=True),
    "family-no-index": Workload(scripts=(_FAMILY_CREATE, _FAMILY_READ_WITHOUT_INDEX),
                                before_pgbench=_FAMILY_TABLES + "CHECKPOINT;\n",
                                before_pgring=_DROP_FAMILY),
}

# family without an index is tools/compare-with-pgbench's: the server's scans are all it measures.
BENCH_WORKLOADS = ("ping", "select-only", "tpcb-like", "family")
