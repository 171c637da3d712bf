"""Measure speed and memory against the machine's limits and other software.

Each case runs in a process of its own, on one thread. Writes bench.md, bench.csv, machine.json and
the details of some cases to benchmarks/results, or with --keep to benchmarks/reference.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks import scaling_figure, table
from benchmarks.inputs import ROOT
from emmoe.figures._shared import style
from emmoe.store import files
from emmoe.store.files import write_csv, write_json, write_text
from emmoe.store.provenance import environment, now

CASES = (
    "fashion_pass", "fashion_protocol", "synthetic", "em_iteration", "m_step", "mixture", "stream",
    "memory", "scaling", "overhead",
)  # fmt: skip
OTHERS = ("numba", "torch")


def main() -> None:
    """Run the cases that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--keep", action="store_true", help="write to benchmarks/reference")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # the process of one case
    args = parser.parse_args()
    if unknown := set(args.cases) - set(CASES):
        sys.exit(f"error: no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if args.into:
        run_case(args.cases[0], args.into)
        return
    folder = ROOT / "benchmarks" / ("reference" if args.keep else "results")
    chosen = [name for name in CASES if name in (args.cases or CASES)]
    with threadpool_limits(limits=1):
        machine = msgspec.to_builtins(environment()) | {"created": now(), "others": _versions()}
    print(f"1 thread; {machine['cpu']}, {machine['cores']} cores; commit {machine['commit']}")
    started = time.monotonic()
    rows = [row for name in chosen for row in _in_own_process(name, folder)]
    machine["minutes"] = round((time.monotonic() - started) / 60, 1)
    write(table.frame(rows), machine, folder)


def run_case(name: str, folder: Path) -> None:
    """Run one case on one thread; write its rows and its tables into a folder."""
    with threadpool_limits(limits=1):
        outcome = import_module(f"benchmarks.cases.{name}").run()
    write_json({"rows": [asdict(row) for row in outcome.rows]}, folder / f"{name}.json")
    for title, content in outcome.tables.items():
        write_csv(content, folder / f"{title}.csv")


def _in_own_process(name: str, folder: Path) -> list[table.Row]:
    """Run one case in a fresh interpreter; return its rows."""
    print(f"{name} ...", end=" ", flush=True)
    started = time.monotonic()
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    command = [sys.executable, "-m", "benchmarks", name, "--into", str(folder)]
    if subprocess.run(command, cwd=ROOT, env=os.environ | threads).returncode:
        sys.exit(f"error: the case {name} failed, see above")
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    path = folder / f"{name}.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    path.unlink()
    return [table.Row(**row) for row in rows]


def write(rows: pd.DataFrame, machine: dict, folder: Path) -> None:
    """Write the table, the machine and the figure; print the table and the line for programs."""
    write_csv(rows, folder / "bench.csv")
    write_json(machine, folder / "machine.json")
    last = table.last_line(rows)
    text = f"{_heading(machine)}\n{table.readable(rows)}\n`{last}`\n{_by_kind(folder)}"
    write_text(text, folder / "bench.md")
    if (points := folder / "scaling.csv").exists():
        figure = scaling_figure.draw(pd.read_csv(points))
        for suffix in ("png", "pdf"):
            files.write(partial(style.save, figure, suffix), folder / f"scaling.{suffix}")
    print(f"\n{table.readable(rows)}\n{last}")


def _by_kind(folder: Path) -> str:
    """Return where the seconds of `make figures` go, where that was measured."""
    if not (path := folder / "overhead.csv").exists():
        return ""
    own = pd.read_csv(path)[["rule", "jobs", "seconds"]].rename(columns={"rule": "kind of job"})
    own["% of the cores' seconds"] = 100 * own.seconds / own.seconds.sum()
    return f"\n## `make figures` by kind of job\n\n{table.markdown(own)}"


def _heading(machine: dict) -> str:
    """Return what the table was measured on, and how to read it."""
    versions = machine["versions"] | machine["others"]
    software = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    blas = sorted(
        {f"{p['internal_api']} {p['version']} ({p['architecture']})" for p in machine["blas"]}
    )
    cpu = f"{machine['cpu']}, {machine['cores']} cores, 1 thread; {', '.join(blas)}"
    run = f"commit {machine['commit']}, {machine['created']}, {machine['minutes']} minutes in all"
    return (
        f"# Benchmark\n\n{cpu};\nPython {machine['python']}, {software};\n{run}.\n\n"
        "Medians; MB: resident memory beyond the inputs. "
        "Ratio to a limit: ours / limit;\nto a peer: peer / ours, so how often we are faster. "
        "`benchmarks/README.md` says what each case does.\n"
    )


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(OTHERS)
    for name in OTHERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
