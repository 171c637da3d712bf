"""Our runs as the audit needs them: a fitter's values of a metric, a row a replicate."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from emmoe.evidence.summary import excess_to_final

Run = tuple[str, str]  # (model, fitter)


@dataclass(frozen=True)
class Runs:
    """traces: of our runs, by model; missing: why a (model, fitter) has none that can be used;
    tries: further settings of a (model, fitter), each a fitter's name and its settings as text;
    stale: runs that were not made by the current code and settings."""

    traces: Mapping[str, pd.DataFrame]
    missing: Mapping[Run, str]
    tries: Mapping[Run, Mapping[str, str]]
    stale: frozenset[Run]

    def values(self, run: Run, metric: str) -> pd.DataFrame:
        """Return a row a replicate, a column an iteration, NaN after a run's end; empty if none."""
        if (run, metric) not in self._known:
            self._known[run, metric] = self._values(run, metric)
        return self._known[run, metric]

    @cached_property
    def _known(self) -> dict[tuple[Run, str], pd.DataFrame]:
        return {}

    def _values(self, run: Run, metric: str) -> pd.DataFrame:
        model, fitter = run
        if run in self.missing or model not in self.traces:
            return pd.DataFrame()
        trace = self.traces[model]
        own = trace[trace["fitter"] == fitter].sort_values(["cell", "replicate", "iteration"])
        if metric == "excess_loss_to_final":
            own = own.assign(**{metric: excess_to_final(own)})
        if metric not in own or own[metric].isna().all():
            return pd.DataFrame()
        return own.pivot(index="replicate", columns="iteration", values=metric)

    def why_not(self, run: Run) -> str:
        """Say why values of a run are not there."""
        ended = (
            "our runs end before it" if run[0] in self.traces else "config.yaml has no run of it"
        )
        return self.missing.get(run, ended)


def at(values: pd.DataFrame, iterations: Iterable[float]) -> pd.DataFrame:
    """Return the values at some iterations, of the replicates that have them all."""
    return values.reindex(columns=np.asarray(list(iterations), dtype=int)).dropna()
