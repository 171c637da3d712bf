"""Floating-point operations of a fit, from the work that its model counted.

n rows, d features, p parameters. Counted are the products with the features, a multiplication and
an addition as two operations; the element-wise functions in between, which take as long where d is
small, are not.
"""

from collections.abc import Mapping

from emmoe.models.base import Model
from emmoe.models.symmetric import SymmetricModel


def flops(work: Mapping[str, float], model: Model, n: int, d: int) -> float:
    """Return the operations, per replicate, of the work that a model counted on a sample (n, d).

    forward and backward: 2 n p each. gram: n d (d + 1), for one triangle of x' D x. e_step: 2 n p
    more for a symmetric model, whose E-step takes x' times the columns of both the gradient and the
    statistic."""
    p = max(part.stop for part in model.blocks(d).values())
    products = sum(work.get(name, 0) for name in ("forward", "backward"))
    if isinstance(model, SymmetricModel):
        products += work.get("e_step", 0)
    return 2 * n * p * products + n * d * (d + 1) * work.get("gram", 0)
