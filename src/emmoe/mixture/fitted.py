"""A fit: small, without data, everything that prediction and inference need, in given units.

Parameters as they are given (`theta_given`): gate rows (K-1) times (intercept, slopes), expert rows
(K, m) times (intercept, slopes), log s (K,); experts by falling mean gate probability.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypedDict

import numpy as np
import scipy

from emmoe.mixture.design import Design
from emmoe.mixture.families import Family, of_name
from emmoe.mixture.families.base import Array
from emmoe.mixture.layout import Layout


class Restart(TypedDict):
    """A start: where its run ended; basin 0 is the best one, None is none."""

    start: int
    law: str
    log_likelihood: float
    iterations: int
    status: str
    basin: int | None


class Basin(TypedDict):
    """An optimum: how many of the finished runs ended there."""

    log_likelihood: float
    status: str
    hits: int
    share: float


@dataclass(frozen=True, eq=False)
class Fitted:
    """What `fit` returns.

    theta (D,) and the covariances (D, D) are those of whitened columns and y in its unit;
    covariances are NaN where there are none. loglik is in nats, without the penalty; supremum
    is what a separable likelihood approaches at infinity, else loglik. rate is EM's rho."""

    family: str
    classes: int | None
    names: tuple[str, ...]
    layout: Layout
    gate_design: Design
    expert_design: Design
    centre: float
    unit: float
    theta: Array
    covariance: Array
    covariance_robust: Array
    covariance_sampling: Array
    status: str
    separable: tuple[str, ...]
    loglik: float
    supremum: float
    rate: float
    entropy: float
    n_rows: int
    total_weight: float
    effective_rows: Array
    n_iter: int
    loglik_path: tuple[float, ...]
    alpha: float
    variance_penalty: float
    pooled: float  # s_0^2, of one expert, in units of y's variance
    certificate: dict[str, float]
    restarts: list[Restart]
    basins: list[Basin]
    warnings: tuple[str, ...] = ()
    starts_left: int = 0  # that an interruption left undone

    @property
    def n_experts(self) -> int:
        """K."""
        return self.layout.experts

    @property
    def n_parameters(self) -> int:
        """D, the free ones."""
        return self.layout.size

    @property
    def penalised(self) -> bool:
        """Whether the estimate is not the maximum likelihood's."""
        return self.alpha > 0 or self.variance_penalty > 0

    @property
    def aic(self) -> float:
        """Akaike's criterion; NaN when penalised."""
        return np.nan if self.penalised else 2 * self.n_parameters - 2 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion; NaN when penalised."""
        size = self.n_parameters * np.log(self.total_weight)
        return np.nan if self.penalised else size - 2 * self.loglik

    @property
    def icl(self) -> float:
        """Biernacki, Celeux and Govaert's (2000): bic plus twice the posterior's entropy."""
        return self.bic + 2 * self.entropy

    @property
    def dropped_features(self) -> dict[str, tuple[str, ...]]:
        """Names of columns that others determine: of the gate and of the experts."""
        designs = {"gate": self.gate_design, "experts": self.expert_design}
        return {part: tuple(self.names[j] for j in d.dropped) for part, d in designs.items()}

    @cached_property
    def law(self) -> Family:
        """The family."""
        return of_name(self.family, self.classes)

    @cached_property
    def jacobian(self) -> Array:
        """Return d theta_given / d theta, (D', D): given parameters have covariance J V J'."""
        size, shape = self.layout, self.layout.experts * self.layout.rows
        gate, expert = self.gate_design.raw_map(), self.unit * self.expert_design.raw_map()
        parts = [gate] * (size.experts - 1) + [expert] * shape
        return scipy.linalg.block_diag(*parts, np.eye(size.experts * size.scale))

    @cached_property
    def theta_given(self) -> Array:
        """Return (D',), see the module."""
        theta = self.jacobian @ self.theta
        _, experts, log_scale = self.given_layout.split(theta)
        experts[:, :, 0] += self.centre
        log_scale += np.log(self.unit)
        return theta

    @property
    def given_layout(self) -> Layout:
        """Where the parameters are in `theta_given`."""
        widths = len(self.gate_design.basis), len(self.expert_design.basis)
        return replace(self.layout, gate_width=widths[0], expert_width=widths[1])

    @property
    def gate_rows(self) -> Array:
        """Return (K, 1 + dg), intercept first, the last row 0."""
        rows = self.given_layout.split(self.theta_given)[0]
        return np.vstack([rows, np.zeros((1, rows.shape[1]))])

    @property
    def expert_rows(self) -> Array:
        """Return (K, m, 1 + de), intercept first."""
        return self.given_layout.split(self.theta_given)[1]

    @property
    def sigma(self) -> Array | None:
        """Return (K,), or None for a family without a scale."""
        return np.exp(self.given_layout.split(self.theta_given)[2]) if self.layout.scale else None

    @property
    def parameter_names(self) -> list[tuple[str, int, int, str]]:
        """Return (block, expert, row, feature) of each given parameter."""
        k, m = self.layout.experts, self.layout.rows
        features = [
            ["(intercept)", *(self.names[j] for j in design.columns)]
            for design in (self.gate_design, self.expert_design)
        ]
        found = [("gate", e, 0, name) for e in range(k - 1) for name in features[0]]
        found += [
            ("expert", e, row, name) for e in range(k) for row in range(m) for name in features[1]
        ]
        return found + [("log_sigma", e, 0, "") for e in range(k * self.layout.scale)]
