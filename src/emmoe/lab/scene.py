"""What a probe looks at: the first replicate of an experiment, exactly as its fitters meet it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emmoe.fitters.base import Fitter
from emmoe.models.base import Array, Model
from emmoe.record.components import build_dataset, build_fitter, build_model
from emmoe.store.seeds import generator


@dataclass(frozen=True)
class Scene:
    """model: bound to the replicate's sample; start (p,), or (1, p) for a stacked model; fitters:
    the experiment's, by name; iterations: how many to do."""

    model: Model
    start: Array
    fitters: dict[str, Fitter]
    iterations: int


def scene(task: dict[str, Any], draw: dict[str, np.ndarray], files: dict[str, Any]) -> Scene:
    """Return the scene of a task (`record.cells.probe_task`) from its block's draw; files: path
    and SHA-256 of each download."""
    cell, model = task["cells"][0], build_model(task["model"])
    dataset = build_dataset(cell["data"])
    truth = draw["truth"][0, 0] if "truth" in draw else None
    rng = generator(task["seed"], cell["key"], 0, "sample")
    split = generator(task["seed"], cell["key"], 0, "split")
    _, sample = next(iter(dataset.samples(model, [truth], [rng], split, files)))
    start = draw["start"][0, :1].astype(dataset.dtype)
    fitters = {name: build_fitter(settings) for name, settings in task["fitters"].items()}
    start = start if model.stacked else start[0]
    return Scene(model.bind(sample), start, fitters, task["iterations"])
