"""Condenses traces into means and standard deviations over replicates, iteration by iteration."""

from collections.abc import Sequence

import pandas as pd

RUN = ["experiment", "cell", "fitter", "replicate"]


def summarise(trace: pd.DataFrame, measured: Sequence[str]) -> pd.DataFrame:
    """Return one row per (experiment, cell, fitter, metric, iteration): mean, std, replicates.

    measured: the columns to summarise, where the trace has them.

    std has the divisor replicates - 1. A run that ended early has no later rows, and is not
    carried forward: `replicates` says how many runs a mean is over.
    """
    trace = trace.sort_values([*RUN, "iteration"], ignore_index=True)
    trace["excess_loss_to_final"] = excess_to_final(trace)
    metrics = [name for name in measured if name in trace]
    keys = [*RUN[:-1], "iteration"]
    long = trace.melt(keys, metrics, var_name="metric", value_name="value").dropna(subset="value")
    groups = long.groupby([*RUN[:-1], "metric", "iteration"])["value"]
    table = groups.agg(mean="mean", std="std", replicates="count")
    return table.reset_index()


def excess_to_final(trace: pd.DataFrame) -> pd.Series:
    """Return L(theta_t) - L(theta_T), T each run's last iteration, of rows sorted by iteration."""
    return trace["loss"] - trace.groupby(RUN)["loss"].transform("last")


def gather(runs: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Return the table of all runs of an experiment with each cell's settings beside them.

    facts: one row a cell, with the column `cell` and its settings."""
    table = facts.merge(runs, on="cell", how="right", validate="one_to_many")
    return table.sort_values(["fitter", "cell", "replicate"], ignore_index=True)
