#!/usr/bin/env python3
"""Checks files result.json and tune.json of pgring: against their JSON Schema, and that their
figures add up.

    check_results.py SCHEMA FILE...

SCHEMA is that of result.json; the one of tune.json is looked for beside it.
Prints a line for each problem (the file, the place in it, what is wrong there); exits 1 when there
is one.
"""

import json
import pathlib
import sys

import jsonschema

# A message of jsonschema's may hold all of what is wrong; its end says why it is.
SHOWN_CHARACTERS = 160


def json_path(keys):
    """Returns ["runs", 0, "late"] as "$.runs[0].late"."""
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)


def shortened(message):
    if len(message) <= SHOWN_CHARACTERS:
        return message
    half = SHOWN_CHARACTERS // 2
    return f"{message[:half]} ... {message[-half:]}"


def check_items(validator, items, instance, schema):
    """The keyword "items" for what most of a file is: thousands of figures that are all right."""
    plain = isinstance(items, dict) and items.keys() <= {"type", "minimum"}
    if plain and isinstance(instance, list) and items.get("type") in ("integer", "number"):
        types = {int} if items["type"] == "integer" else {int, float}
        if {type(figure) for figure in instance} <= types and (
                not instance or min(instance) >= items.get("minimum", min(instance))):
            return
    yield from jsonschema.Draft7Validator.VALIDATORS["items"](validator, items, instance, schema)


Validator = jsonschema.validators.extend(jsonschema.Draft7Validator, {"items": check_items})


def check_schema(validator, result):
    """Yields (path, message)."""
    for error in validator.iter_errors(result):
        yield list(error.absolute_path), shortened(error.message)


def check_counts(path, counts):
    """Counts of operations: each one ended in one of three ways."""
    ended = counts["succeeded"] + counts["failed"] + counts["skipped"]
    if counts["scheduled"] != ended:
        yield path, f"scheduled is {counts['scheduled']}, but {ended} operations ended"
    failures = sum(counts["failures"].values())
    if counts["failed"] != failures:
        yield path + ["failures"], f"failed is {counts['failed']}, but these are {failures}"


def check_kinds(path, operations):
    for kind, counts in operations["by_kind"].items():
        yield from check_counts(path + ["by_kind", kind], counts)
    for key in ("scheduled", "succeeded", "failed", "skipped"):
        of_kinds = sum(counts[key] for counts in operations["by_kind"].values())
        if operations[key] != of_kinds:
            yield path + [key], f"is {operations[key]}, but {of_kinds} in all kinds together"


def check_series(path, series):
    """Arrays of one series belong together, entry by entry."""
    lengths = {key: len(value) for key, value in series.items() if isinstance(value, list)}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} {length}" for key, length in lengths.items())
        yield path, f"arrays of different lengths: {told}"
    if any(later < earlier for earlier, later in zip(series["t_s"], series["t_s"][1:])):
        yield path + ["t_s"], "goes back in time"


def check_figures(path, run, labels):
    """What a run and a block's run have both."""
    if run["scenario"] not in labels:
        yield path + ["scenario"], f"'{run['scenario']}' is no scenario of the plan"
    operations = run["operations"]
    yield from check_counts(path + ["operations"], operations)
    yield from check_series(path + ["seconds"], run["seconds"])
    in_seconds = sum(run["seconds"]["succeeded"])
    if in_seconds != operations["succeeded"]:
        yield (path + ["seconds", "succeeded"],
               f"adds up to {in_seconds}, but {operations['succeeded']} operations succeeded")


def check_run(path, run, blocks, labels):
    yield from check_figures(path, run, labels)
    yield from check_kinds(path + ["operations"], run["operations"])
    yield from check_series(path + ["connections", "timeline"], run["connections"]["timeline"])
    if not blocks:
        return
    whole = sum(block["whole"] for block in blocks)
    named = [(["summary", key], value["n"]) for key, value in run["summary"].items() if value]
    if "speed" in run:
        named.append((["speed"], run["speed"]["n"]))
    for keys, count in named:
        if count != whole:
            yield path + keys + ["n"], f"is {count}, but {whole} blocks are whole"


def check_block(path, block, labels):
    runs = block["runs"]
    for place, run in enumerate(runs):
        yield from check_figures(path + ["runs", place], run, labels)
    whole = len(runs) == len(labels) and all(run["valid"] for run in runs)
    if block["whole"] != whole:
        yield path + ["whole"], f"is {block['whole']}, but its runs make it {whole}"
    if len({run["scenario"] for run in runs}) != len(runs):
        yield path + ["runs"], "a scenario twice in one block"


def check_sums(result):
    """Yields (path, message) for a result that keeps to the schema."""
    labels = [scenario["scenario"] for scenario in result["plan"]["scenarios"]]
    runs = result["runs"]
    for place, run in enumerate(runs):
        yield from check_run(["runs", place], run, result["blocks"], labels)
        if ("speed" in run) != (len(runs) > 1):
            yield ["runs", place], "speed belongs to several runs, and to each of them"
        elif "speed" in run and run["speed"]["base"] != runs[0]["scenario"]:
            yield ["runs", place, "speed", "base"], "is not the first run's scenario"
    for place, block in enumerate(result["blocks"]):
        yield from check_block(["blocks", place], block, labels)


def check_tune(validator, tune):
    """Yields (path, message) for a tune.json that keeps to its schema: of the results within it."""
    for place, stage in enumerate(tune["testing"]):
        for part in ("limits", "ways"):
            if stage[part] is None:
                continue
            found = list(check_schema(validator, stage[part])) or check_sums(stage[part])
            for inner, message in found:
                yield ["testing", place, part] + list(inner), message


def problems(validator, text, tune_validator=None):
    """Returns a list of (path, message) for the text of one file."""
    def refuse(constant):
        raise ValueError(f"{constant} is no figure")

    try:
        result = json.loads(text, parse_constant=refuse)
    except ValueError as error:
        return [([], f"is not JSON: {error}")]
    if tune_validator and isinstance(result, dict) and result.get("schema") == "pgring/tune/1":
        found = list(check_schema(tune_validator, result))
        return found or list(check_tune(validator, result))
    found = list(check_schema(validator, result))
    return found or list(check_sums(result))


def read_validator(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return Validator(schema)


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    schema = pathlib.Path(arguments[0])
    validator = read_validator(schema)
    tune_validator = read_validator(schema.with_name("tune-1.schema.json"))
    count = 0
    for name in arguments[1:]:
        text = pathlib.Path(name).read_bytes()
        for path, message in problems(validator, text, tune_validator):
            print(f"{name}: {json_path(path)}: {message}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
