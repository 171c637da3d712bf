"""Which runs an audit reads, and where they lie.

An audit has a scope, the target it belongs to: `figures` covers what `make figures` makes, `paper`
all. A single claim needs its own algorithms' runs only.
"""

from typing import Any, NamedTuple

from emmoe.record.cells import fitter_blocks
from emmoe.store import checksums as seals

FIGURES, PAPER = "figures", "paper"
NOT_COVERED = "not made by make figures: run make paper"
CALIBRATION = ("settings.csv", "scores.csv", "predictions.parquet")  # in reference/calibration


class Needs(NamedTuple):
    """fits: (experiment, fitter) whose traces are read; theory: experiments whose runs are;
    contests: tables of their verdicts."""

    fits: list[tuple[str, str]]
    theory: list[str]
    contests: list[str]


def of_scope(config: dict[str, Any], scope: str) -> Needs:
    """Return what the audit of a scope reads: both seeds' runs of the models it covers."""
    fits = [
        (entry[role], fitter)
        for entry in config["audit"]["runs"].values()
        if covers(scope, entry)
        for role in ("run", "again")
        for fitter in (*entry["fitters"], *_tries(entry, entry["fitters"]))
    ]
    return Needs(fits, config["audit"]["theory"], config["audit"]["contests"][scope])


def of_claim(config: dict[str, Any], claim: Any) -> Needs:
    """Return what a single claim, a row of the claims table, needs: the first seed's runs."""
    entries, fitters = config["audit"]["runs"], claim.algorithm.split()
    if claim.where == "abstract" and claim.kind != "ordering":
        return Needs([], config["audit"]["theory"], [])
    models = [claim.model] if claim.model else list(entries)
    fits = [
        (entries[model]["run"], fitter)
        for model in models
        for fitter in (*fitters, *_tries(entries[model], fitters))
    ]
    summed_up = claim.where == "abstract"
    return Needs(fits, [], config["audit"]["contests"][PAPER] if summed_up else [])


def covers(scope: str, entry: dict[str, Any]) -> bool:
    """Return whether a scope covers the runs of an entry of config.yaml's audit."""
    return scope == PAPER or entry["target"] == scope


def _tries(entry: dict[str, Any], fitters: list[str]) -> list[str]:
    return [name for fitter in fitters for name in entry["tries"].get(fitter, [])]


def traces(config: dict[str, Any], experiment: str, fitter: str, results: str) -> list[str]:
    """Return the files of a fitter's traces below the folder of results."""
    folder = f"{results}/traces/{experiment}/{fitter}"
    blocks = fitter_blocks(config["experiments"][experiment], fitter)
    return [f"{folder}/{block}.parquet" for block in blocks]


def sidecar(trace: str) -> str:
    """Return the provenance file of a trace."""
    return f"{trace.removesuffix('.parquet')}.provenance.json"


def theory_fits(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the (experiment, fitter) behind the runs of the theory."""
    experiments = config["experiments"]
    return [(e, f) for e in config["audit"]["theory"] for f in experiments[e]["fitters"]]


def inputs(config: dict[str, Any], needs: Needs, results: str) -> dict[str, list[str]]:
    """Return the files to read, by kind: traces, provenance, theory, contests."""
    found = [path for fit in needs.fits for path in traces(config, *fit, results)]
    of_theory = theory_fits(config) if needs.theory else []
    behind = [path for fit in of_theory for path in traces(config, *fit, results)]
    return {
        "traces": found,
        "provenance": [sidecar(path) for path in found + behind],
        "theory": [f"{results}/runs/{experiment}.parquet" for experiment in needs.theory],
        "contests": tables(needs, results),
    }


def tables(needs: Needs, results: str) -> list[str]:
    """Return the files of the contests' verdicts."""
    return [f"{results}/tables/{name}.csv" for name in needs.contests]


def changed(config: dict[str, Any], needs: Needs) -> list[str]:
    """Return a line for each result that was changed after it was written: of the fits that are
    read, and of all that is made from fits."""
    results = config["pathvars"]["results"]
    fits = needs.fits + (theory_fits(config) if needs.theory else [])
    return seals.changed(results, [path for fit in fits for path in traces(config, *fit, results)])
