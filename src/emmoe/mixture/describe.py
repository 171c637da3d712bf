"""What is said of a maximum: information, rate, certificate, order of the experts, warnings."""

from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import NDArray

from emmoe.mixture.certificate import certify
from emmoe.mixture.families.base import Array
from emmoe.mixture.fitted import Basin, Fitted, Restart
from emmoe.mixture.information import Information, information_and_scores, spectrum
from emmoe.mixture.model import Mixture, Parts
from emmoe.mixture.problem import CheckedProblem
from emmoe.mixture.sample import Sample
from emmoe.mixture.search import Run
from emmoe.mixture.status import FLAT

RATIO = 1.3  # of sandwich to observed standard errors, that is warned of
STATUS_WARNINGS = {
    "separable": "separable: the likelihood has no finite maximum; the fit shown is penalised",
    "degenerate": "degenerate: every run ended at a vanishing variance; the fit shown is "
    "penalised, ask for fewer experts or set variance_penalty",
    "flat": "flat: the data do not identify all parameters; ask for fewer experts or columns",
    "not_converged": "not_converged: no maximum was certified; raise max_iter or n_init",
}
SLOW = 0.98  # rho, from which Wald intervals are too short


def describe(
    problem: CheckedProblem, model: Mixture, run: Run, runs: list[Run], starts_left: int = 0
) -> Fitted:
    """Return the fit at the run's end; runs are all of the search, starts_left what an interruption
    left undone of it."""
    layout, sample, share = model.layout, model.sample, model.penalty
    sums = Sums(np.zeros(layout.experts), np.zeros(layout.experts))
    found, moments = information_and_scores(model, run.theta, _powers(sample), sums.add)
    order = np.argsort(-sums.gate, kind="stable")  # by falling mean gate probability
    theta = layout.permuted(run.theta, order)
    found = Information(*(layout.permuted_form(matrix, order) for matrix in found))
    moments = [layout.permuted_form(matrix, order) for matrix in moments]
    rate = float(spectrum(found.complete + model.penalty.hessian(theta), found.missing)[-1])
    status = "flat" if run.status == "maximum" and not rate < 1 - FLAT else run.status
    if status == "flat":
        runs = [replace(r, status=status) if r.basin == run.basin else r for r in runs]
    separable = _renamed(run.separable, order)
    curvature = found.hessian + share.hessian(theta)
    plain, robust, sampling = _covariances(curvature, moments, sample.total, status)
    hidden = _positions(model, separable)
    for matrix in (plain, robust, sampling):
        matrix[hidden], matrix[:, hidden] = np.nan, np.nan
    fitted = Fitted(
        family=problem.family, classes=problem.classes, names=problem.names, layout=layout,
        gate_design=sample.gate.design, expert_design=sample.experts.design,
        centre=sample.centre, unit=sample.unit, theta=theta, covariance=plain,
        covariance_robust=robust, covariance_sampling=sampling, status=status, separable=separable,
        loglik=sums.log_likelihood * sample.total, supremum=np.nan, rate=rate,
        entropy=sums.entropy * sample.total, n_rows=len(sample), total_weight=sample.total,
        effective_rows=sums.mass[order] * sample.total,
        n_iter=run.iterations, loglik_path=run.path,
        alpha=share.alpha, variance_penalty=share.rows * sample.total, pooled=share.pooled,
        certificate=certify(run.model, run.em_end), restarts=_restarts(runs), basins=_basins(runs),
        starts_left=starts_left,
    )  # fmt: skip
    supremum = (
        max(fitted.loglik, runs[0].log_likelihood) if status == "separable" else fitted.loglik
    )
    return replace(fitted, supremum=supremum, warnings=_warnings(fitted))


@dataclass(eq=False)
class Sums:
    """Of a fit, per unit of weight: mean gate probabilities and responsibilities (K,), in nats the
    log-likelihood and the responsibilities' entropy."""

    gate: Array
    mass: Array
    log_likelihood: float = 0.0
    entropy: float = 0.0

    def add(self, part: Parts) -> None:
        """Add some rows."""
        weight, r = part.data.weight, part.posterior
        self.gate += part.gate @ weight
        self.mass += r @ weight
        self.log_likelihood += float(weight @ part.log_likelihood)
        self.entropy += float(scipy.special.entr(r).sum(axis=0) @ weight)


