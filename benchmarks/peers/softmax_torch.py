"""Loss and gradient of two logistic experts under a soft-max gate, in PyTorch, one replicate.

x (n, d) are the replicate's images, already inverted, y (n,) the labels, weights (22, d) the gate's
two rows of logits and then each expert's ten. Both functions return the mean loss and its gradient.
"""

import torch
from torch.nn.functional import log_softmax

EXPERTS = 2


def inverted(x: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
    """Return a replicate's images: x where the sign is +1, 1 - x where it is -1."""
    return torch.where(signs[:, None] < 0, 1 - x, x)


def _log_parts(x, y, weights):
    """Return the log probabilities of the gate (n, K), the experts (n, K, C) and the joint one of
    expert and label (n, K)."""
    z = x @ weights.T
    gate = log_softmax(z[:, :EXPERTS], 1)
    experts = log_softmax(z[:, EXPERTS:].reshape(len(x), EXPERTS, -1), 2)
    label = y[:, None, None].expand(-1, EXPERTS, 1)
    return gate, experts, gate + experts.gather(2, label)[:, :, 0]


def by_autograd(x, y, weights) -> tuple[float, torch.Tensor]:
    """The gradient by automatic differentiation."""
    weights = weights.detach().requires_grad_()
    loss = -torch.logsumexp(_log_parts(x, y, weights)[2], 1).mean()
    loss.backward()
    return float(loss.detach()), weights.grad


@torch.no_grad()
def by_hand(x, y, weights) -> tuple[float, torch.Tensor]:
    """The gradient by its formula."""
    gate, experts, joint = _log_parts(x, y, weights)
    loss = -torch.logsumexp(joint, 1).mean()
    posterior = torch.softmax(joint, 1)
    of_experts = experts.exp()
    label = y[:, None, None].expand(-1, EXPERTS, 1)
    of_experts.scatter_add_(2, label, -torch.ones_like(label, dtype=x.dtype))
    of_experts *= posterior[:, :, None]
    derivative = torch.cat([gate.exp() - posterior, of_experts.reshape(len(x), -1)], 1)
    return float(loss), derivative.T @ x / len(x)
