"""The paper's algorithms for two symmetric linear experts (noise sd 1), one sample at a time.

Plain array code, written once for numpy and for PyTorch: `xp` is either module, x (n, d), y (n,)
and theta = (beta, w) its arrays in float64. Legend as in `emmoe.models.symmetric`.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

MAX_NEWTON_STEPS = 50
EPSILON = 2.0**-52


def log_2cosh(xp: Any, u: Any) -> Any:
    """Return log(2 cosh u)."""
    u = abs(u)
    return u + xp.log1p(xp.exp(-2 * u))


def e_step(xp: Any, x: Any, y: Any, theta: Any) -> tuple[float, Any, Any]:
    """Return L, its gradient and the expected statistic."""
    n, d = x.shape
    b, a = x @ theta[:d], x @ theta[d:]
    phi = a + 2 * y * b
    loss = (y * y / 2 + b * b / 2 + log_2cosh(xp, a / 2) - log_2cosh(xp, phi / 2)).mean()
    latent = xp.tanh(phi / 2)
    statistic = xp.concat([(y * latent) @ x, latent @ x / 2]) / n
    mirror = xp.concat([b @ x, xp.tanh(a / 2) @ x / 2]) / n
    return float(loss) + math.log(2 * math.pi) / 2, mirror - statistic, statistic


def solve_gate(xp: Any, x: Any, target: Any, w: Any, tolerance: float) -> Any:
    """Return w+ with E[x tanh(x'w+/2)]/2 = target by Newton's method from w, to a tolerance or to
    where round-off ends the decrease. Steps that go too far are halved."""
    best, best_size, step = w, math.inf, None
    for _ in range(MAX_NEWTON_STEPS):
        t = xp.tanh(x @ w / 2)
        residual = t @ x / (2 * len(x)) - target
        size = float(abs(residual).max())
        if size < best_size:
            best, best_size = w, size
            if size <= tolerance:
                break
            hessian = (x * (1 - t * t)[:, None]).T @ x / (4 * len(x))
            step = -xp.linalg.solve(hessian, residual)
        elif best_size < 1e-12:
            break
        else:
            step = step / 2
        w = best + step
    return best


def em_step(xp: Any, x: Any, y: Any, theta: Any, gram: Any) -> tuple[float, Any, Any]:
    """Return L and its gradient at theta, and EM's next theta, to the tolerance of our M-step."""
    d = x.shape[1]
    loss, gradient, statistic = e_step(xp, x, y, theta)
    round_off = EPSILON * float(abs(x).mean(0).max())
    tolerance = max(min(1e-14, 1e-9 * float(abs(gradient).max())), round_off)
    beta = theta[:d] - xp.linalg.solve(gram, gradient[:d])
    w = solve_gate(xp, x, statistic[d:], theta[d:], tolerance)
    return loss, gradient, xp.concat([beta, w])


def iterate(
    xp: Any, x: Any, y: Any, theta: Any, settings: Mapping[str, Any]
) -> Iterator[tuple[Any, float, Any]]:
    """Yield (theta_t, L, its gradient) of a fitter of config.yaml: `em`, or a gradient method with
    one step an iteration."""
    d = x.shape[1]
    if settings["algorithm"] == "em":
        gram = x.T @ x / len(x)
        while True:
            loss, gradient, new = em_step(xp, x, y, theta, gram)
            yield theta, loss, gradient
            theta = new
    if settings.get("inner_steps", 1) != 1:
        raise ValueError("only one inner step is written here")
    step = settings["step"]
    of_beta, of_w = (step["beta"], step["w"]) if isinstance(step, Mapping) else (step, step)
    while True:
        loss, gradient, _ = e_step(xp, x, y, theta)
        yield theta, loss, gradient
        theta = theta - xp.concat([of_beta * gradient[:d], of_w * gradient[d:]])


def errors(xp: Any, theta: Any, truth: Any) -> tuple[float, float]:
    """Return the relative errors of beta and w, of theta or -theta, whichever is nearer."""
    norm, d = xp.linalg.norm, len(theta) // 2
    gap = min((theta - truth, -theta - truth), key=lambda difference: float(norm(difference)))
    return tuple(float(norm(gap[s]) / norm(truth[s])) for s in (slice(0, d), slice(d, 2 * d)))
