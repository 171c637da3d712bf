"""Curves as the page draws them, from the tables that figures read: means over instances with
their standard deviation, some instances, and what the paper reports beside them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from msgspec import Struct

from emmoe.evidence.reach import CURRENCIES
from emmoe.evidence.summary import excess_to_final
from emmoe.figures._shared.palette import looks
from emmoe.lab.columns import TO_FINAL, columns
from emmoe.record import registry
from emmoe.record.check_options import hints_of, marks
from emmoe.record.entries import Product, Record
from emmoe.record.reads import Reads
from emmoe.report import races
from emmoe.report.audit import Claim
from emmoe.report.clocks import SECONDS, Clocks, timed
from emmoe.report.series import Curve, Curves, Metric, Panels, Values, lines_of, short, thinned
from emmoe.store.files import read_frame
from emmoe.store.layout import Layout

ZERO = 0.1  # of the uncertainty of a reading: what lies below it was read as 0
INSTANCES = 6  # of a fitter that can be shown
COSTS = [name for name in CURRENCIES if name != "iteration"]


class Drawn(Struct, frozen=True, kw_only=True):
    """What the page draws. figures: by name, what each shows of experiments; races: of contests'
    problems; runs: curves by experiment or problem; metrics, currencies: what axes say."""

    figures: dict[str, list[Panels]]
    races: dict[str, list[Panels]]
    runs: dict[str, Curves]
    metrics: dict[str, Metric]
    currencies: dict[str, str]


class Reading(Struct, frozen=True):
    """A number that the paper reports of one of our runs' curves, between low and high; zero: for
    all that can be read of it, so that it has no height on a logarithmic axis."""

    experiment: str
    fitter: str
    metric: str
    iteration: float
    value: float
    low: float | None
    high: float | None
    zero: bool
    claim: str


def plotted(entry: Product) -> dict[str, list[str]]:
    """Return, by experiment, the metrics of which a figure draws curves of a single cell."""
    hints, found = hints_of(registry.function(entry.kind, entry.module)), {}
    for argument, read in entry.reads.items():
        wanted = next((own for own in marks(hints.get(argument)) if isinstance(own, Reads)), None)
        if read.kind == "summary" and wanted is not None and wanted.one_cell:
            found.setdefault(read.name, []).extend(wanted.columns)
    return found


def files(record: Record, layout: Layout) -> list[Path]:
    """Return the tables that curves may be read from, there or not."""
    read = {
        own.name for entry in record.figures.values() for own in entry.reads.values()
        if own.kind == "summary"
    }  # fmt: skip
    paths = [layout.gathered(name) for name in sorted(read)]
    own = [Path(path[kind]) for path in paths for kind in ("summary", "trace")]
    return own + races.files(record, layout)


def drawn(record: Record, layout: Layout, clocks: Clocks) -> Drawn:
    """Return what the page draws of the results that are there; clocks: what runs took, where that
    is known."""
    shown = {name: plotted(entry) for name, entry in record.figures.items()}
    metrics: dict[str, dict[str, None]] = {}
    fitters: dict[str, set[str]] = {}
    for figure, own in shown.items():
        for experiment, names in own.items():
            metrics.setdefault(experiment, {}).update(dict.fromkeys(names))
            fitters.setdefault(experiment, set()).update(record.figures[figure].curves)
    found = {
        name: _runs(layout.gathered(name), fitters[name], list(own), clocks.get(name))
        for name, own in metrics.items()
    }
    runs = {name: own for name, own in found.items() if own}
    entries = record.figures
    figures = {
        name: [_figure(entries[name], *item) for item in own.items() if item[0] in runs]
        for name, own in shown.items()
    }
    raced, races_of = races.raced(record, layout)
    return Drawn(
        figures={name: own for name, own in figures.items() if own},
        races=races_of,
        runs=runs | raced,
        metrics=races.METRICS | {name: _meaning(name) for own in metrics.values() for name in own},
        currencies=CURRENCIES,
    )


def _figure(entry: Product, experiment: str, metrics: list[str]) -> Panels:
    return Panels(experiment, metrics, lines_of(entry.curves, looks(entry.curves)))


def _meaning(metric: str) -> Metric:
    own = TO_FINAL if metric == TO_FINAL.name else columns("trace")[metric]
    return Metric(metric.replace("_", " "), own.meaning, own.unit)


def _runs(
    paths: Mapping[str, str],
    fitters: Collection[str],
    metrics: Sequence[str],
    seconds: pd.DataFrame | None,
) -> Curves:
    """The curves of some fitters of an experiment; none if its summary is not there."""
    if not Path(paths["summary"]).is_file():
        return {}
    summary = read_frame(paths["summary"])
    there = Path(paths["trace"]).is_file()
    trace = pd.DataFrame({"fitter": []})
    if there:
        trace = timed(read_frame(paths["trace"]), seconds)
    if TO_FINAL.name in metrics and there:
        trace = trace.sort_values(["fitter", "replicate", "iteration"])
        trace[TO_FINAL.name] = excess_to_final(trace)
    return {
        fitter: _curves(rows, trace[trace["fitter"] == fitter], metrics)
        for fitter, rows in summary.groupby("fitter", sort=False)
        if fitter in fitters
    }


def _curves(rows: pd.DataFrame, trace: pd.DataFrame, metrics: Sequence[str]) -> Curve:
    """One fitter's: x by currency, y by metric with its standard deviation, and instances."""
    wide = rows.pivot(index="iteration", columns="metric", values=["mean", "std"])
    wide = wide.iloc[thinned(len(wide))]
    known = [name for name in metrics if ("mean", name) in wide]
    instances = trace["replicate"].unique()[:INSTANCES] if len(trace) else ()
    costs = {name: short(wide["mean", name]) for name in COSTS if ("mean", name) in wide}
    if SECONDS in trace and trace[SECONDS].notna().any():
        means = trace.groupby("iteration")[SECONDS].mean()
        costs[SECONDS] = short(means.reindex(wide.index))
    return Curve(
        x={"iteration": wide.index.tolist(), **costs},
        y={name: short(wide["mean", name]) for name in known},
        sd={name: short(wide["std", name]) for name in known},
        replicates=int(rows["replicates"].max()),
        instances=[
            _instance(own, known, wide.index, costs)
            for _, own in trace[trace["replicate"].isin(instances)].groupby("replicate")
        ],
    )


