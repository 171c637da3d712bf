"""Bad data: NaN, infinities, sizes at the ends of the range, rows and columns that say nothing."""

import dataclasses
import gzip
import struct
from hashlib import sha256

import numpy as np
import pytest
import records
from campaign import assert_sound, cases, refusal
from conftest import FITTERS, STACKED
from hypothesis import strategies as st

from emmoe.datasets.random_invert_fashion_mnist import RandomInvertFashionMnist
from emmoe.lab import fit
from emmoe.lab.scene import Scene
from emmoe.models.regression import Sample
from emmoe.record import cells, plan, registry
from emmoe.record.entries import Component, Fitter
from emmoe.record.tasks import Cell, FitTask

GENERATED = ["logistic_experts", "symmetric_linear", "symmetric_logistic"]  # by `generated`
SETTINGS = {"logistic_experts": {"classes": 3}}  # smaller than the default
EXAMPLES = 44  # of each fitter and model
ANALYSES = ["rates", "certificate", "bounds", "true_gate"]
SIZES = [1e-30, 1e-8, 0.1, 1.0, 10.0, 1e8, 1e30]  # of what a config may set
SCALES = [5e-324, 1e-300, 1e-155, *SIZES]  # of data


def spoiled(values, rng, value):
    """Return a copy with one entry, if there is any, replaced."""
    values = np.array(values, float)
    if values.size:
        values.flat[rng.integers(values.size)] = value
    return values


def separable(x, y, rng, binary):
    """Targets that a hyperplane tells: classes 0 and 1, or -1 and 1."""
    return x, np.where(x @ rng.standard_normal(x.shape[1]) > 0, 1, -1 if binary else 0)


# name -> (x, y, generator, whether the classes are -1 and 1) -> x, y
SPOILS = {
    "NaN in x": lambda x, y, rng, binary: (spoiled(x, rng, np.nan), y),
    "infinity in x": lambda x, y, rng, binary: (spoiled(x, rng, np.inf), y),
    "NaN in y": lambda x, y, rng, binary: (x, spoiled(y, rng, np.nan)),
    "infinity in y": lambda x, y, rng, binary: (x, spoiled(y, rng, -np.inf)),
    "outlier in x": lambda x, y, rng, binary: (spoiled(x, rng, 1e12), y),
    "outlier in y": lambda x, y, rng, binary: (x, spoiled(y, rng, 1e12)),
    "no whole class": lambda x, y, rng, binary: (x, spoiled(y, rng, 0.5)),
    "unknown class": lambda x, y, rng, binary: (x, spoiled(y, rng, -7)),
    "equal rows": lambda x, y, rng, binary: (x[[0] * len(x)], y),
    "pairs of rows": lambda x, y, rng, binary: (np.repeat(x, 2, axis=0), np.repeat(y, 2)),
    "constant column": lambda x, y, rng, binary: (x * [0, *[1] * (x.shape[1] - 1)] + 1, y),
    "column of zeros": lambda x, y, rng, binary: (x * [0, *[1] * (x.shape[1] - 1)], y),
    "equal columns": lambda x, y, rng, binary: (x[:, [0] * x.shape[1]], y),
    "one class": lambda x, y, rng, binary: (x, np.full_like(y, y[:1].sum())),
    "targets of zero": lambda x, y, rng, binary: (x, np.zeros_like(y)),
    "separable": separable,
    "a row too few": lambda x, y, rng, binary: (x[1:], y),
}


class Given:
    """A data set of one sample, made when the fit asks for it, as others are."""

    def __init__(self, dtype, *parts):
        self.dtype, self.parts = dtype, parts

    def scenes(self, component, draw):
        """Return what takes the place of `lab.scene.scenes`."""

        def scenes(*given):
            x, y, signs, test = self.parts
            held_out = None if test is None else Sample(*test)
            sample = Sample(x.astype(self.dtype), y, signs, held_out)
            start = draw["start"].astype(self.dtype)
            own = start if signs is not None else start[0]
            yield Scene(component, list(range(len(start))), sample, draw.get("truth"), own)

        return scenes


def generated(case, model_name, parameters):
    """Return a data set, and the start and truth, of a generated case."""
    rng, n, d = np.random.default_rng(case["seed"]), case["n"], case["d"]
    binary, classes = model_name == "symmetric_logistic", SETTINGS.get(model_name, {})
    x = case["scale"] * rng.standard_normal((n, d))
    if model_name == "symmetric_linear":
        y = case["scale_y"] * rng.standard_normal(n)
    else:
        y = rng.choice([-1, 1], n) if binary else rng.integers(classes["classes"], size=n)
    with np.errstate(all="ignore"):
        for name in case["spoils"]:
            x, y = SPOILS[name](x, y, rng, binary)
        start = case["scale_start"] * rng.standard_normal((1, parameters(d)))
    if model_name != "symmetric_linear" and np.isin(y, np.arange(-9, 9)).all():
        y = y.astype(int)  # as data sets give classes
    signs = test = None
    dtype = np.float64
    if model_name in STACKED:
        dtype = np.float32 if case["single"] else np.float64
        test = rng.standard_normal((5, d)).astype(dtype), rng.integers(classes["classes"], size=5)
        start = np.repeat(start, 2, axis=0)
        signs = rng.choice([-1, 1], (2, len(x)))
    draw = {"start": start}
    if test is None:
        draw["truth"] = case["scale_truth"] * rng.standard_normal(start.shape[1])
    return Given(dtype, x, y, signs, test), draw


