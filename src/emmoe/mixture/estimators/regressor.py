"""Mixtures of regressions: gaussian experts with a variance of their own, or poisson ones."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_sample_weight, validate_data

from emmoe.mixture import predict
from emmoe.mixture.estimators._base import Array, MixtureOfExperts
from emmoe.mixture.estimators._errors import InvalidInput, value_errors
from emmoe.mixture.problem import as_numbers

FAMILIES = ("gaussian", "poisson")


class MixtureOfExpertsRegressor(RegressorMixin, MixtureOfExperts):
    """K regressions, one of which holds at each x with a probability that depends on x.

    Fitted by EM from several starts, certified as a maximum by Newton's method, with standard
    errors from the observed information (Louis, 1982).

    Parameters
    ----------
    n_experts : int, default=2
        K.
    family : {"gaussian", "poisson"}, default="gaussian"
        The law of y given x and the expert; gaussian experts have a variance each.
    expert_features, gate_features : list of str or int, default=None
        Columns that the experts and the gate see, by name or position: None is all of them, [] the
        intercept alone.
    n_init : int, default=20
        Starts. The first 20 of 40 are the same as those of 20.
    max_iter : int, default=2000
        Iterations of EM per start.
    tol : float, default=1e-10
        Newton decrement, in nats, below which a maximum is certified.
    variance_floor : float, default=1e-3
        Of an expert's standard deviation, as a share of the one-expert fit's. A run that touches it
        is `degenerate`: the likelihood has no bound there.
    variance_penalty : float, default=0.0
        Rows' worth of penalty that keeps variances from 0 (Chen, Tan and Zhang, 2008).
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
    >>> from emmoe import MixtureOfExpertsRegressor
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-1, 1, (300, 1))
    >>> steep = rng.random(300) < 0.5
    >>> y = np.where(steep, 3, -1) * x[:, 0] + 0.1 * rng.standard_normal(300)
    >>> model = MixtureOfExpertsRegressor(n_experts=2, gate_features=[]).fit(x, y)
    >>> model.status_
    'maximum'
    >>> sorted(model.coef_[:, 0].round(1).tolist())
    [-1.0, 3.0]
    """

    def __init__(
        self,
        n_experts: int = 2,
        *,
        family: str = "gaussian",
        expert_features: Sequence[str | int] | None = None,
        gate_features: Sequence[str | int] | None = None,
        n_init: int = 20,
        max_iter: int = 2000,
        tol: float = 1e-10,
        variance_floor: float = 1e-3,
        variance_penalty: float = 0.0,
        alpha: float = 0.0,
        covariance: str = "observed",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        interruptible: bool = False,
    ):
        self.n_experts = n_experts
        self.family = family
        self.expert_features = expert_features
        self.gate_features = gate_features
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.variance_floor = variance_floor
        self.variance_penalty = variance_penalty
        self.alpha = alpha
        self.covariance = covariance
        self.random_state = random_state
        self.verbose = verbose
        self.interruptible = interruptible

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to X (n, d) and y (n,); sample_weight (n,) counts a row so many times.

        Raises ValueError for data or parameters that cannot be used; warns where the fit is no
        certified maximum."""
        self._check_family()
        x, own = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, x)
        self._fit_numbers(x, self._numbers(own), self.family, weight)
        return self

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Go on with new rows X (n, d), y (n,) by online EM (Cappé and Moulines, 2009); they are
        not kept.

        The first call fits its rows as `fit` does and so chooses the optimum: give it thousands, in
        no order. Each other call, after `fit` or a loaded model too, is one step, whose rows count
        alike. `status_` is then "online": no maximum is certified, there are no standard errors and
        no criteria. Raises ValueError as `fit` does."""
        self._check_family()
        first = not self.__sklearn_is_fitted__()
        x, own = validate_data(self, X, y, dtype=np.float64, y_numeric=True, reset=first)
        weight = None if sample_weight is None else _check_sample_weight(sample_weight, x)
        self._go_on(x, self._numbers(own), self.family, weight)
        return self

    def _check_family(self) -> None:
        if self.family not in FAMILIES:
            said = f"family must be one of {', '.join(FAMILIES)}, got {self.family!r}"
            raise InvalidInput(f"{said}: for classes there is MixtureOfExpertsClassifier")

    def _numbers(self, y: ArrayLike) -> Array:
        with value_errors():
            return as_numbers("y", y)

    def predict(self, X: ArrayLike) -> Array:
        """Return the conditional mean of y, (n,)."""
        X = self._checked(X)
        return predict.mean(self._fitted, X)

    def predict_interval(self, X: ArrayLike, level: float = 0.95) -> Array:
        """Return the ends of an interval that holds y with a probability, (n, 2): quantiles of the
        mixture at the estimated parameters."""
        X = self._checked(X)
        with value_errors():
            return np.column_stack(predict.interval(self._fitted, X, level))

    @property
    def sigma_(self) -> Array:
        """Standard deviations of gaussian experts, (K,)."""
        if self._fitted.sigma is None:
            raise AttributeError(f"{self.family} experts have no sigma_")
        return self._fitted.sigma
