"""What to know of a model that `emmoe fit` wrote: a page with its status, warnings in plain words,
plots and tables; with the table that was fitted, its rows and residuals too."""

import argparse
import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import jinja2
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from emmoe import __version__, plot
from emmoe.commands import _described
from emmoe.commands._arguments import ending
from emmoe.mixture.estimators import MixtureOfExpertsRegressor
from emmoe.mixture.estimators.saved import Model, load
from emmoe.store.coding import numbers
from emmoe.store.files import write_text
from emmoe.store.tabular import read_table

TEMPLATE = "diagnose.html.j2"
COLUMNS = 6  # that are drawn
AROUND = 2.0  # standard deviations of a column, where its rows are not at hand
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=ending, help="the file that emmoe fit wrote")
    parser.add_argument(
        "table", type=ending, nargs="?", help="the table that was fitted, to see its rows"
    )
    parser.add_argument("--out", metavar="FILE", help="the page; by default beside the model")


def run(args: argparse.Namespace) -> None:
    """Write the page, and print status and warnings."""
    model, out = load(args.model), args.out or str(Path(args.model).with_suffix(".html"))
    table = read_table(args.table) if args.table else None
    write_text(page(model, table), out)
    own = model.estimator
    print(f"{own.status_}: {_described.ADVICE[own.status_]}")
    print(*(f"warning: {line}" for line in own.warnings_), f"page: {out}", sep="\n")


def page(model: Model, table: pd.DataFrame | None) -> str:
    """Return the page as HTML that needs no other file."""
    matplotlib.use("svg")  # needs no screen
    folder = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder, encoding="utf-8"),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    own, tried = model.estimator, pd.DataFrame(model.tried)
    tables = {
        "Numbers of experts": tried,
        "Parameters": _described.parameters(own),
        "Optima": own.basins_,
        "Starts": own.restarts_,
    }
    return environment.get_template(TEMPLATE).render(
        target=model.coding.target, own=own, version=__version__,
        advice=_described.ADVICE[own.status_], explained=_described.EXPLAINED[own.status_],
        plots=[(title, _svg(draw)) for title, draw in _plots(model, table, tried)],
        tables={title: _described.text(own) for title, own in tables.items()},
    )  # fmt: skip


def _plots(
    model: Model, table: pd.DataFrame | None, tried: pd.DataFrame
) -> Iterator[tuple[str, Callable[[], object]]]:
    """The plots of a page, by title; of the first few columns."""
    own, names = model.estimator, list(model.coding.names)
    x = _around(model) if table is None else model.coding.features(table)
    x = pd.DataFrame(x, columns=names)
    regression = isinstance(own, MixtureOfExpertsRegressor)
    if table is not None and regression:
        y = numbers(model.coding.targets(table), "the model is a regression")
        for name in names[:COLUMNS]:
            yield f"The fit along {name}", partial(plot.fit, own, x, y, name)
        yield "Residuals by expert", partial(plot.residuals, own, x, y)
    if own.n_experts > 1:
        for name in names[:COLUMNS]:
            yield f"The gate along {name}", partial(plot.gate, own, x, name)
    if names:
        yield "Slopes", partial(plot.coefficients, own)
    yield "Where the starts ended", partial(plot.optima, own)
    if len(tried) > 1 and tried["bic"].notna().any():
        yield "BIC over the number of experts", partial(plot.criterion, tried)


def _around(model: Model) -> np.ndarray:
    """Rows that span the columns as far as the model remembers them, (2, d)."""
    own = model.estimator._fitted
    middle, spread = np.zeros(len(own.names)), np.ones(len(own.names))
    for design in (own.expert_design, own.gate_design):
        columns = list(design.columns)
        middle[columns], spread[columns] = design.mean, design.deviation
    return middle + AROUND * np.array([[-1.0], [1.0]]) * spread


def _svg(draw: Callable[[], object]) -> str:
    """A plot as SVG within a page; the same for the same model."""
    with plt.rc_context({"svg.hashsalt": "emmoe", "figure.figsize": (5, 3.6)}):
        draw()
        stream = io.StringIO()
        plt.savefig(stream, format="svg", metadata=NO_METADATA)
        plt.close()
    return stream.getvalue()[stream.getvalue().index("<svg") :]
