"""The parameters of runs, a row an entry, from what the analysis `parameters` adds to a run."""

from collections.abc import Collection

import pandas as pd

from emmoe.store.errors import DataError

COLUMNS = ["parameters", "parameter_blocks"]  # of a table of runs
RUN = ["cell", "fitter", "replicate", "status", "loss"]


def long(runs: pd.DataFrame, fitters: Collection[str]) -> pd.DataFrame:
    """Return RUN, block, entry (from 0 in each block) and value, of some fitters, of all if none is
    named; runs that were skipped have no rows.

    Raises DataError if no run is left."""
    own = runs[runs["fitter"].isin(list(fitters))] if fitters else runs
    own = own[own["parameter_blocks"].notna()]
    if own.empty:
        raise DataError(f"runs: no run of the fitters {', '.join(fitters) or '(any)'}")
    parts = [_of_run(run) for run in own.to_dict("records")]
    return pd.concat(parts, ignore_index=True)


def _of_run(run: dict) -> pd.DataFrame:
    pairs = [text.rsplit(" ", 1) for text in run["parameter_blocks"].split(", ")]
    places = [(name, entry) for name, size in pairs for entry in range(int(size))]
    rows = pd.DataFrame(places, columns=["block", "entry"]).assign(value=run["parameters"])
    return rows.assign(**{name: run[name] for name in RUN})[[*RUN, "block", "entry", "value"]]
