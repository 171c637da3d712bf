"""Mixtures of classifiers: logistic experts for two classes, multinomial ones for more."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from emmoe.mixture import predict
from emmoe.mixture.estimators._base import Array, MixtureOfExperts
from emmoe.mixture.estimators._errors import InvalidInput


class MixtureOfExpertsClassifier(ClassifierMixin, MixtureOfExperts):
    """K logistic regressions, one of which holds at each x with a probability that depends on x.

    Experts of a binary target are told apart by the shape of its probability in x alone: expect to
    need many rows. The last class is the reference of multinomial experts.

    Parameters
    ----------
    n_experts : int, default=2
        K.
    expert_features, gate_features : list of str or int, default=None
        Columns that the experts and the gate see, by name or position: None is all of them, [] the
        intercept alone.
    n_init : int, default=20
        Starts. The first 20 of 40 are the same as those of 20.
    max_iter : int, default=2000
        Iterations of EM per start.
    tol : float, default=1e-10
        Newton decrement, in nats, below which a maximum is certified.
    alpha : float, default=0.0
        Ridge on the gate's rows less their mean and on the slopes, of standardised columns.
    covariance : {"observed", "robust", "sampling"}, default="observed"
        Standard errors of `summary`; with "sampling", sample_weight are inverse chances of
        selection, not frequencies.
    random_state : int, RandomState or None, default=None
        Of the starts; None gives the same answer at each run.
    verbose : int, default=0
        Whether to say what is going on.
    interruptible : bool, default=False
        Whether Ctrl-C ends the search alone, with the starts that are done, and warns;
        `starts_left_` says how many are not. Else it raises KeyboardInterrupt.

    Examples
    --------
    >>> import numpy as np
    >>> from emmoe import MixtureOfExpertsClassifier
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-3, 3, (2000, 1))
    >>> p = np.where(rng.random(2000) < 0.5, 1 / (1 + np.exp(-4 * x[:, 0] - 4)), 0.5)
    >>> model = MixtureOfExpertsClassifier(gate_features=[]).fit(x, rng.random(2000) < p)
    >>> model.predict_proba(x[:3]).sum(axis=1)
    array([1., 1., 1.])
    """

    def __init__(
        self,
        n_experts: int = 2,
        *,
        expert_features: Sequence[str | int] | None = None,
        gate_features: Sequence[str | int] | None = None,
        n_init: int = 20,
        max_iter: int = 2000,
        tol: float = 1e-10,
        alpha: float = 0.0,
        covariance: str = "observed",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        interruptible: bool = False,
    ):
        self.n_experts = n_experts
        self.expert_features = expert_features
        self.gate_features = gate_features
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.alpha = alpha
        self.covariance = covariance
        self.random_state = random_state
        self.verbose = verbose
        self.interruptible = interruptible

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X (n, d) and labels y (n,); sample_weight (n,) counts a row so many times.

        Raises ValueError for data or parameters that cannot be used; warns where the fit is no
        certified maximum."""
        x, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(labels)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, x)
        self.classes_ = np.unique(labels)
        _check_several(labels, weight)
        family, classes = self._family()
        self._fit_numbers(x, self._numbers(labels), family, weight, classes)
        return self

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Go on with new rows X (n, d), y (n,) by online EM (Cappé and Moulines, 2009); they are
        not kept.

        classes: all that will come, in the first call; by default those of its rows. That call
        fits its rows as `fit` does and so chooses the optimum: give it thousands, in no order. Each
        other call, after `fit` or a loaded model too, is one step, whose rows count alike.
        `status_` is then "online": no maximum is certified, there are no standard errors and no
        criteria. Raises ValueError as `fit` does, and for classes that are not the first call's."""
        first = not self.__sklearn_is_fitted__()
        x, labels = validate_data(self, X, y, dtype=np.float64, reset=first)
        check_classification_targets(labels)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, x)
        if first:
            self.classes_ = np.unique(labels if classes is None else classes)
            _check_several(labels, weight)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise InvalidInput("classes are not those of the first call: leave them out")
        family, count = self._family()
        self._go_on(x, self._numbers(labels), family, weight, count)
        return self

    def _family(self) -> tuple[str, int | None]:
        """The experts' family, and how many classes a multinomial has."""
        count = len(self.classes_)
        return ("logistic", None) if count == 2 else ("multinomial", count)

    def _numbers(self, y: ArrayLike) -> Array:
        """Labels as their positions in classes_."""
        found = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        if (unknown := np.asarray(y)[self.classes_[found] != y]).size:
            raise InvalidInput(f"y has a class that was not fitted: {unknown[0]}")
        return found.astype(np.float64)

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probabilities of the classes, (n, C)."""
        X = self._checked(X)
        mean = predict.mean(self._fitted, X)
        return mean if mean.ndim == 2 else np.column_stack([1 - mean, mean])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row, (n,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def sample(
        self, X: ArrayLike, random_state: int | np.random.RandomState | None = None
    ) -> tuple[NDArray[Any], NDArray[np.integer]]:
        """Return labels drawn at X, (n,), and the experts that they come from, (n,)."""
        drawn, expert = super().sample(X, random_state)
        return self.classes_[drawn.astype(np.intp)], expert

    def _labelled(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of parameters that says whose logit each is of."""
        first = 0 if len(self.classes_) > 2 else 1  # two classes have one logit, of the second
        labels = np.where(
            table["block"] == "expert", self.classes_[table["row"] + first].astype(str), ""
        )
        out = super()._labelled(table)
        out.insert(2, "class", labels)
        return out


def _check_several(y: NDArray[Any], weight: Array | None) -> None:
    """Raise InvalidInput for rows of one class."""
    if len(np.unique(y if weight is None else y[weight != 0])) < 2:
        raise InvalidInput("y has one class only: at least 2 are needed")
