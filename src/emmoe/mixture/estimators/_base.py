"""What the regressor and the classifier share: parameters, fitted attributes, probabilities."""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from emmoe.mixture import Problem, fit, inference, online, predict
from emmoe.mixture.estimators._attributes import FittedAttributes
from emmoe.mixture.estimators._errors import value_errors
from emmoe.mixture.estimators._features import positions
from emmoe.mixture.estimators._seeds import seed_of
from emmoe.mixture.watch import Watch
from emmoe.store.errors import DataError

Array = NDArray[np.floating]
ROWS_A_COLUMN = 2  # in each expert, that tell the curvature at a fit
NEXT = {"separable": ": ask for fewer experts or gate_features"}  # what the others' lines say
SETTINGS = ("n_init", "max_iter", "tol", "variance_floor", "variance_penalty", "alpha")


class MixtureOfExperts(FittedAttributes, BaseEstimator):
    """K experts under a soft-max gate, fitted by EM from several starts; see its subclasses."""

    n_experts: int
    expert_features: Sequence[str | int] | None
    gate_features: Sequence[str | int] | None
    covariance: str
    random_state: int | np.random.RandomState | None
    verbose: int
    interruptible: bool
    n_features_in_: int
    _watch: Watch | None = None  # by which a command follows a fit
    _online: online.Online | None = None  # what `partial_fit` goes on from

    def _numbers(self, y: ArrayLike) -> Array:
        """Return targets as the family has them."""
        raise NotImplementedError

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return a prediction for each row, (n,)."""
        raise NotImplementedError

    def _fit_numbers(
        self, X: Array, y: Array, family: str, weights: Array | None, classes: int | None = None
    ) -> None:
        """Fit to a checked X (n, d) and targets as the family has them; warn of other statuses
        than `maximum`."""
        names = tuple(getattr(self, "feature_names_in_", [f"x{j}" for j in range(X.shape[1])]))
        settings = {name: v for name, v in self.get_params().items() if name in SETTINGS}
        with value_errors():
            if self.covariance not in inference.KINDS:
                said = f"covariance must be one of {', '.join(inference.KINDS)}"
                raise DataError(f"{said}, got {self.covariance!r}")
            problem = Problem(
                X, y, family,
                positions("expert_features", self.expert_features, names),
                positions("gate_features", self.gate_features, names),
                weights, names=names, classes=classes,
            )  # fmt: skip
            seed = seed_of(self.random_state)
            self._online = None
            watch = self._watch or self._watching()
            self._fitted = fit(problem, self.n_experts, seed=seed, watch=watch, **settings)
        if self.status_ != "maximum" or self.starts_left_:
            said = self.warnings_[0] + NEXT.get(self.status_, "")
            warnings.warn(said, ConvergenceWarning, stacklevel=3)

    def _watching(self) -> Watch:
        """Return what follows a fit, as the parameters ask for it."""
        watch = Watch(stopping=_say if self.interruptible else None)
        return replace(watch, say=_say) if self.verbose else watch

    def _go_on(
        self, X: Array, y: Array, family: str, weights: Array | None, classes: int | None = None
    ) -> None:
        """Fit to the first rows, or go on with new ones."""
        weights = np.ones(len(y)) if weights is None else weights
        first = not self.__sklearn_is_fitted__()
        if first:
            self._fit_numbers(X, y, family, weights, classes)
        with value_errors():
            if self._online is None:
                least = 0 if first else ROWS_A_COLUMN * self.n_experts * (1 + X.shape[1])
                if len(y) < least:
                    said = f"{len(y)} rows to go on from a fit whose own are gone"
                    raise DataError(f"{said}: give at least {least} in the first call")
                floor = self.get_params().get("variance_floor", 1.0)
                self._online = online.begin(self._fitted, X, y, weights, floor)
            if not first:
                self._online = online.step(self._online, X, y, weights)
                self._fitted = self._online.fitted

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def _checked(self, X: ArrayLike) -> Array:
        """Return new rows (n, d) as numbers."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=np.float64)
        with value_errors():
            return predict.covariates(self._fitted, x)

    def _checked_with_targets(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Return new rows, and their targets as the family has them."""
        check_is_fitted(self)
        x, own = validate_data(self, X, y, reset=False, dtype=np.float64)
        with value_errors():
            return predict.covariates(self._fitted, x), self._numbers(own)

    def gate_proba(self, X: ArrayLike) -> Array:
        """Return each expert's probability before y is seen, (n, K)."""
        return predict.gate_proba(self._fitted, self._checked(X))

    def responsibilities(self, X: ArrayLike, y: ArrayLike) -> Array:
        """Return each expert's probability once y is seen, (n, K)."""
        X, y = self._checked_with_targets(X, y)
        with value_errors():
            return predict.responsibilities(self._fitted, X, y)

    def expert_predict(self, X: ArrayLike) -> Array:
        """Return each expert's mean, (n, K); for more than two classes their probabilities,
        (n, K, C)."""
        return predict.expert_mean(self._fitted, self._checked(X))

    def log_likelihood(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the log-likelihood of rows, in nats; for a mean per row divide by their weight."""
        X, y = self._checked_with_targets(X, y)
        weight = _check_sample_weight(sample_weight, X)
        with value_errors():
            return float(weight @ predict.log_density(self._fitted, X, y))

    def summary(
        self, kind: str | None = None, level: float = 0.95, contrast: str = "reference"
    ) -> pd.DataFrame:
        """Return a row per parameter: block, expert (from 1), [class,] feature, estimate, se, z, p,
        low, high.

        kind: of standard errors, as `covariance` has them and by default its own; contrast: gate
        rows against the last expert ("reference"), between each two ("pairs") or less their mean
        ("centred")."""
        check_is_fitted(self)
        with value_errors():
            rows = inference.summary(self._fitted, kind or self.covariance, level, contrast)
        return self._labelled(pd.DataFrame(rows))

    def _labelled(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of parameters with experts as people count them."""
        return table.drop(columns="row").assign(expert=table["expert"].map(_from_one))

    def delta(
        self, function: Callable[[Array], Array], kind: str | None = None
    ) -> tuple[Array, Array]:
        """Return a smooth function of the parameters (in the order of `summary()`) and its
        covariance, by the delta method."""
        check_is_fitted(self)
        return inference.delta(self._fitted, function, kind or self.covariance)

    def sample(
        self, X: ArrayLike, random_state: int | np.random.RandomState | None = None
    ) -> tuple[NDArray[Any], NDArray[np.integer]]:
        """Return targets drawn at X, (n,), and the experts that they come from, (n,)."""
        X = self._checked(X)
        with value_errors():
            drawn, expert = predict.draw(self._fitted, X, seed_of(random_state))
        return drawn, expert.astype(np.intp)


def _from_one(expert: int | Sequence[int]) -> int | tuple[int, ...]:
    """An expert, or a pair of them, counted from 1."""
    return tuple(one + 1 for one in expert) if isinstance(expert, Sequence) else expert + 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