def _instance(
    own: pd.DataFrame, metrics: Iterable[str], iterations: pd.Index, costs: Mapping[str, Values]
) -> dict[str, Values]:
    """A run's metrics, and its counted costs where they are not the mean's. On the clock it lies
    where the mean does: which run the machine was slow at is nobody's question."""
    own = own.set_index("iteration").reindex(iterations)
    counted = {name: short(own[name]) for name in costs if name != SECONDS}
    apart = {name: values for name, values in counted.items() if values != costs[name]}
    return apart | {name: short(own[name]) for name in metrics if name in own}


def readings(record: Record, claims: Iterable[Claim]) -> Iterator[Reading]:
    """Yield what is reported of each of our runs' curves, as the page draws it."""
    for claim in claims:
        entry = record.audit.runs.get(claim.model)
        if entry and claim.kind == "value" and None not in (claim.iteration, claim.reported):
            yield Reading(
                experiment=entry.run, fitter=claim.algorithm, metric=claim.metric,
                iteration=claim.iteration, value=claim.reported, low=claim.low, high=claim.high,
                zero=claim.reported <= ZERO * (claim.uncertainty or 0), claim=claim.id,
            )  # fmt: skip


def told(figure: Panels, data: Drawn) -> str:
    """Return a figure's curves in words: of each metric where each line starts and ends."""
    return " ".join(
        f"{data.metrics[metric].name.capitalize()}: {_ends(figure, data, metric)}."
        for metric in figure.metrics
    )


def _ends(figure: Panels, data: Drawn, metric: str) -> str:
    runs, ends = data.runs[figure.experiment], []
    for fitter, line in figure.lines.items():
        if fitter in runs and metric in runs[fitter].y:
            times, values = runs[fitter].x["iteration"], runs[fitter].y[metric]
            curve = [(t, v) for t, v in zip(times, values, strict=True) if v is not None]
            (_, start), (last, end) = curve[0], curve[-1]
            ends.append(f"{line.label} from {start:.3g} to {end:.3g} at iteration {last}")
    return "; ".join(ends)
