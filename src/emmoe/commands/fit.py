"""Fit a mixture of experts to a table (CSV or Parquet) and write the model as JSON.

Ends with 0 for a certified maximum, with 3 for a fit of another status, with 1 for input that
cannot be used. Interrupted (Ctrl-C), it goes on with the starts that are done, and says which; once
more, it ends."""

import argparse
import re
import sys
import warnings
from typing import TypedDict

import numpy as np
import pandas as pd

from emmoe.commands import _described
from emmoe.commands._arguments import ending, natural, positive
from emmoe.commands._fits import fits
from emmoe.commands._needed import needed
from emmoe.mixture.estimators import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor
from emmoe.mixture.estimators.saved import Model, save
from emmoe.mixture.estimators.select import CRITERIA, best_of, compared
from emmoe.mixture.watch import Watch
from emmoe.store.coding import coding, numbers, odd_entries
from emmoe.store.errors import DataError
from emmoe.store.files import write_text
from emmoe.store.tabular import read_table, shown

REGRESSIONS = ("gaussian", "poisson")
FAMILIES = (*REGRESSIONS, "classes")
OTHER_STATUS = 3
MOST = 20  # experts
FEW = 10  # values of a target that may be classes
CLASSES = 100  # at most: a multinomial expert has as many rows of coefficients, less one


Estimator = MixtureOfExpertsRegressor | MixtureOfExpertsClassifier


class Options(TypedDict):
    """What both estimators are made with."""

    n_init: int
    random_state: int
    gate_features: list[int] | None
    covariance: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("table", type=ending, help="a CSV or Parquet file with a header; - for the standard input")
    add("--target", required=True, metavar="COLUMN", help="what is to be explained")
    add("--experts", type=_experts, default="2", metavar="K", help="how many, or 1:4 (%(default)s)")
    said = "of the target; by default classes where it is text or true and false, else gaussian"
    add("--family", choices=FAMILIES, help=said)
    said = "columns that explain it, with commas; by default all others"
    add("--features", type=_columns, metavar="A,B", help=said)
    said = "of these, the columns that the gate sees ('' for none); by default all"
    add("--gate", type=_columns, metavar="A,B", help=said)
    add("--weights", metavar="COLUMN", help="how often a row counts")
    add("--categorical", type=_columns, default=[], metavar="A,B", help="columns of levels")
    add("--starts", type=positive, default=20, metavar="N", help="of EM, for each K (%(default)s)")
    add("--seed", type=natural, default=0, metavar="N", help="of the starts (%(default)s)")
    add("--criterion", choices=CRITERIA, default="bic", help="that chooses K (%(default)s)")
    add("--robust", action="store_true", help="sandwich standard errors")
    add("--out", default="model.json", metavar="FILE", help="the model (%(default)s)")
    add("--page", metavar="FILE", help="a page with its plots too, as emmoe diagnose writes it")


def _experts(text: str) -> list[int]:
    """Numbers of experts, as 3 or 1:4, the last included."""
    found = re.fullmatch(r"(\d{1,3})(?::(\d{1,3}))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= MOST:
        said = f"{text!r} must be a number from 1 to {MOST}, or a range such as 1:4"
        raise argparse.ArgumentTypeError(said)
    return list(range(first, last + 1))


def _columns(text: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def run(args: argparse.Namespace) -> None:
    """Fit, print what was found, save the model and, if asked for, its page."""
    diagnose = needed("emmoe.commands.diagnose", "fit --page", "plot") if args.page else None
    table = read_table(args.table)
    coded = coding(table, args.target, args.features, args.categorical, args.weights)
    if len(table) < 2 or not coded.names:
        said = f"{len(table)} rows and {len(coded.names)} columns to explain {shown(args.target)}"
        raise DataError(f"{args.table}: {said}: a fit needs at least 2 rows and 1 column")
    features, weight = coded.features(table), coded.weight(table)
    target = coded.targets(table)
    family = args.family or _family(target)
    y = numbers(target, "take --family classes") if family in REGRESSIONS else _labels(target)
    gate = None if args.gate is None else coded.features_of(args.gate, "--gate")
    options = Options(
        n_init=args.starts, random_state=args.seed, gate_features=gate,
        covariance="robust" if args.robust else "observed",
    )  # fmt: skip
    frame = pd.DataFrame(features, columns=list(coded.names))

    def fit(number: int, watch: Watch) -> Estimator:
        own = _estimator(family, number, options)
        own._watch = watch
        return _fitted(own, frame, y, weight, shown(args.target))

    found = fits(args.experts, args.starts, fit)
    best, tried = best_of(found, args.criterion), compared(found)
    model = Model(best, coded, tried)
    save(model, args.out)
    print(_described.model(best, tried, shown(args.target)))
    print(f"\nmodel: {args.out}")
    if diagnose:
        write_text(diagnose.page(model, table), args.page)
        print(f"page: {args.page}")
    if best.status_ != "maximum":
        sys.exit(OTHER_STATUS)


def _family(target: pd.Series) -> str:
    """The family of a target of which none was named; raises DataError for numbers with a few other
    entries among them. Of few whole numbers it says that they may be classes."""
    if pd.api.types.is_bool_dtype(target):
        return "classes"
    if not pd.api.types.is_numeric_dtype(target):
        if 2 * odd_entries(target).sum() <= len(target):
            numbers(target, "")
        return "classes"
    values = target.unique()
    if len(values) <= FEW and (values == np.floor(values)).all():
        said = f"column {shown(target.name)} has {len(values)} values, fitted as numbers"
        print(f"note: {said}: --family says if they are classes or counts", file=sys.stderr)
    return "gaussian"


def _labels(target: pd.Series) -> np.ndarray:
    """The target as class labels; raises DataError where it has very many."""
    many = target.nunique()
    if many > min(CLASSES, max(FEW, len(target) / 2)):
        said = f"column {shown(target.name)}: has {many} values in {len(target)} rows"
        numeric = pd.api.types.is_numeric_dtype(target)
        advice = "take --family gaussian" if numeric else "is it the target?"
        raise DataError(f"{said}, too many for classes: {advice}")
    return target.to_numpy()


def _estimator(family: str, number: int, options: Options) -> Estimator:
    if family in REGRESSIONS:
        return MixtureOfExpertsRegressor(number, family=family, **options)
    return MixtureOfExpertsClassifier(number, **options)


def _fitted(
    own: Estimator, frame: pd.DataFrame, y: np.ndarray, weight: np.ndarray | None, target: str
) -> Estimator:
    with warnings.catch_warnings(action="ignore"):  # they are printed with the fit
        try:
            return own.fit(frame, y, sample_weight=weight)
        except DataError as error:
            about = re.match(r"(y|family \w+) ", str(error))  # what the library calls the target
            raise DataError(f"column {target}: {error}" if about else str(error)) from None
        except ValueError as error:  # scikit-learn's own checks, in more lines than one
            raise DataError(" ".join(str(error).split())) from None
