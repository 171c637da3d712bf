"""One data pass over Fashion-MNIST's shape: loss and gradient of all replicates."""

import numpy as np

from benchmarks.inputs import PIXELS, random_images, random_weights
from benchmarks.measure import interleave
from benchmarks.peers.gemm import bare
from benchmarks.peers.pytorch import MISSING, torch
from benchmarks.table import Case, Outcome
from emmoe.models._shared.softmax import chunks
from emmoe.models.logistic_experts import LogisticExperts
from emmoe.models.objective import Array
from emmoe.models.regression import Sample


def run(n: int = 60000, d: int = PIXELS, replicates: int = 25, rounds: int = 5) -> Outcome:
    """Time `loss_and_gradient`, as the fitters call it, against its products and PyTorch."""
    sample, theta = random_images(n, replicates, d=d), random_weights(replicates, d)
    model, weights = LogisticExperts().bind(sample), theta.reshape(-1, d)
    column = np.ones(d, sample.x.dtype)
    calls = {
        "ours": lambda: model.loss_and_gradient(theta),
        "products in one": bare(sample.x, weights, [slice(0, n)]),
        "products in our chunks": bare(sample.x, weights, chunks(n)),
        "reading the images once": lambda: sample.x @ column,
    }
    peers = _torch_calls(sample, theta)
    timed = interleave(calls | peers, rounds)
    case = Case(f"Fashion-MNIST pass, {n} x {d}, {replicates} replicates", timed.pop("ours"))
    for name, timing in timed.items():
        if name in peers:
            case.peer(name, timing, 1.5, headline="torch_ratio")
        elif name.startswith("products"):
            case.limit(f"bare GEMMs, {name}", timing, 1.15, headline="gemm_ratio")
        else:
            case.limit(name, timing)
    if not peers:
        case.skipped("PyTorch, one replicate after the other", MISSING, headline="torch_ratio")
    return Outcome(case.rows)


def _torch_calls(sample: Sample, theta: Array) -> dict:
    """Calls that do the pass of every replicate's weights in turn, each over one replicate's
    images, whose inversion is not timed; none without PyTorch."""
    if (library := torch()) is None:
        return {}
    from benchmarks.peers import softmax_torch

    x, signs = library.from_numpy(sample.x), library.from_numpy(sample.signs[0])
    x, y = softmax_torch.inverted(x, signs), library.from_numpy(sample.y)
    weights = library.from_numpy(theta.reshape(len(theta), -1, sample.x.shape[1]))

    def in_turn(one):
        return lambda: [one(x, y, own) for own in weights]

    return {
        "PyTorch, one replicate after the other, autograd": in_turn(softmax_torch.by_autograd),
        "PyTorch, the same, gradient by hand": in_turn(softmax_torch.by_hand),
    }
