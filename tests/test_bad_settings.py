"""Bad settings: whatever stands in a config, it is refused in one line or its runs end well."""

import copy
import json
import math
import re
import subprocess
import sys

import pytest
import yaml
from campaign import CASES, assert_sound, cases, refusal
from hypothesis import strategies as st
from workflow_helpers import ROOT, environment

from emmoe.datasets.random_invert_fashion_mnist import RandomInvertFashionMnist
from emmoe.lab.fit import fit_block
from emmoe.record import cells, plan, read

NEAR = {"name": "near_truth", "distance": {"beta": [0.5, 0.1], "w": [0.5, 0.1]}, "floor": 0.1}
RIVALS = {
    "em": {"algorithm": "em", "m_step_tolerance": 0.1},
    "squarem": {"algorithm": "squarem", "m_step_tolerance": 0.1},
    "gd": {"algorithm": "gradient_descent", "step": 0.1, "iterations": 2, "replicates": 1},
    "gem": {"algorithm": "gradient_em", "inner_steps": 2, "step": 0.1},
    "nesterov": {"algorithm": "nesterov", "step": 0.1, "restart": True},
    "adam": {"algorithm": "adam", "step": 0.1, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    "lbfgs": {"algorithm": "lbfgs", "memory": 3},
    "line": {
        "algorithm": "backtracking_gradient_descent",
        "step": 0.1,
        "shrink": 0.5,
        "growth": 1.3,
        "armijo": 1e-4,
    },
    "sgd": {
        "algorithm": "stochastic_gradient_descent",
        "step": 0.1,
        "batch_size": 5,
        "decay": 3.0,
        "seed": 1,
    },
}
BY_BLOCK = {
    "lange": {"algorithm": "preconditioned_gradient_descent", "step": {"beta": 1.0, "w": 1.0}}
}
COUNTS = {"replicates": 2, "replicates_per_block": 1, "cells_per_block": 2, "iterations": 3}
SYNTHETIC = {"name": "synthetic", "n": [12, 14], "d": 2, "norm_beta": 2.0, "norm_w": 2.0}
EXPERIMENTS = {
    "linear": {
        "model": {"name": "symmetric_linear", "noise_sd": 1.0},
        "data": SYNTHETIC | {"angle": "random"},
        "start": NEAR,
        "seed": 3,
        "tolerance": 1e-9,
        "rows": "sparse",
        "analyses": ["rates", "bounds"],
        "fitters": RIVALS | BY_BLOCK,
        **COUNTS,
    },
    "logistic": {
        "model": {"name": "symmetric_logistic"},
        "data": SYNTHETIC | {"angle": 45},
        "start": {"name": "random_direction", "norm": 1.0},
        "fitters": RIVALS | BY_BLOCK,
        **COUNTS,
    },
    "digits": {
        "model": {"name": "logistic_experts", "experts": 2, "classes": 10},
        "data": {"name": "random_invert_digits", "test_size": 1500, "validation_size": 100},
        "start": {"name": "gaussian", "variance": 0.01},
        "fitters": {"gd": {"algorithm": "gradient_descent", "step": {"gate": 0.1, "experts": 0.1}}},
        **COUNTS,
    },
    "images": {
        "model": {"name": "logistic_experts"},
        "data": {"name": "random_invert_fashion_mnist", "train_size": 1000, "validation_size": 100},
        "start": {"name": "gaussian", "variance": 0.01},
        "fitters": {"em": {"algorithm": "em"}},
        **COUNTS,
    },
}
CHECKSUMS = {"sha256": "0" * 64, "size": 10}
IMAGES = [name.partition("/")[2] for name in RandomInvertFashionMnist.files]
PRODUCT = {"target": "figures", "reads": {"summary": "digits"}}
BASE = {
    "folders": {"results": "results/bad", "downloads": "data/downloads"},
    "seed": 7,
    "downloads": {
        "fashion-mnist": {"sources": ["../mirror"], "files": dict.fromkeys(IMAGES, CHECKSUMS)}
    },
    "experiments": EXPERIMENTS,
    "contests": {
        "fair": {
            "model": {"name": "symmetric_linear"},
            "data": SYNTHETIC | {"angle": "random"},
            "start": NEAR,
            "replicates": {"tuning": 1, "comparison": 2},
            "passes": 4,
            "tolerance": 1e-7,
            "targets": {"statistical": "p/2n", "numerical": 1e-8},
            "rivals": {
                "em": {"algorithm": "em"},
                "gd": {"algorithm": "gradient_descent", "step": 0.1, "doublings": [-1, 1]},
            },
        }
    },
    "figures": {"figure_1": {"draw": "figure_3", "curves": {"gd": "GD"}, **PRODUCT}},
    "tables": {"table_2": {"draw": "table_2", "curves": {"gd": "GD"}, **PRODUCT}},
    "probes": {
        "inversion": {
            "measure": "inversion",
            "experiment": "digits",
            "iterations": 2,
            "fitters": {"em": {"algorithm": "gradient_em", "inner_steps": 2, "step": 0.1}},
            "options": {"fitter": "em"},
        }
    },
    "findings": {
        "f8": {
            "find": "f8_one_pixel_tells",
            "target": "figures",
            "reads": {"probe": {"inversion": "inversion"}},
            "shown_by": ["figures/figure_1"],
            "options": {"data": "the digits"},
        }
    },
    "audit": {"theory": {"paper": ["linear"]}},
    "inferred": {"experiments.linear.data.d": "a reason that is long enough"},
}
BASE = json.loads(json.dumps(BASE))  # what is shared above, apart
BAD = [
    *(None, True, False, "", "many", "1e-3", "a\nb", "\u2028", "../x", "random", "em"),
    *(math.nan, math.inf, -math.inf, 0, 0.0, -1, 1, 2, 0.5, 1.0, 2.5, -0.0),
    *(1e308, -1e308, 1e200, 1e-200, 5e-324, 10**6, 10**12, 10**30, 10**400, -(10**30)),
    *([], {}, [None], [math.nan], [1, 1], [2, "x"], [[3]], {"beta": -1}, {"beta": 1, "w": 1}),
    *({"name": "em"}, {1: 2}, {"x": {}}, {"algorithm": "em"}, {"name": ["synthetic"]}),
]
CHANGES = 800
AFFORDABLE = 10**7  # entries of a block's samples times rows of parameters times iterations


def places(node, path=()):
    """Yield the path of every setting, inner and outer."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


PLACES = list(places(BASE))


def changed(path, change, value):
    """Return BASE with one setting replaced or removed, or one added beside it."""
    content = copy.deepcopy(BASE)
    *keys, last = path
    node = content
    for key in keys:
        node = node[key]
    if change == "remove":
        del node[last]
    elif change == "add" and isinstance(node, dict):
        node[f"{last}_"] = value
    else:
        node[last] = value
    return content


def affordable(task):
    """Whether a fit is small enough to be run here."""
    data = [cell.data.settings for cell in task.cells]
    sizes = [own.get("n", 300) * own.get("d", 64) for own in data]
    (fitter,), model = task.fitters.values(), task.model.settings
    rows = model.get("experts", 2) * (1 + model.get("classes", 10))
    inner = fitter.settings.get("inner_steps", 1)
    work = sum(sizes) * rows * fitter.iterations * len(task.replicates) * inner
    return work <= AFFORDABLE


def assert_runs_end_well(record, path):
    """Fit the first block of the experiment that a path leads to, if it is small: all its fitters,
    or the one that was changed."""
    own = record.experiments.get(path[1])
    if own is None or own.data.name not in ("synthetic", "random_invert_digits"):
        return
    fitters = [path[3]] if path[2:3] == ("fitters",) and len(path) > 3 else ["em", "gd"]
    for fitter in set(fitters) & set(own.fitters):
        task = plan.fit_task(own, [fitter], cells.grid(own).names[0])
        if affordable(task):
            assert_sound(fit_block(task, {}, lambda line: None))


def test_base_of_the_changes_is_accepted():
    assert refusal(read.check, copy.deepcopy(BASE)) is None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("where", ["anywhere", "experiments"])
def test_changed_setting_is_refused_in_a_line_or_its_runs_end_well(where):
    paths = [path for path in PLACES if where == "anywhere" or path[0] == where]

    @cases(
        CHANGES // 2,
        where,
        path=st.sampled_from(paths),
        change=st.sampled_from(["set", "set", "set", "set", "remove", "add"]),
        value=st.sampled_from(BAD) | st.integers() | st.floats() | st.text(max_size=5),
    )
    def one(path, change, value):
        content = changed(path, change, value)
        message = refusal(read.check, content)
        if message is None:
            if path[0] == "experiments":
                assert_runs_end_well(read.check(content), path)
        else:
            assert names(path, message), message


def names(path, message):
    """Whether a refusal names the changed setting, one that holds it, or one that refers to it."""
    holders = [".".join(map(str, path[:length])) for length in range(len(path), 1, -1)]
    # "no probe named" where all are gone; with an underscore, what was added beside it.
    last = re.escape(str(path[-1]).removesuffix("s")) + "s?_?"
    return any(name in message for name in holders) or bool(re.search(rf"\b{last}\b", message))


LINEAR = ("experiments", "linear")
GATE = (*LINEAR, "data", "norm_w")
# What the line must name, beside the setting.
THROUGH_THE_COMMAND_LINE = [
    (GATE, math.nan, "nan"),
    (GATE, math.inf, "inf"),
    (GATE, 1e-200, "1e-200"),
    ((*LINEAR, "data", "n"), 1, "got 1"),
    ((*LINEAR, "data", "n"), 10**400, "1000"),
    ((*LINEAR, "data", "d"), 1, "got 1"),
    ((*LINEAR, "data", "d"), 10**9, "1000000000"),
    ((*LINEAR, "model", "noise_sd"), 0, "got 0"),
    ((*LINEAR, "model", "noise_sd"), 1e308, "1e+308"),
    ((*LINEAR, "replicates"), 10**30, str(10**30)),
    ((*LINEAR, "replicates"), 2.0, "2.0"),
    ((*LINEAR, "tolerance"), math.nan, "nan"),
    ((*LINEAR, "start", "distance", "beta"), [math.nan, 0.1], "nan"),
    ((*LINEAR, "fitters", "gd", "step"), "many", "'many'"),
    ((*LINEAR, "fitters", "gd", "step"), -0.1, "-0.1"),
    ((*LINEAR, "fitters", "adam", "epsilon"), 5e-324, "5e-324"),
    (("experiments", "digits", "model", "classes"), 10**12, "1000000000000"),
    (("experiments", "digits", "data", "test_size"), 1797, "1797"),
    (("seed",), 1.0, "1.0"),
    (("seed",), -1, "-1"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "value", "shown"), THROUGH_THE_COMMAND_LINE)
def test_bad_setting_through_the_command_line_is_one_line(path, value, shown, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(yaml.safe_dump(changed(path, "set", value)))
    command = [sys.executable, "-m", "emmoe", "check", str(file)]
    process = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300
    )
    CASES["through the command line"] += 1
    (line,) = process.stderr.splitlines()
    assert process.returncode == 1 and process.stdout == ""
    assert line.startswith("error: ") and shown in line and (path[-1] in line or "digits" in line)


def test_campaign_has_as_many_cases_as_it_must():
    from test_bad_data import EXAMPLES, FITTERS, GENERATED

    assert len(GENERATED) * len(FITTERS) * EXAMPLES + CHANGES >= 2000
    assert len(THROUGH_THE_COMMAND_LINE) >= 20
