"""What a workflow script calls: read files, call one function, write files and provenance."""

import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from emmoe.evidence.summary import gather, summarise
from emmoe.lab.draw import draw_block
from emmoe.lab.fit import Files, fit_block
from emmoe.lab.scene import scene
from emmoe.store import checksums as seals
from emmoe.store import files as results
from emmoe.store import provenance
from emmoe.store.errors import DataError


def verified(config: Mapping[str, Any], paths: Sequence[str]) -> Files:
    """Return the downloads that a job reads, by name, each with the checksum that it must have."""
    known = {name: entry["files"] for name, entry in config["downloads"].items()}
    found = {f"{path.parent.name}/{path.name}": path for path in map(Path, paths)}
    return {
        name: (path, known[path.parent.name][path.name]["sha256"]) for name, path in found.items()
    }


def draw(task: Mapping[str, Any], path: str) -> None:
    """Draw a block's truths and starts into an npz file."""
    with seals.sealed(path):
        results.write_arrays(path, **draw_block(task))


def fit(
    task: Mapping[str, Any],
    code: str,
    names: Mapping[str, str],
    draw_path: str,
    files: Files,
    trace_path: str,
    runs_path: str,
    provenance_path: str,
) -> None:
    """Fit a block; write its trace, its table of runs and its provenance.

    code: the hash of `fit_code`, taken before the job; names: the experiment's and the fitter's."""
    label, started = "/".join(names.values()), time.monotonic()
    fits = fit_block(task, _read_draw(draw_path), files, lambda line: _say(f"{label}, {line}"))
    results.write_table(as_table("trace", fits.rows, names), "trace", trace_path)
    results.write_table(as_table("runs", fits.runs, names), "runs", runs_path)
    content = {**names, "task": task, "code": code}
    content["inputs"] = {"draw": provenance.file_hash(draw_path)}
    content["inputs"] |= {name: sha256 for name, (_, sha256) in files.items()}
    content["outputs"] = {"trace": provenance.file_hash(trace_path)}
    content["outputs"]["runs"] = provenance.file_hash(runs_path)
    records = fits.records if task["rows"] == "all" else [_brief(r) for r in fits.records]
    content |= provenance.describe() | {"records": records}
    results.write_json(content, provenance_path)
    replicates = f"replicates {task['replicates'][0]}-{task['replicates'][-1]}"
    _say(f"{label}, {replicates}: done in {time.monotonic() - started:.0f} s")


def as_table(kind: str, rows: list[dict[str, Any]], names: Mapping[str, str]) -> pd.DataFrame:
    """Return rows of `emmoe.lab.fit.fit_block` as a "trace" or a table of "runs"."""
    table = pd.DataFrame(rows)
    for position, (column, value) in enumerate(names.items()):
        table.insert(2 * position, column, value)
    columns = results.schema(kind)["columns"]
    # A list that no run has would be a column of numbers.
    lists = [name for name in table if columns.get(name, {}).get("type") == "list"]
    return table.astype(dict.fromkeys(lists, object))


def _read_draw(path: str) -> dict[str, np.ndarray]:
    seals.check(path)
    try:
        with np.load(path) as content:
            return dict(content)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not a readable draw ({error}): delete it") from None


def contest(
    task: Mapping[str, Any],
    code: str,
    files: Files,
    costs_path: str,
    seconds_path: str,
    provenance_path: str,
) -> None:
    """Run a contest; write its rows without clocks, with them, and its provenance."""
    from emmoe.lab.contest import run_contest  # with all models compiled: of no use to other jobs

    rows = run_contest(task, files, lambda line: _say(f"{task['contest']}, {line}"))
    for path, frame in ((costs_path, rows.drop(columns="cpu_seconds")), (seconds_path, rows)):
        with seals.sealed(path), results.atomic(path) as temporary:
            frame.to_parquet(temporary, index=False)
    content = {"contest": task["contest"], "task": task, "code": code}
    content["inputs"] = {name: sha256 for name, (_, sha256) in files.items()}
    content["outputs"] = {"costs": provenance.file_hash(costs_path)}
    results.write_json(content | provenance.describe(), provenance_path)


