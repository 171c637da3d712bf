"""Two gaussian experts under a logistic gate in PyTorch, as one would write it: by autograd and
`torch.optim.LBFGS`, float64, from one start.

theta = (gate's row, the experts' rows, intercepts first, and log s), in the units of x and y.
"""

import math

import torch


class _Arrived(Exception):
    """The loss is as low as asked for."""


def negative_log_likelihood(x: torch.Tensor, y: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """Return -log p(y | x) in nats a row; x (n, 1 + d) has a column of ones."""
    gate, first, second = theta[:-2].reshape(3, -1)
    log_gate = torch.nn.functional.logsigmoid(torch.stack([x @ gate, -(x @ gate)]))
    residuals = torch.stack([y - x @ first, y - x @ second])
    log_s = theta[-2:, None]
    log_density = -((residuals * torch.exp(-log_s)) ** 2) / 2 - log_s - math.log(2 * math.pi) / 2
    return -torch.logsumexp(log_gate + log_density, 0).mean()


def descend(
    x: torch.Tensor, y: torch.Tensor, start: torch.Tensor, target: float, most: int
) -> int | None:
    """Return after how many evaluations, of `most`, L-BFGS (memory 10, strong Wolfe) is at a loss
    of `target`; None if it never is."""
    theta = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS(
        [theta], max_iter=most, max_eval=most, tolerance_grad=0, tolerance_change=0,
        history_size=10, line_search_fn="strong_wolfe",
    )  # fmt: skip
    evaluations = 0

    def closure() -> torch.Tensor:
        nonlocal evaluations
        evaluations += 1
        optimiser.zero_grad()
        loss = negative_log_likelihood(x, y, theta)
        if float(loss.detach()) <= target:
            raise _Arrived
        loss.backward()
        return loss

    try:
        optimiser.step(closure)
    except _Arrived:
        return evaluations
    return None
