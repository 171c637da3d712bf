"""The attributes of a fitted estimator, read from what the numerics keep of a fit."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emmoe.mixture import Fitted, inference

Array = NDArray[np.floating]


class FittedAttributes:
    """Coefficients are for all columns of X, in its units: 0 where a block does not see one."""

    _fitted: Fitted

    def _wide(self, rows: Array, columns: tuple[int, ...]) -> Array:
        """Slopes of some columns, (..., 1 + len(columns)), as slopes of all of them."""
        out = np.zeros((*rows.shape[:-1], len(self._fitted.names)))
        out[..., list(columns)] = rows[..., 1:]
        return out

    def _expert_rows(self) -> Array:
        """The experts' rows (K, 1 + p), of several logits (K, C, 1 + p) with a last one of 0."""
        rows = self._fitted.expert_rows
        if self._fitted.classes is None:
            return rows[:, 0]
        return np.concatenate([rows, np.zeros_like(rows[:, :1])], axis=1)

    @property
    def coef_(self) -> Array:
        """Slopes of the experts, (K, d), for more than two classes (K, C, d)."""
        return self._wide(self._expert_rows(), self._fitted.expert_design.columns)

    @property
    def intercept_(self) -> Array:
        """Intercepts of the experts, (K,), for more than two classes (K, C)."""
        return self._expert_rows()[..., 0]

    @property
    def gate_coef_(self) -> Array:
        """Slopes of the gate's logits, (K, d); the last row is 0."""
        return self._wide(self._fitted.gate_rows, self._fitted.gate_design.columns)

    @property
    def gate_intercept_(self) -> Array:
        """Intercepts of the gate's logits, (K,); the last is 0."""
        return self._fitted.gate_rows[:, 0]

    @property
    def dropped_features_(self) -> dict[str, tuple[str, ...]]:
        """Columns that those before them determine, of the gate and of the experts."""
        return self._fitted.dropped_features

    @property
    def status_(self) -> str:
        """`maximum`, or `separable`, `degenerate`, `flat`, `not_converged`; `online` after
        `partial_fit` went on."""
        return self._fitted.status

    @property
    def warnings_(self) -> tuple[str, ...]:
        """What to know of this fit, a line each."""
        return self._fitted.warnings

    @property
    def n_iter_(self) -> int:
        """Iterations of EM in the run that is kept."""
        return max(1, self._fitted.n_iter)

    @property
    def loglik_(self) -> float:
        """Log-likelihood in nats; NaN after `partial_fit` went on."""
        return self._fitted.loglik

    @property
    def loglik_path_(self) -> Array:
        """Log-likelihood along the run that is kept."""
        return np.array(self._fitted.loglik_path)

    @property
    def n_parameters_(self) -> int:
        """The number of free parameters."""
        return self._fitted.n_parameters

    @property
    def aic_(self) -> float:
        """Akaike's criterion; NaN for a penalised fit, and for rows of `partial_fit`."""
        return self._fitted.aic

    @property
    def bic_(self) -> float:
        """Schwarz's criterion; NaN for a penalised fit, and for rows of `partial_fit`."""
        return self._fitted.bic

    @property
    def icl_(self) -> float:
        """BIC plus twice the entropy of the responsibilities (Biernacki et al., 2000)."""
        return self._fitted.icl

    @property
    def effective_rows_(self) -> Array:
        """The sum of each expert's responsibilities, (K,)."""
        return self._fitted.effective_rows

    @property
    def rate_(self) -> float:
        """rho, by which EM's error falls per iteration near the fit."""
        return self._fitted.rate

    @property
    def certificate_(self) -> dict[str, float]:
        """What shows that the fit is a maximum, and that EM was its mirror descent."""
        return self._fitted.certificate

    @property
    def covariance_(self) -> Array:
        """Covariance of the parameters in the order of `summary()`, from the observed
        information; NaN where there is none."""
        return inference.covariance(self._fitted, "observed")

    @property
    def covariance_robust_(self) -> Array:
        """The same by the sandwich formula, which stands a wrong model."""
        return inference.covariance(self._fitted, "robust")

    @property
    def restarts_(self) -> pd.DataFrame:
        """A row per start: its law, log-likelihood, iterations, status and basin."""
        return pd.DataFrame(self._fitted.restarts)

    @property
    def starts_left_(self) -> int:
        """Starts that an interruption left undone; 0 where there was none."""
        return self._fitted.starts_left

    @property
    def basins_(self) -> pd.DataFrame:
        """A row per optimum that was found: log-likelihood, status, hits and their share."""
        return pd.DataFrame(self._fitted.basins)
