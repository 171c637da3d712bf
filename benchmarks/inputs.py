"""What is timed: config.yaml's experiments, and random data of Fashion-MNIST's shape."""

import gzip
import json
import struct
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from emmoe.datasets.random_invert_fashion_mnist import RandomInvertFashionMnist
from emmoe.models.objective import Array
from emmoe.models.regression import Sample
from emmoe.record.entries import Experiment
from emmoe.record.read import check, expanded
from emmoe.store.seeds import generator

ROOT = Path(__file__).resolve().parents[1]
PAPER = ("em", "gradient_em", "gradient_descent")  # the paper's algorithms, of an experiment's
PIXELS, CLASSES = 784, 10
SEED = 1


def config_of(name: str, **changes: Any) -> dict[str, Any]:
    """Return config.yaml with one experiment alone; changes: settings of it, or of its data. No
    fitter has more replicates, or goes on for longer, than the experiment."""
    config = yaml.safe_load(expanded(ROOT / "config.yaml"))
    experiment = config["experiments"][name]
    of_data = {key: changes.pop(key) for key in set(changes) & set(experiment["data"])}
    experiment |= changes | {"data": experiment["data"] | of_data}
    for fitter, limit in product(experiment["fitters"].values(), ("replicates", "iterations")):
        if limit in fitter:
            fitter[limit] = min(fitter[limit], experiment[limit])
    kept = {key: config[key] for key in ("seed", "folders", "downloads")}
    return kept | {"experiments": {name: experiment}, "figures": {}, "tables": {}}


def experiment_of(name: str, **changes: Any) -> Experiment:
    """Return an experiment of config.yaml; changes: as `config_of` takes them."""
    return check(config_of(name, **changes)).experiments[name]


def random_images(
    n: int, replicates: int, test: int = 0, d: int = PIXELS, dtype: type = np.float32
) -> Sample:
    """Return n random images in [0, 1] with labels and signs, and as many held out as `test`."""
    rng = generator(SEED, f"random images {n} x {d}", 0, "sample")
    parts = []
    for size in (n, test):
        x, y = rng.random((size, d), np.float32).astype(dtype), rng.integers(CLASSES, size=size)
        signs = 1 - 2 * rng.integers(0, 2, (replicates, size), dtype=np.int8)
        parts.append((x, y, signs))
    return Sample(*parts[0], test=Sample(*parts[1]) if test else None)


def random_weights(replicates: int, d: int = PIXELS, dtype: type = np.float32) -> Array:
    """Return the flat parameters (R, p) of two logistic experts and their gate, sd 1 / sqrt(d)."""
    rng = generator(SEED, f"random weights {d}", 0, "start")
    return (rng.standard_normal((replicates, 2 * (1 + CLASSES) * d)) / np.sqrt(d)).astype(dtype)


def write_random_downloads(folder: Path, train: int, test: int) -> None:
    """Write files of Fashion-MNIST's names and form, with random bytes, into a folder."""
    rng = generator(SEED, "random downloads", 0, "sample")
    shapes = [(train, 28, 28), (train,), (test, 28, 28), (test,)]
    for name, shape in zip(RandomInvertFashionMnist.files, shapes, strict=True):
        top = 256 if len(shape) > 1 else CLASSES
        values = rng.integers(top, size=shape, dtype=np.uint8)
        header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(header + values.tobytes(), compresslevel=1))


def write_config(config: dict[str, Any], path: Path) -> Path:
    """Write a config for `benchmarks.fit_job`; returns the path."""
    path.write_text(json.dumps(config), encoding="utf-8")
    return path
