"""Heat maps over the SNR plane, a panel a model and angle, with one colour bar.

rho is EM's linear rate in theory, lambda_max(M), in the population limit at the truth. Everything
observed is a median or a share over the runs of a cell. Bright is good: fast, certain.

:section: theory
:title: Over the signal-to-noise plane
:caption: rho is EM's linear rate in theory, the largest eigenvalue of the missing-information
    matrix, in the population limit at the truth; what is observed is a median or a share over the
    runs of a cell. Bright is good: fast, certain.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Literal, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from emmoe.figures._shared import plane, style, sweep
from emmoe.figures._shared.snr import CELL, KINDS, Kind
from emmoe.record.cells import grid
from emmoe.record.check_reads import runs_of
from emmoe.record.entries import Experiment, Product, Record
from emmoe.record.reads import Reads
from emmoe.store.errors import DataError
from emmoe.tables._shared.runs import angles

ONE_EACH = ["experiment", "start", "n", "d"]
EXPERTS, GATE = r"experts $\Vert\beta^{*}\Vert$", r"gate $\Vert w^{*}\Vert$"
ABOVE, WIDE = 1.45, 2.6  # inches: message, bar and legend; all panels of a row
ROOM = 0.3  # inches: a cell as wide has its value printed
LOOKS = {"singular": plane.CROSS, "below": plane.DOT, "other": plane.CROSS}


class Panel(NamedTuple):
    """Where a panel stands, what it is of, and which column of its cells it shows."""

    row: int
    place: int
    heading: str
    column: str
    cells: pd.DataFrame


@style.context()
def draw(
    *,
    rates: Annotated[pd.DataFrame, Reads("table", of="rates")],
    curves: Mapping[str, str],
    shows: Literal["rates", "success", "iterations"],
    model: str | None = None,
    angle: float | Literal["random"] | None = None,
    experiment: str | None = None,
    start: str | None = None,
    n: int | None = None,
    d: int | None = None,
) -> Figure:
    """Return the figure: theory's and the observed rates, the share of runs that reach the sample
    optimum, or the second fitter's iterations over the first one's.

    rates: the table of emmoe.tables.rates. curves: fitter -> label, every fitter if empty; rates
    and successes are the first one's, EM's if empty. The others choose what is shown, where the
    table holds several. Raises DataError, in one line, if no cell or no single value is left.
    """
    only = {"model": model, "angle": angle, "experiment": experiment, "start": start, "n": n}
    page = _page(rates, {k: v for k, v in (only | {"d": d}).items() if v is not None})
    labels = sweep.labels(page["fitter"], curves)
    if not labels:
        raise DataError(f"rates: no run of {', '.join(curves)} in the cells that are shown")
    kind = KINDS[shows]
    cells = kind.cells(page, labels)
    panels = list(_panels(kind, cells))
    figure = _sheet(panels, kind, labels)
    figure.axes[-1].set_xlabel(f"{figure.axes[-1].get_xlabel()}\n{_said(page, labels)}")
    style.tell(figure, kind.message(cells, labels))
    return figure


def check(record: Record, entry: Product) -> None:
    """Raise ValueError unless the table holds the cells that are chosen, of one setting."""
    page = [row for own in runs_of(record, entry) for row in _cells(own)]
    chosen = {name: value for name, value in entry.options.items() if name != "shows"}
    for name, value in chosen.items():
        known = list(dict.fromkeys(row.get(name) for row in page))
        page = [row for row in page if value is None or row.get(name) == value]
        if not page:
            said = f"no cell with {name} {value} is read: known are {', '.join(map(str, known))}"
            raise ValueError(f"options.{name}: {said}")
    for name, own in product(ONE_EACH, dict.fromkeys(row["model"] for row in page)):
        found = list(dict.fromkeys(row.get(name) for row in page if row["model"] == own))
        if len(found) > 1:
            said = f"cells of {name} {', '.join(map(str, found))} are read: choose one"
            raise ValueError(f"options.{name}: {said}")


def _cells(own: Experiment) -> Iterator[dict]:
    """What tells the cells of an experiment apart."""
    facts = {"model": own.model.name, "experiment": own.name, "start": own.start.name}
    found = grid(own)
    points = product(*found.values)
    return (
        facts | dict(own.data.settings) | dict(zip(found.axes, point, strict=True))
        for point in points
    )


def _page(rates: pd.DataFrame, only: Mapping) -> pd.DataFrame:
    """Return the rows to show: one a fitter, model, angle and pair of norms."""
    page = rates.assign(angle=angles(rates["angle"]))
    for column, value in only.items():
        page = page[page[column] == value]
    where = ", ".join(f"{column} {value}" for column, value in only.items())
    if page.empty:
        raise DataError(f"rates: no cell of {where or 'any model'}")
    for (model, column), found in (
        ((model, column), part[column].unique())
        for model, part in page.groupby("model")
        for column in ONE_EACH
    ):
        if len(found) > 1:
            raise DataError(f"rates: {model}: {column} {', '.join(map(str, found))}: choose one")
    if page.duplicated(["fitter", *CELL]).any():
        raise DataError("rates: two rows of a fitter have the same model, angle and norms")
    return page


def _panels(kind: Kind, cells: pd.DataFrame) -> Iterator[Panel]:
    """Arrange models and angles: columns are angles, or models where there is one angle."""
    models, turns = list(cells["model"].unique()), list(cells["angle"].unique())
    for (a, model), (b, turn), (c, said) in product(
        enumerate(models), enumerate(turns), enumerate(kind.rows)
    ):
        row, place = (a * len(kind.rows) + c, b) if len(turns) > 1 else (c, a)
        own = cells[(cells["model"] == model) & (cells["angle"] == turn)]
        heading = sweep.model_name(model) if len(turns) > 1 and len(models) > 1 else ""
        yield Panel(row, place, f"{heading} {said}".strip(), kind.rows[said], own)


def _sheet(panels: list[Panel], kind: Kind, labels: Mapping[str, str]) -> Figure:
    """Draw all panels, their colour bar, and what the marks mean."""
    rows, places = (max(getattr(p, side) for p in panels) + 1 for side in ("row", "place"))
    scale = kind.scale([p.cells[p.column].to_numpy(float) for p in panels], labels)
    figure = style.column(ABOVE + rows * (0.2 + WIDE / max(places, 2)))
    axes = figure.subplots(rows, places, squeeze=False)
    for panel in panels:
        _panel(axes[panel.row, panel.place], panel, kind, scale, places)
    for panel in panels:
        _label(axes[panel.row, panel.place], panel, panels)
    plane.bar(figure, axes, scale)
    _legend(figure, kind, labels)
    return figure


def _panel(axes: Axes, panel: Panel, kind: Kind, scale: plane.Scale, places: int) -> None:
    plane.panel(axes, panel.cells, panel.column, scale)
    if WIDE / places / panel.cells["norm_w"].nunique() >= ROOM:
        plane.write(axes, panel.cells, panel.column, scale)
    for column in kind.marks:
        if column in LOOKS:
            plane.mark(axes, panel.cells, column, LOOKS[column])
        else:
            plane.hatch(axes, panel.cells, column)


def _label(axes: Axes, panel: Panel, panels: list[Panel]) -> None:
    """Name a panel's row at its left, its column above, and the norms at the axes."""
    model, turn = panel.cells["model"].iloc[0], panel.cells["angle"].iloc[0]
    several = any(p.cells["angle"].iloc[0] != turn for p in panels)
    if panel.row == 0:
        text = sweep.angle_text(turn)
        text = f"angle {text}" if several else f"{sweep.model_name(model)}, {text}"
        axes.set_title(text)
    if panel.place == 0:
        axes.set_ylabel(f"{panel.heading}\n{EXPERTS}".lstrip())
    below = [p for p in panels if p.place == panel.place and p.row == panel.row + 1]
    if not any(p.cells["model"].iloc[0] == model for p in below):
        axes.set_xlabel(GATE)
    else:
        axes.tick_params(labelbottom=False)
    if several and panel.place:
        axes.tick_params(labelleft=False)


def _said(page: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Say of what the cells are."""
    runs, row = page.groupby("fitter")["replicates"].max(), page.iloc[0]
    told = ", ".join(f"{sweep.count(runs[f])} of {label}" for f, label in labels.items())
    models = " and ".join(map(sweep.model_name, page["model"].unique()))
    size = rf"$n$ = {sweep.count(row['n'])}, $d$ = {row['d']}"
    return f"{models}, {size}\nstart: {sweep.plain(row['start'])}\nruns a cell: {told}"


def _legend(figure: Figure, kind: Kind, labels: Mapping[str, str]) -> None:
    """Say what those marks mean that are there."""
    drawn = {line.get_label() for axes in figure.axes for line in axes.get_lines()}
    entries = [("no value", Line2D([], [], **plane.DASH))] if "no value" in drawn else []
    for column, text in kind.marks.items():
        said = text.format(*labels.values())
        if column in drawn:
            entries.append((said, Line2D([], [], **LOOKS[column])))
        elif column not in LOOKS and any(p.get_hatch() for a in figure.axes for p in a.patches):
            entries.append((said, Patch(**plane.HATCHED)))
    if entries:
        style.legend(figure, entries, min(len(entries), 3))