CASE = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32 - 1),
        "n": st.sampled_from([1, 2, 3, 4, 5, 8, 12]),
        "d": st.sampled_from([1, 1, 2, 3]),
        "scale": st.just(1.0) | st.sampled_from(SCALES),
        "scale_y": st.just(1.0) | st.sampled_from(SCALES),
        "scale_start": st.just(1.0) | st.sampled_from(SIZES),
        "scale_truth": st.just(1.0) | st.sampled_from(SIZES),
        "single": st.booleans(),
        "spoils": st.lists(st.sampled_from(list(SPOILS)), max_size=2),
    }
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("model_name", GENERATED)
@pytest.mark.parametrize("fitter_name", FITTERS)
def test_fit_of_bad_data_ends_in_a_status_or_a_line(fitter_name, model_name, monkeypatch):
    model = registry.build("models", model_name, SETTINGS.get(model_name, {}), model_name)
    cls = registry.component("fitters", fitter_name, fitter_name)
    settings = dataclasses.asdict(cls.example())
    settings = {name: value for name, value in settings.items() if value is not None}

    def parameters(d):
        return max(part.stop for part in model.blocks(d).values())

    @cases(
        EXAMPLES,
        f"{fitter_name} {model_name}",
        case=CASE,
        step=st.just(0.1) | st.sampled_from(SIZES),
        iterations=st.integers(1, 6),
        tolerance=st.sampled_from([None, 1e-30, 1e-9, 1e3]),
        analyses=st.lists(st.sampled_from(ANALYSES), unique=True),
    )
    def one(case, step, iterations, tolerance, analyses):
        dataset, draw = generated(case, model_name, parameters)
        own = settings | ({"step": step} if "step" in settings else {})
        component = Component(model_name, SETTINGS.get(model_name, {}))
        replicates = len(draw["start"])
        task = FitTask(
            seed=0,
            model=component,
            start=component,
            cells=(Cell("c", component, "k"),),
            replicates=tuple(range(replicates)),
            fitters={"f": Fitter(fitter_name, own, replicates, iterations)},
            tolerance=tolerance,
            rows="all",
            analyses=tuple(analyses) if "truth" in draw else (),
        )
        monkeypatch.setattr(fit, "scenes", dataset.scenes(component, draw))
        fits = []
        if refusal(lambda: fits.append(fit.fit_block(task, {}, lambda line: None))) is None:
            assert_sound(fits[0])


FILES = {
    name.partition("/")[2]: {"sha256": "0" * 64, "size": 1}
    for name in (RandomInvertFashionMnist.files)
}
DOWNLOADS = {"fashion-mnist": {"sources": ["x"], "files": FILES}}


def idx(values):
    """Return bytes of an IDX file, compressed."""
    header = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(header + values.astype(np.uint8).tobytes(), compresslevel=1)


# name -> (images, labels) -> images, labels
OF_IMAGES = {
    "as they are": lambda x, y: (x, y),
    "blank images": lambda x, y: (0 * x, y),
    "white images": lambda x, y: (0 * x + 255, y),
    "equal images": lambda x, y: (x[[0] * len(x)], y),
    "one class": lambda x, y: (x, 0 * y),
    "unknown class": lambda x, y: (x, np.where(np.arange(len(y)) == 3, 255, y)),
    "a label too few": lambda x, y: (x, y[1:]),
    "no labels": lambda x, y: (x, y[:0]),
}
OF_FILES = {
    "as they are": lambda data: data,
    "cut off": lambda data: data[: len(data) // 2],
    "another byte": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    "empty": lambda data: b"",
    "not compressed": gzip.decompress,
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_fit_of_bad_image_files_ends_in_a_status_or_a_line(tmp_path):
    rng = np.random.default_rng(0)
    counts = {"train": 784, "t10k": 5}
    parts = {
        part: (rng.integers(0, 256, (n, 28, 28)), rng.integers(0, 10, n))
        for part, n in counts.items()
    }
    settings = {
        "model": {"name": "logistic_experts"},
        "data": {"name": "random_invert_fashion_mnist", "train_size": 784},
        "start": {"name": "gaussian", "variance": 1e-4},
        "replicates": 2,
        "replicates_per_block": 2,
        "iterations": 1,
        "fitters": {"gd": {"algorithm": "gradient_descent", "step": 0.1}},
    }
    own = records.experiment(settings, downloads=DOWNLOADS)
    task = plan.fit_task(own, ["gd"], cells.grid(own).names[0])

    @cases(
        30,
        "image files",
        of_images=st.sampled_from(list(OF_IMAGES)),
        spoiled_part=st.sampled_from(list(counts)),
        of_files=st.sampled_from(list(OF_FILES)),
        spoiled_kind=st.integers(0, 1),
        checked=st.booleans(),
    )
    def one(of_images, spoiled_part, of_files, spoiled_kind, checked):
        files = {}
        for position, name in enumerate(RandomInvertFashionMnist.files):
            part, kind = ("train", "t10k")[position // 2], position % 2
            values = parts[part]
            if part == spoiled_part:
                values = OF_IMAGES[of_images](*values)
            data = written = idx(values[kind])
            if (part, kind) == (spoiled_part, spoiled_kind):
                written = OF_FILES[of_files](data)
            path = tmp_path / f"{position}.gz"
            path.write_bytes(written)
            files[name] = path, sha256(data if checked else written).hexdigest()
        fits = []
        message = refusal(lambda: fits.append(fit.fit_block(task, files, lambda line: None)))
        if message is None:
            assert_sound(fits[0])
        if of_files != "as they are" and checked:
            assert message is not None and ".gz" in message
