"""EM's linear rate at the truth in the population limit, for the two symmetric models.

Legend: theta = (beta, w), a = x'w, b = x'beta, rho = lambda_max(M), M = HessA^-1 I_z
(I_z: missing information, A: mirror map). "paper" is Fruytier, Mokhtari and Sanghavi 2025: its
EM is mirror descent on A, so the Jacobian of EM at the truth is M. For x ~ N(0, I_d), M splits
into a part on span(beta, w) and d - dim(span) copies of a 2x2 part.
"""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
import scipy

from emmoe.theory.quadrature import linear_information, logistic_information

INFORMATION = {
    "symmetric_linear": linear_information,
    "symmetric_logistic": logistic_information,
}
# The rules resolve hyperplanes of width 1 / norm; the cost grows with the norms.
MAX_NORM = 50.0
# A norm or an angle below this counts as 0: its square is not a normal double.
NEGLIGIBLE = 1e-100


@dataclass(frozen=True)
class PopulationBlocks:
    """Largest eigenvalue of M on span(beta, w) and on its complement, and 1 minus each.

    The gaps are computed first: they keep their digits where an eigenvalue rounds to 1.
    """

    span: float
    orthogonal: float
    span_gap: float
    orthogonal_gap: float

    @property
    def rate(self) -> float:
        """rho, EM's linear rate."""
        return max(self.span, self.orthogonal)

    @property
    def gap(self) -> float:
        """1 - rho, to relative precision: what a logarithmic scale should show."""
        return min(self.span_gap, self.orthogonal_gap)


def population_rate(model: str, norm_beta: float, norm_w: float, angle_deg: float) -> float:
    """rho = lambda_max(HessA^-1 I_z) at the truth, x ~ N(0, I_d) with d >= 3, noise sd 1.

    Same arguments and errors as population_blocks.
    """
    return population_blocks(model, norm_beta, norm_w, angle_deg).rate


def population_blocks(
    model: str, norm_beta: float, norm_w: float, angle_deg: float
) -> PopulationBlocks:
    """The two blocks' largest eigenvalues; Hess L = HessA - I_z, so 1 - rho comes from Hess L.

    norm_beta and norm_w are |beta| and |w| in [0, MAX_NORM], angle_deg the angle between them in
    [0, 180]; angles t and 180 - t are equivalent. Collinear vectors (or w = 0) span a line, and
    the span block jumps there: the other eigenvalues join the orthogonal block. Where a parameter
    is not identified (beta = 0; for symmetric_logistic also w = 0 and w = +-beta) both are 1.

    Raises ValueError, one line, for an unknown model or an argument outside its range.
    """
    _check(model, norm_beta, norm_w, angle_deg)
    folded = min(angle_deg, 180 - angle_deg)
    norm_beta, norm_w, folded = (
        0.0 if value < NEGLIGIBLE else float(value) for value in (norm_beta, norm_w, folded)
    )
    if _unidentified(model, norm_beta, norm_w, folded):
        return PopulationBlocks(span=1.0, orthogonal=1.0, span_gap=0.0, orthogonal_gap=0.0)
    observed, complete = INFORMATION[model](norm_beta, norm_w, math.radians(folded))
    on_line = folded == 0 or norm_w == 0
    part = _line_part if on_line else _plane_part
    span_gap = _smallest_ratio(part(observed), part(complete))
    orthogonal_gap = _smallest_ratio(observed[3], complete[3])
    return PopulationBlocks(1 - span_gap, 1 - orthogonal_gap, span_gap, orthogonal_gap)


def _line_part(moments: np.ndarray) -> np.ndarray:
    """(4, 2, 2) moments to the 2x2 matrix on the common line of beta and w."""
    return moments[0]


def _plane_part(moments: np.ndarray) -> np.ndarray:
    """(4, 2, 2) moments to the 4x4 matrix on the plane of beta and w, (x1, x2) outermost."""
    return np.block([[moments[0], moments[1]], [moments[1], moments[2]]])


def _smallest_ratio(observed: np.ndarray, complete: np.ndarray) -> float:
    """Smallest eigenvalue of complete^-1 observed, as 1 / lambda_max(observed^-1 complete).

    Cholesky factors of a badly scaled positive matrix are accurate entry by entry (Demmel and
    Veselic 1992), so the small eigenvalue is too; eigh(observed, complete) would drown it.
    """
    try:
        root = np.linalg.cholesky(observed)
    except np.linalg.LinAlgError:
        # singular to working precision: in SymMoLogE 1 - rho is O(norm^6) when both norms vanish
        return 0.0
    half = scipy.linalg.solve_triangular(root, complete, lower=True)
    inverse = scipy.linalg.solve_triangular(root, half.T, lower=True)
    return min(1.0, 1 / float(np.linalg.eigvalsh(inverse)[-1]))


def _unidentified(model: str, norm_beta: float, norm_w: float, angle: float) -> bool:
    if model == "symmetric_linear":
        return norm_beta == 0
    return min(norm_beta, norm_w) == 0 or (norm_beta == norm_w and angle == 0)


def _check(model: str, norm_beta: float, norm_w: float, angle_deg: float) -> None:
    if model not in INFORMATION:
        raise ValueError(f"model = {model!r}: must be one of {', '.join(sorted(INFORMATION))}")
    ranges = {
        "norm_beta": (norm_beta, MAX_NORM),
        "norm_w": (norm_w, MAX_NORM),
        "angle_deg": (angle_deg, 180.0),
    }
    for name, (value, top) in ranges.items():
        if not isinstance(value, Real) or not 0 <= value <= top:
            raise ValueError(f"{name} = {value}: must be a finite number in [0, {top:g}]")
