"""What `make figures` takes beside its computation, and a second run that has nothing to do.

In a clone of the last commit, kernels compiled. Snakemake records the seconds of every job's
process. Computation is what the jobs that fit, contest and probe took beyond an empty job's
start-up; each keeps one core busy. All else is overhead:

    overhead = wall seconds of the run - (seconds of those jobs - their number x start-up) / cores

that is start-up and imports of all jobs, all other jobs whole (gathering, but of small experiments,
tables, figures, findings, audit, report), Snakemake itself, and cores that wait for the last job.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from benchmarks.inputs import ROOT, config_of, write_config
from benchmarks.table import Outcome, number

COMPUTING = ("fit", "contest", "probe")
REST = "none: Snakemake plans, a core waits"
TO_COMPILE = ("symmetric_linear", "symmetric_logistic", "digits")


def run(
    cores: int = 2, options: tuple[str, ...] = (), records: str = "results/benchmarks"
) -> Outcome:
    """Run the target `figures` twice; options: more of Snakemake's, records: where it then leaves
    the jobs' seconds."""
    with tempfile.TemporaryDirectory() as name:
        clone = Path(name) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        empty = [_empty_job(clone, Path(name), experiment) for experiment in TO_COMPILE]
        for job in empty:
            _timed(job, clone)
        figures = [sys.executable, "-m", "snakemake", "--cores", str(cores), *options, "figures"]
        wall, _ = _timed(figures, clone)
        again, said = _timed(figures, clone)
        if "Nothing to be done" not in said:
            raise RuntimeError("the second run of `figures` had something to do")
        start_up = _together(empty[0], clone, cores)
        table = by_rule(read_records(clone / records), start_up)
    overhead = wall - table.beyond_start_up[table.computing].sum() / cores
    case = f"make figures on {cores} cores"
    rows = [
        number(f"{case}: wall", "wall s", wall),
        number(f"{case}: start-up of a job", "wall s", start_up),
        number(f"{case}: overhead", "wall s", overhead, 40, headline="overhead_s"),
        number(f"{case}: nothing to do", "wall s", again, 6),
    ]
    return Outcome(rows, {"overhead": with_rest(table, wall * cores)})


def read_records(folder: Path) -> pd.DataFrame:
    """Return rule and seconds of every job, from Snakemake's records, <rule>.tsv or <rule>/**."""
    found = []
    for path in sorted(folder.glob("**/*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        found.append({"rule": rule, "seconds": float(pd.read_csv(path, sep="\t")["s"].iloc[-1])})
    return pd.DataFrame(found)


def by_rule(jobs: pd.DataFrame, start_up: float) -> pd.DataFrame:
    """Return, per rule: jobs, their seconds, those beyond start-up, and whether it computes."""
    table = jobs.groupby("rule")["seconds"].agg(jobs="count", seconds="sum").reset_index()
    table["beyond_start_up"] = table.seconds - table.jobs * start_up
    table["computing"] = table.rule.isin(COMPUTING)
    return table


def with_rest(table: pd.DataFrame, available: float) -> pd.DataFrame:
    """Return the table with what no job took of the seconds that the cores had, longest first."""
    rest = {"rule": REST, "jobs": 0, "seconds": available - table.seconds.sum()}
    whole = pd.concat([table, pd.DataFrame([rest | {"computing": False}])], ignore_index=True)
    return whole.sort_values("seconds", ascending=False, ignore_index=True)


def _environment(clone: Path) -> dict[str, str]:
    """This process's environment, with the clone's package, one thread a job, and bytecode kept as
    it is by default."""
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
    own = threads | {"PYTHONPATH": str(clone / "src"), "PYTHONDONTWRITEBYTECODE": ""}
    return os.environ | own


def _timed(command: list[str], clone: Path) -> tuple[float, str]:
    """Return the wall seconds of a command, and what it said; raises RuntimeError if it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=clone, env=_environment(clone), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")
    return seconds, done.stdout


def _empty_job(clone: Path, folder: Path, experiment: str) -> list[str]:
    """Return the command of a fit job with one replicate and one iteration."""
    config = config_of(experiment, replicates=1, replicates_per_block=1, iterations=1, analyses=[])
    path = write_config(config, folder / f"{experiment}.json")
    return [sys.executable, "-m", "benchmarks.fit_job", str(path), experiment, "em"]


def _together(command: list[str], clone: Path, cores: int, rounds: int = 4) -> float:
    """Return the median seconds of a command, as many at a time as there are cores."""
    with ThreadPoolExecutor(cores) as pool:
        times = pool.map(lambda _: _timed(command, clone)[0], range(rounds * cores))
        return statistics.median(times)
