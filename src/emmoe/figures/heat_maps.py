"""Heat maps over the SNR plane, a page a model and angle: theory, observed rates, what EM attains.

rho is EM's linear rate in theory, lambda_max(M): in the population limit at the truth, and at the
sample optimum theta_hat. Everything observed is a median or a share over the runs of a cell.
Bright is good in every panel: fast, exact, certain.
"""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from emmoe.figures._shared import plane, style, sweep
from emmoe.figures._shared.sheet import Sheet
from emmoe.record.cells import grid
from emmoe.record.check_reads import runs_of
from emmoe.record.entries import Experiment, Product, Record
from emmoe.record.reads import Reads
from emmoe.store.errors import DataError
from emmoe.tables._shared.runs import angles

LOWEST = 1e-6  # 1 - rho below it has the scale's last colour
ONE_EACH = ["experiment", "start", "n", "d"]


@style.context()
def draw(
    *,
    rates: Annotated[pd.DataFrame, Reads("table", of="rates")],
    curves: Mapping[str, str],
    model: str,
    angle: float | Literal["random"],
    experiment: str | None = None,
    start: str | None = None,
    n: int | None = None,
    d: int | None = None,
) -> Figure:
    """Return the page of a model and an angle (degrees, or "random").

    rates: the table of emmoe.tables.rates. curves: fitter -> label, every fitter if empty; rates
    and successes are the first one's, EM's if empty. experiment, start, n, d: the value to show
    where the table holds several. Raises DataError, in one line, if no cell or no single value is
    left.
    """
    only = {"experiment": experiment, "start": start, "n": n, "d": d}
    page = _page(rates, model, angle, {k: v for k, v in only.items() if v is not None})
    fitters = sweep.labels(page["fitter"], curves)
    if not fitters:
        raise DataError(f"rates: no run of {', '.join(curves)} for {model} at angle {angle}")
    beta, w = sorted(page["norm_beta"].unique()), sorted(page["norm_w"].unique())
    sheet = Sheet(beta, w, rows=2 + -(-(1 + len(fitters)) // 3))
    sheet.title(_title(page, fitters, model, angle))
    first, label = page[page["fitter"] == next(iter(fitters))], next(iter(fitters.values()))
    singular = sheet.values(first, "gap_population") == 0
    _rates(sheet, first, label, singular)
    last = _recovery_and_iterations(sheet, page, fitters, singular)
    _success(sheet, last + 1, first, label, singular)
    _legend(sheet, last + 1, first, label)
    return sheet.figure


def check(record: Record, entry: Product) -> None:
    """Raise ValueError unless the table holds cells of that page, and those of one setting."""
    page = [row for own in runs_of(record, entry) for row in _cells(own)]
    for name, value in entry.options.items():
        known = list(dict.fromkeys(row.get(name) for row in page))
        page = [row for row in page if value is None or row.get(name) == value]
        if not page:
            said = f"no cell with {name} {value} is read: known are {', '.join(map(str, known))}"
            raise ValueError(f"options.{name}: {said}")
    for name in ONE_EACH:
        found = list(dict.fromkeys(row.get(name) for row in page))
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


def _page(rates: pd.DataFrame, model: str, angle: float | str, only: Mapping) -> pd.DataFrame:
    """Return the rows of a page: one a fitter and pair of norms."""
    where = f"{model} at angle {angle}"
    chosen = (rates["model"] == model) & (angles(rates["angle"]) == angle)
    for column, value in only.items():
        chosen &= rates[column] == value
        where += f", {column} {value}"
    page = rates[chosen]
    if page.empty:
        raise DataError(f"rates: no cell of {where}")
    for column in ONE_EACH:
        found = page[column].unique()
        if len(found) > 1:
            raise DataError(f"rates: {where}: {column} {', '.join(map(str, found))}: choose one")
    if page.duplicated(["fitter", "norm_beta", "norm_w"]).any():
        raise DataError(f"rates: {where}: two rows of a fitter have the same norms")
    return page


def _title(page: pd.DataFrame, fitters: Mapping[str, str], model: str, angle: object) -> str:
    runs, row = page.groupby("fitter")["replicates"].max(), page.iloc[0]
    told = ", ".join(f"{sweep.count(runs[f])} of {label}" for f, label in fitters.items())
    return (
        f"{sweep.model_name(model)}, {sweep.angle_text(angle)} between "
        rf"$\beta^{{*}}$ and $w^{{*}}$, $n$ = {sweep.count(row['n'])}, $d$ = {row['d']}"
        f"\nstart: {sweep.plain(row['start'])}; runs a cell: {told}"
    )


def _texts(values: np.ndarray, digits: str) -> np.ndarray:
    return np.vectorize(lambda value: format(value, digits), otypes=[object])(values)


def _rates(sheet: Sheet, rows: pd.DataFrame, label: str, singular: np.ndarray) -> None:
    """Draw 1 - rho at the truth and at theta_hat and 1 - the observed rate, on one scale."""
    titles = {
        "gap_population": r"population $1-\rho$",
        "gap_hat_median": r"$1-\rho$ at $\hat\theta$",
        "gap_rate_median": rf"observed $1-$rate, {label}",
    }
    values = [sheet.values(rows, column) for column in titles]
    text = r"$1-\rho$ or $1-$rate: share of the error removed per iteration (median over runs)"
    scale = plane.log_scale(values, "viridis", text, LOWEST)
    for column, (title, shown) in enumerate(zip(titles.values(), values, strict=True)):
        sheet.panel(0, column, title, shown, scale, singular, _texts(shown, ".2g"))
    sheet.bar(0, 0, 3, scale)


def _recovery_and_iterations(
    sheet: Sheet, page: pd.DataFrame, fitters: Mapping[str, str], singular: np.ndarray
) -> int:
    """Draw the error of theta_hat, then every fitter's iterations; return their last row."""
    parts = {label: page[page["fitter"] == fitter] for fitter, label in fitters.items()}
    error = sheet.values(next(iter(parts.values())), "recovery_error_median")
    scale = plane.log_scale([error], "cividis_r", r"$\Vert\hat\theta-\theta^{*}\Vert$ (median)")
    sheet.panel(1, 0, "recovery error", error, scale, singular, _texts(error, ".2g"))
    sheet.bar(1, 0, 1, scale)
    medians = [sheet.values(part, "iterations_to_tolerance_median") for part in parts.values()]
    text = r"iterations to $10^{-6}$ (median)"
    scale = plane.log_scale(medians, "cividis_r", text)
    for place, (label, part) in enumerate(parts.items(), start=1):
        row, column = 1 + place // 3, place % 3
        values = medians[place - 1]
        title = f"iterations, {label}"
        axes = sheet.panel(row, column, title, values, scale, singular, _texts(values, ".0f"))
        censored = sheet.values(part, "censored_median") == 1
        plane.hatch(axes, censored & (sheet.values(part, "undefined") < _done(sheet, part)))
        plane.dots(axes, np.isfinite(values) & (sheet.values(part, "censored") > 0))
    last = 1 + len(parts) // 3
    for row in range(1, last + 1):
        first = 1 if row == 1 else 0
        sheet.bar(row, first, min(3, len(parts) + 1 - 3 * (row - 1)) - first, scale)
    return last


def _done(sheet: Sheet, rows: pd.DataFrame) -> np.ndarray:
    return sheet.values(rows, "replicates") - sheet.values(rows, "skipped")


def _success(sheet: Sheet, row: int, rows: pd.DataFrame, label: str, singular: np.ndarray) -> None:
    """Draw the share of runs that reach theta_hat, its interval in every cell."""
    share = sheet.values(rows, "success")
    low, high = sheet.values(rows, "success_low"), sheet.values(rows, "success_high")
    join = np.vectorize(lambda p, a, b: f"{p:.2f}\n{a:.2f}–{b:.2f}", otypes=[object])
    scale = plane.share_scale("cividis", r"share of the runs that reach $\hat\theta$")
    title = f"success of {label}, 95 % interval"
    sheet.panel(row, 0, title, share, scale, singular, join(share, low, high), places=2)
    sheet.bar(row, 0, 2, scale)


def _legend(sheet: Sheet, row: int, rows: pd.DataFrame, label: str) -> None:
    """Say what the marks mean, and how many of the runs have no rate."""
    optimum, unresolved = rows["successes"].sum(), rows["unresolved"].sum()
    entries = {
        "no value": Line2D([], [], **plane.DASH),
        "median censored: not reached\nby half of the runs": Patch(**plane.HATCHED),
        "not reached by some runs": Line2D([], [], **plane.DOT),
        r"singular: $\rho=1$ exactly": Line2D([], [], **plane.CROSS),
        f"no rate resolved in {sweep.count(unresolved)} of\n{sweep.count(optimum)} runs of "
        f"{label} to $\\hat\\theta$": Line2D([], [], ls=""),
    }
    sheet.legend(row, 2, entries)
