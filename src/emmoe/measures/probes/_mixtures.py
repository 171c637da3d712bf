"""The problem of `emmoe.mixture` that a scene poses."""

from emmoe.lab.probe import Probed
from emmoe.mixture import Problem


def problem_of(scene: Probed) -> Problem:
    """Return the sample of a scene whose model is a mixture of experts, on all its columns."""
    model, own = scene.model, scene.model.sample
    return Problem(own.x, own.y, model.family, classes=model.classes)
