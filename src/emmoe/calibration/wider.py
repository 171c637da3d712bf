"""The wider search for Figure 3: data and steps drawn jointly, beyond what a config can say.

A data point is a training size, the start's variance, a ridge and whether there is an intercept:
what all algorithms of a figure share. At each the steps of every algorithm are drawn. One
simulation serves each cross entropy that the paper may report, and is a setting for each.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from emmoe.calibration.family import Family
from emmoe.calibration.fashion_mnist import ONE_STEP
from emmoe.calibration.simulate import Setting
from emmoe.calibration.space import draw, rounded
from emmoe.lab.fit import Files
from emmoe.lab.recorder import record
from emmoe.lab.scene import scenes
from emmoe.models.objective import Array, Objective
from emmoe.models.regression import Sample
from emmoe.record.cells import grid
from emmoe.record.components import build_fitter, build_start
from emmoe.record.entries import Component, Experiment, Fitter
from emmoe.record.searches import DrawnSteps
from emmoe.store.seeds import generator

DATA = ("train_size", "start_variance", "ridge", "intercept")
SHORT = {"em": {"em": "em"}, "one_step": ONE_STEP}
MIXTURE = "mixture"
CROSS_ENTROPIES = (MIXTURE, "complete_data", "top_expert", "average_expert")
METRICS = ("test_accuracy", "loss", *CROSS_ENTROPIES[1:])

Images = Callable[[int], Sample]


@dataclass(frozen=True)
class Drawn(Setting):
    """cross_entropy: which one the paper is taken to report. What its data point says is in the
    parameters."""

    cross_entropy: str = MIXTURE

    def read_as(self, cross_entropy: str) -> "Drawn":
        """Return the same for another cross entropy."""
        names = {algorithm: f"{name}-{cross_entropy}" for algorithm, name in self.names.items()}
        parameters = {**self.parameters, "cross_entropy": cross_entropy}
        return replace(self, names=names, parameters=parameters, cross_entropy=cross_entropy)

    def reported(self, values: Mapping[str, Array]) -> dict[str, Array]:
        """Return simulated values with the cross entropy that is reported as the loss."""
        own = "loss" if self.cross_entropy == MIXTURE else self.cross_entropy
        return {**values, "loss": values[own]}


def points(family: Family) -> list[list[Drawn]]:
    """Return the settings drawn at every data point."""
    halving, count = family.search.halving, family.search.halving.points
    rng = generator(family.seed, family.name, 0, "wider search")
    combinations = product(*(getattr(halving.choices, name) for name in DATA))
    shared = _balanced(list(combinations), count, rng)
    found: list[list[Drawn]] = [[] for _ in shared]
    for kind, steps in halving.steps.items():
        for i, (inner, size, ratio) in enumerate(_steps(steps, count, rng)):
            own = dict(zip(DATA, shared[i // steps.draws], strict=True))
            names = {a: f"wide-{short}-{i:03d}" for a, short in SHORT[kind].items()}
            found[i // steps.draws].append(_setting(names, own, inner, size, ratio, family.base))
    return found


def _steps(
    steps: DrawnSteps, points: int, rng: np.random.Generator
) -> list[tuple[int, float, float]]:
    """Inner steps, the experts' step and the gate ratio of all draws of an algorithm."""
    count = points * steps.draws
    inner = _balanced(steps.inner_steps, count, rng)
    drawn = draw({"reach": steps.reach, "gate_ratio": steps.gate_ratio}, count, rng)
    return [
        (k, rounded(at["reach"] / k), at["gate_ratio"]) for k, at in zip(inner, drawn, strict=True)
    ]


def _balanced(values: Sequence[Any], count: int, rng: np.random.Generator) -> list[Any]:
    """Values in random order, each as often as any other, but for one."""
    rounds = -(-count // len(values))
    return [values[i] for _ in range(rounds) for i in rng.permutation(len(values))][:count]


def searched(row: Mapping[str, Any], base: Experiment) -> Drawn:
    """Return the setting of a row of settings.csv, to be simulated again."""
    kinds = zip(DATA, (int, float, float, bool), strict=True)
    data = {name: kind(row[name]) for name, kind in kinds}
    ratio = row["step_gate"] / row["step_experts"]
    found = _setting({}, data, int(row["inner_steps"]), float(row["step_experts"]), ratio, base)
    names = {row["algorithm"]: row["setting"]}
    return replace(found.read_as(row["cross_entropy"]), names=names)


def _setting(
    names: Mapping[str, str],
    data: Mapping[str, Any],
    inner: int,
    step: float,
    ratio: float,
    base: Experiment,
) -> Drawn:
    steps = {"gate": rounded(ratio * step), "experts": step}
    parameters = {**data, "inner_steps": inner}
    parameters |= {f"step_{block}": size for block, size in steps.items()}
    fitter = Fitter("gradient_em", {"inner_steps": inner, "step": steps})
    return Drawn(names, parameters, base, fitter)


def images(base: Experiment, seed: int, files: Files) -> Images:
    """Return what gives all images to a number of replicates, kept until another number asks."""
    (cell,) = grid(base).cells()

    @lru_cache(maxsize=1)
    def read(replicates: int) -> Sample:
        (scene,) = scenes(seed, base.model, base.start, cell, range(replicates), files)
        return scene.sample

    return read


def simulate(
    setting: Drawn,
    seed: int,
    replicates: int,
    iterations: int,
    read: Images,
    *,
    kept: Collection[int],
    most: int | None = None,
) -> dict[str, Array]:
    """Return METRICS, (replicates, iterations + 1) each, at the iterations kept; NaN elsewhere, and
    after a run diverged. most: the number of images to train on at most."""
    # Not imported to plan: it loads compiled code.
    from emmoe.calibration.penalised import Penalised, first, with_intercept

    own = setting.parameters
    sample = first(read(replicates), min(own["train_size"], most or own["train_size"]))
    sample = with_intercept(sample) if own["intercept"] else sample
    settings = setting.experiment.model.settings
    model = Penalised(**settings, ridge=own["ridge"]).bind(sample)
    with threadpool_limits(limits=1):  # as for every fit: results must not depend on the cores
        recording = record(
            build_fitter(setting.fitter),
            model,
            _starts(setting, model, seed, replicates),
            iterations=iterations,
            keep=kept.__contains__,
            observe=lambda state: model.held_out(state.theta) | model.measures(state.theta),
        )
    values = {name: np.full((replicates, iterations + 1), np.nan) for name in METRICS}
    for row in recording.rows:
        for name in METRICS:
            values[name][row["replicate"], row["iteration"]] = row.get(name, np.nan)
    return values


def _starts(setting: Drawn, model: Objective, seed: int, replicates: int) -> Array:
    (cell,) = grid(setting.experiment).cells()
    law = build_start(Component("gaussian", {"variance": setting.parameters["start_variance"]}))
    rngs = (generator(seed, cell.key, r, "start/gaussian") for r in range(replicates))
    starts = [law.draw(model.layout, None, rng) for rng in rngs]
    return np.array(starts, model.sample.x.dtype)
