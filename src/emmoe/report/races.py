"""Contests as the page draws them: the excess loss of every rival at its tuned step, in any cost.

A line is the median over the comparison's replicates, iteration by iteration; a run that has ended
stays at its last state and cost.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from emmoe.evidence.reach import CURRENCIES, PROBLEM, joined
from emmoe.evidence.tuning import choose, chosen
from emmoe.figures._shared.palette import looks
from emmoe.record.entries import Product, Record
from emmoe.report.series import Curve, Curves, Metric, Panels, lines_of, short, thinned
from emmoe.store.files import read_frame
from emmoe.store.layout import Layout

KINDS = ("costs", "seconds")
DIGITS = 3  # of a number: there are hundreds of curves
GAP, LOSS = "excess_loss", "loss"
METRICS = {
    GAP: Metric("excess loss", "loss over the sample's optimum, median", "nats"),
    LOSS: Metric("loss", "L(theta_t), median", "nats"),
}


def files(record: Record, layout: Layout) -> list[Path]:
    """Return the tables that races are read from, there or not."""
    found = (path for entry in record.figures.values() for path in _paths(entry, layout).values())
    return sorted(set(map(Path, found)))


def _paths(entry: Product, layout: Layout) -> dict[str, str]:
    """The tables of the contests that a figure with tuned steps reads, by contest."""
    if "targets" not in entry.options:
        return {}
    read = [own for own in entry.reads.values() if own.kind in KINDS]
    return {own.name: layout.contest(own.name)[own.kind] for own in read}


def raced(record: Record, layout: Layout) -> tuple[dict[str, Curves], dict[str, list[Panels]]]:
    """Return the curves of each problem by rival, and by figure the problems it is about."""
    runs: dict[str, Curves] = {}
    figures: dict[str, list[Panels]] = {}
    for name, entry in record.figures.items():
        there = {c: path for c, path in _paths(entry, layout).items() if Path(path).is_file()}
        if there:
            found = dict(_problems(entry, joined({c: read_frame(p) for c, p in there.items()})))
            runs |= found
            figures[name] = [_figure(entry, title, own) for title, own in found.items()]
    return runs, figures


def _figure(entry: Product, title: str, runs: Curves) -> Panels:
    metric = next(iter(next(iter(runs.values())).y))
    lines = lines_of(entry.curves, looks(entry.curves))
    return Panels(title, [metric], lines, title)


def _problems(entry: Product, rows: pd.DataFrame) -> Iterator[tuple[str, Curves]]:
    choice = choose(rows, entry.options["targets"])
    final = choice[choice["target"] == list(entry.options["targets"])[-1]]
    tuned = chosen(rows.assign(**{GAP: rows["loss"] - rows["optimum"]}), final)
    for (contest, cell), part in tuned.groupby(PROBLEM, sort=False):
        metric = GAP if part[GAP].notna().any() else LOSS
        title = f"{contest}: {cell}".replace("_", " ")
        yield title, {rival: _curve(own, metric) for rival, own in part.groupby("rival")}


def _curve(runs: pd.DataFrame, metric: str) -> Curve:
    """One rival's medians, x by currency."""
    costs = [name for name in CURRENCIES if name in runs and name != "iteration"]
    wide = runs.pivot(index="iteration", columns="replicate", values=[metric, *costs]).ffill()
    kept = wide.iloc[thinned(len(wide))]
    return Curve(
        x={"iteration": kept.index.tolist()}
        | {name: short(kept[name].median(axis=1), DIGITS) for name in costs},
        y={metric: short(kept[metric].median(axis=1), DIGITS)},
        sd={metric: [None] * len(kept)},
        replicates=int(runs["replicate"].nunique()),
        instances=[],
    )
