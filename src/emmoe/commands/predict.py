"""Predict from a model that `emmoe fit` wrote, for the rows of a table; writes CSV."""

import argparse
import sys

import pandas as pd

from emmoe.commands._arguments import ending
from emmoe.mixture.estimators import MixtureOfExpertsRegressor
from emmoe.mixture.estimators.saved import Model, load
from emmoe.store.errors import DataError
from emmoe.store.files import put_csv, write_csv
from emmoe.store.tabular import read_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=ending, help="the file that emmoe fit wrote")
    parser.add_argument(
        "table", type=ending, help="a CSV or Parquet file; - for the standard input"
    )
    said = "probability of the predictive interval (%(default)s)"
    parser.add_argument("--level", type=float, default=0.95, help=said)
    said = "where it goes; by default the standard output"
    parser.add_argument("--out", metavar="FILE", help=said)


def run(args: argparse.Namespace) -> None:
    """Print, or write, a row of predictions per row of the table, in its order."""
    if not 0 < args.level < 1:
        raise DataError(f"--level {args.level}: must lie between 0 and 1")
    model = load(args.model)
    found = predictions(model, read_table(args.table), args.level)
    if args.out:
        write_csv(found, args.out)
    else:
        put_csv(found, sys.stdout)


def predictions(model: Model, table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the prediction with its interval, or the class with all probabilities, and the gate's
    probability of each expert."""
    own = model.estimator
    x = pd.DataFrame(model.coding.features(table), columns=list(model.coding.names))
    out = pd.DataFrame({"prediction": own.predict(x)})
    if isinstance(own, MixtureOfExpertsRegressor):
        out[["low", "high"]] = own.predict_interval(x, level)
    else:
        out[[f"p[{label}]" for label in own.classes_]] = own.predict_proba(x)
    out[[f"expert {k + 1}" for k in range(own.n_experts)]] = own.gate_proba(x)
    return out