def _brief(record: dict[str, Any]) -> dict[str, Any]:
    """A record with its clocks' last values only."""
    return record | {clock: record[clock][-1:] for clock in ("cpu_seconds", "wall_seconds")}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _read_fits(kind: str, paths: list[str]) -> pd.DataFrame:
    """The "trace" or "runs" tables of fits in one; raises DataError for one that was changed."""
    for path in paths:
        seals.check_fit(path)
    return pd.concat([results.read_table(kind, path) for path in paths], ignore_index=True)


def summary(trace_paths: list[str], path: str) -> None:
    """Summarise all traces of an experiment into one table."""
    trace = _read_fits("trace", trace_paths)
    with seals.sealed(path):
        results.write_csv(summarise(trace), path)


def gather_runs(paths: list[str], facts: list[dict[str, Any]], path: str) -> None:
    """Gather the tables of runs of an experiment; facts: one mapping a cell."""
    runs = _read_fits("runs", paths)
    with seals.sealed(path), results.atomic(path) as temporary:
        gather(runs, pd.DataFrame(facts)).to_parquet(temporary, index=False)


def gather_traces(paths: list[str], path: str) -> None:
    """Gather the traces of an experiment into one table."""
    trace = _read_fits("trace", paths)
    with seals.sealed(path):
        results.write_table(trace, "trace", path)


def probe(
    task: Mapping[str, Any], code: str, draw_path: str, files: Files, path: str, record: str
) -> None:
    """Measure what a probe measures; write its table and its provenance.

    code: the hash of `probe_code`, taken before the job."""
    module = import_module(f"emmoe.measures.probes.{task['measure']}")
    with threadpool_limits(limits=1):
        table = module.measure(scene(task, _read_draw(draw_path), files), **task["options"])
    with seals.sealed(path):
        results.write_csv(table, path)
    content = {"task": task, "code": code, "inputs": {"draw": provenance.file_hash(draw_path)}}
    content["inputs"] |= {name: sha256 for name, (_, sha256) in files.items()}
    content["outputs"] = {"table": provenance.file_hash(path)}
    results.write_json(content | provenance.describe(), record)


def read_input(path: str) -> pd.DataFrame:
    """Read a table by its suffix; raises DataError, in one line, for one that cannot be read or
    was changed after it was written."""
    try:
        seals.check(path)
        return pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable table: {' '.join(str(error).split())}") from None


def _drawn(kind: str, entry: Mapping[str, Any], inputs: Mapping[str, str]) -> Any:
    """Call the module that an entry of config.yaml names, with its inputs, curves and options."""
    module = import_module(f"emmoe.{kind}.{entry['draw']}")
    tables = {key: read_input(path) for key, path in inputs.items()}
    function = module.draw if kind == "figures" else module.build
    return function(**tables, curves=dict(entry["curves"]), **entry["options"])


def figure(entry: Mapping[str, Any], inputs: Mapping[str, str], png: str, pdf: str) -> None:
    """Draw a figure module's figure and save it as PNG and PDF."""
    from emmoe.figures._shared.style import save  # matplotlib is slow to import

    save(_drawn("figures", entry, inputs), png, pdf)


def table(entry: Mapping[str, Any], inputs: Mapping[str, str], csv: str, md: str) -> None:
    """Build a table module's table and save it as CSV and Markdown."""
    from emmoe.tables._shared.write import save

    with seals.sealed(csv):
        save(_drawn("tables", entry, inputs), csv, md)


def finding(entry: Mapping[str, Any], inputs: Mapping[str, str], path: str) -> None:
    """Compute a finding module's finding and save it as JSON."""
    module = import_module(f"emmoe.findings.{entry['find']}")
    tables = {key: read_input(path) for key, path in inputs.items()}
    found = module.find(**tables, **entry["options"])
    with seals.sealed(path):
        results.write_json(replace(found, products=tuple(entry["shown_by"])).content(), path)
