"""What runs took, state by state: it stands in the provenance of fits, since no two runs of a fit
take the same time, and traces are compared byte for byte."""

from collections.abc import Iterable, Mapping

import pandas as pd

from emmoe.store.provenance import Made

SECONDS = "cpu_seconds"  # as in contests
STATE = ["fitter", "replicate", "iteration"]

Clocks = Mapping[str, pd.DataFrame]  # by experiment


def clocks(made: Iterable[Made]) -> dict[str, pd.DataFrame]:
    """Return, by experiment, one row a run and state of fits that kept their clocks: STATE and the
    CPU seconds so far. Runs that share a design are computed together, and share the time."""
    rows: dict[str, list[tuple]] = {}
    for own in made:
        experiment, fitter = own.name.split("/")[:2]
        for record in own.notes.get("records", []):
            shares = [seconds / len(record["replicates"]) for seconds in record[SECONDS]]
            rows.setdefault(experiment, []).extend(
                (fitter, replicate, iteration, share)
                for replicate in record["replicates"]
                for iteration, share in enumerate(shares)
            )
    return {name: pd.DataFrame(own, columns=[*STATE, SECONDS]) for name, own in rows.items()}


def timed(trace: pd.DataFrame, seconds: pd.DataFrame | None) -> pd.DataFrame:
    """Return a trace of a single cell with a column of CPU seconds, where they are known."""
    return trace if seconds is None else trace.merge(seconds, on=STATE, how="left")