def _renamed(blocks: tuple[str, ...], order: NDArray[np.integer]) -> tuple[str, ...]:
    """Return separable blocks under the experts' new numbers."""
    place = {f"expert {old}": f"expert {new}" for new, old in enumerate(order)}
    return tuple(sorted(place.get(block, block) for block in blocks))


def _powers(sample: Sample) -> tuple[int, ...]:
    """Return the powers of the weights in the sandwiches: 1, frequencies; 2, a sample's weights
    (Binder, 1983). They are the same where all weights are 1."""
    alike = not np.ptp(sample.weight) and sample.total == len(sample)
    return (1,) if alike else (1, 2)


def _covariances(
    hessian: Array, moments: list[Array], total: float, status: str
) -> tuple[Array, Array, Array]:
    """Return H^-1 and the sandwiches H^-1 (sum w ss') H^-1 and H^-1 (sum w^2 ss') H^-1, (D, D), H
    that of the penalised fit; NaN for a fit that is no maximum."""
    nothing = np.full_like(hessian, np.nan)
    if status not in ("maximum", "separable"):
        return nothing, nothing, nothing
    try:
        factor = scipy.linalg.cho_factor(hessian)
    except np.linalg.LinAlgError:
        return nothing, nothing, nothing
    inverse = scipy.linalg.cho_solve(factor, np.eye(len(hessian))) / total
    sandwiches = [
        inverse @ (moment * total**power) @ inverse for power, moment in enumerate(moments, start=1)
    ]
    return inverse, sandwiches[0], sandwiches[-1].copy()


def _positions(model: Mixture, separable: tuple[str, ...]) -> Array:
    """Return where in theta the separable blocks are, a mask (D,)."""
    layout, mask = model.layout, np.zeros(model.layout.size, bool)
    for block in separable:
        if block == "gate":
            mask[: layout.gate_size] = True
        else:
            size = layout.rows * layout.expert_width
            begin = layout.gate_size + int(block.split()[1]) * size
            mask[begin : begin + size] = True
    return mask


def _restarts(runs: list[Run]) -> list[Restart]:
    """Return a row a start, in their order; basin 0 is the best one, None is none."""
    return [
        {
            "start": run.start,
            "law": run.law,
            "log_likelihood": run.log_likelihood,
            "iterations": run.iterations,
            "status": run.status,
            "basin": run.basin if run.interior else None,
        }
        for run in sorted(runs, key=lambda run: run.start)
    ]


def _basins(runs: list[Run]) -> list[Basin]:
    """Return a row a basin, the best first: how many of the finished runs ended there."""
    interior = [run for run in runs if run.interior]
    found = {run.basin: run for run in reversed(interior)}
    hits = {basin: sum(run.basin == basin for run in interior) for basin in found}
    return [
        {
            "log_likelihood": found[basin].log_likelihood,
            "status": found[basin].status,
            "hits": hits[basin],
            "share": hits[basin] / len(interior),
        }
        for basin in sorted(found)
    ]


def _warnings(fitted: Fitted) -> tuple[str, ...]:
    """Return what a reader must know, a line each."""
    found = [STATUS_WARNINGS[fitted.status]] if fitted.status in STATUS_WARNINGS else []
    if fitted.starts_left:
        found.append(f"interrupted: {fitted.starts_left} starts were left undone")
    least = 2 * fitted.layout.expert_width
    small = [str(k + 1) for k, rows in enumerate(fitted.effective_rows) if rows < least]
    if small and fitted.n_experts > 1:
        found.append(
            f"fewer than {least} effective rows in expert {', '.join(small)}: ask for fewer"
        )
    if fitted.status == "maximum" and fitted.rate > SLOW:
        found.append(
            f"rho = {fitted.rate:.4f}: Wald intervals are too short; use profile-likelihood ones"
        )
    ratio = error_ratio(fitted)
    if ratio > RATIO:
        found.append(
            f"sandwich errors are up to {ratio:.2f} times the observed ones: use the robust ones"
        )
    for part, names in fitted.dropped_features.items():
        if names:
            found.append(f"dropped from the {part}, determined by others: {', '.join(names)}")
    return tuple(found)


def error_ratio(fitted: Fitted) -> float:
    """Return the largest ratio of sandwich to observed standard errors (0 where there are none)."""
    plain, robust = np.diag(fitted.covariance), np.diag(fitted.covariance_robust)
    known = (plain > 0) & (robust > 0)
    return float(np.sqrt((robust[known] / plain[known]).max(initial=0)))
