"""Random changes of configs: each is refused in one line and in time, or its products can be made.

The full record, the one at toy size laid over it, and a small one, as written: files are changed in
what they hold, and some in their text. EMMOE_CONFIGS multiplies the numbers of cases.
"""

import copy
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from test_config_files import SMALL
from workflow_helpers import ROOT

from emmoe.record import read
from emmoe.store.errors import ConfigError

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
SECONDS = 5  # of processor time that a config may take
TIMES = int(os.environ.get("EMMOE_CONFIGS", "1"))
CASES = {"full": 220 * TIMES, "overlay": 280 * TIMES, "small": 3300 * TIMES, "text": 1400 * TIMES}
FOUND: Counter[str] = Counter()
NAMES = ["em", "gradient_descent", "figure_1", "rates", "digits", "small", "symmetric_linear", "x"]
NUMBERS = [0, 1, -1, 2, 3, 7, 0.5, 2.5, -0.5, 1e-3, 1e30, 1e31, 10**9, 10**12, -(10**400), 1e-300]
TEXTS = [
    "",
    " ",
    "many",
    "p/2n",
    "random",
    "a{b}",
    "~/x",
    "../x",
    "$\\foo$",
    "a$b$",
    "a\nb",
    "\x1b",
]
TEXTS += ["\x1b", "é", "$", "p/2n "]
OTHERS = [None, True, False, [], {}, [[]], [None], [1, 1], {"a": {}}, {"1": 2}, {"em": "EM"}]
MARKS = [*"&*!|>%@`'\"{}[],:#?-~\t\n\0", "&a ", "*a", "<<: ", "0", "!!int "]
OTHERS += [{"name": "em"}, {"algorithm": "adam"}, [0, 2], {"beta": 1, "w": 1}, float("nan")]


def loaded(*names):
    """Return what files of the repository hold."""
    return {name: yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in names}


RECORD = loaded("config.yaml")
RECORD |= loaded(*(f"studies/{name}.yaml" for name in RECORD["config.yaml"]["studies"]))
SMOKE = loaded("tests/smoke.yaml")
MORE = """\
  grid: &grid
    model: {name: symmetric_linear}
    data: {name: synthetic, n: 60, d: [2, 3], norm_beta: [1.0, 2.0], norm_w: 2.0, angle: [45, 90]}
    start: {name: random_direction, norm: 1.0}
    replicates: 2
    replicates_per_block: 2
    iterations: 5
    analyses: [rates, certificate]
    fitters: {em: {algorithm: em}}
contests:
  fair:
    model: {name: symmetric_linear}
    data: {name: synthetic, n: 60, d: 2, norm_beta: 2.0, norm_w: 2.0, angle: random}
    start: {name: random_direction, norm: 1.0}
    replicates: {tuning: 1, comparison: 2}
    passes: 6
    targets: {statistical: p/2n, numerical: 1.0e-8}
    rivals:
      em: {algorithm: em}
      gradient_descent: {algorithm: gradient_descent, step: 1.0, doublings: [-1, 1]}
comparisons:
  all: {target: figures, of: {fair: fair}, curves: {em: EM, gradient_descent: GD}}
probes:
  fisher:
    measure: fisher
    experiment: small
    iterations: 2
    fitters:
      one: {algorithm: gradient_em, inner_steps: 1, step: 0.1}
      gd: {algorithm: gradient_descent, step: 0.1}
    options: {one: one, two: one, reference: gd}
figures:
  one: {draw: figure_1, target: figures, reads: {summary: small}, curves: {em: EM, gd: GD}}
  maps:
    draw: heat_maps
    target: figures
    reads: {table: {rates: rates}}
    options: {shows: rates, model: symmetric_linear, d: 2}
    each: {angle: [45, 90]}
tables:
  rates: {draw: rates, target: figures, reads: {runs: {linear: grid}}, curves: {em: EM}}
findings:
  f1:
    find: f1_gradient_em_is_gd
    target: figures
    reads: {probe: {linear: fisher, images: fisher}}
  f6: {find: f6_spurious_minima, target: figures, reads: {runs: grid}}
  f7:
    find: f7_signal_and_speed
    target: figures
    reads: {table: {rates: rates}}
    shown_by: [figures/one]
audit: {theory: {figures: [grid]}}
inferred: {experiments.small.data.n: a reason that is long enough}
"""
TEXT = SMALL.replace("figures: {}\ntables: {}\n", MORE)


def places(node, path=()):
    """Yield the path of every setting, inner and outer."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def any_value(rng, near):
    """Return a value: near the one that is there, or of another kind."""
    if isinstance(near, int | float) and rng.random() < 0.4:
        return near * rng.choice([-1, 0, 0.5, 2, 10, 1000]) + rng.choice([0, 1, -1])
    if isinstance(near, list) and near and rng.random() < 0.5:
        return [*near, rng.choice(near)] if rng.random() < 0.5 else near[1:]
    if isinstance(near, str) and rng.random() < 0.3:
        return near[: rng.randrange(len(near) + 1)] + rng.choice(["", "x", "_1", ".", " "])
    return copy.deepcopy(rng.choice([*NAMES, *NUMBERS, *TEXTS, *OTHERS]))


def changed(content, rng):
    """Change one setting of a content: to another value, away, renamed, or one more beside it."""
    *keys, last = rng.choice(list(places(content)))
    node = content
    for key in keys:
        node = node[key]
    change = rng.choice(["set", "set", "set", "remove", "rename", "add", "swap"])
    if change == "remove":
        del node[last]
    elif change == "rename" and isinstance(node, dict):
        new = any_value(rng, last) if rng.random() < 0.5 else f"{last}_"
        node[new if isinstance(new, str | int | float | None) else "new"] = node.pop(last)
    elif change == "add" and isinstance(node, dict):
        node[rng.choice([*NAMES, "curves", "options", "extends", "each"])] = any_value(rng, None)
    elif change == "swap" and isinstance(node, dict):
        other = rng.choice(list(node))
        node[last], node[other] = node[other], node[last]
    else:
        node[last] = any_value(rng, node[last])


def with_changes(files, rng, names):
    """Return files of which one has up to three changes."""
    files = copy.deepcopy(files)
    content = files[rng.choice(names)]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        changed(content, rng)
    return files


def scrambled(text, rng):
    """Return a text with some characters or lines taken out, doubled, moved or put in."""
    for _ in range(rng.choice([1, 1, 2, 4])):
        at, size = rng.randrange(len(text)), rng.choice([1, 1, 2, 8, 60])
        piece = text[at : at + size]
        inserted = rng.choice(
            ["", piece * 2, *"&*!|>%@`'\"{}[],:#?-~\t\n\0", "&a ", "*a", "<<: ", "0"]
        )
        text = text[:at] + inserted + text[at + size :]
    return text


def outcome(folder, names, name):
    """Load files; return the record, or None where they are refused in one line and in time."""
    began = time.process_time()
    try:
        record = read.load([folder / name for name in names])
    except ConfigError as error:
        record, message = None, str(error)
        assert message.strip() and len(message.splitlines()) == 1 and message.isprintable()
    assert time.process_time() - began < SECONDS
    FOUND[name, "refused" if record is None else "accepted"] += 1
    return record


def written(folder, files):
    """Write files that hold these contents."""
    for name, content in files.items():
        path = Path(folder, name)
        path.parent.mkdir(exist_ok=True, parents=True)
        text = yaml.dump(content, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("kind", ["full", "overlay"])
def test_changes_of_the_record_are_refused_in_a_line_or_accepted(kind, part, tmp_path):
    rng = random.Random(f"{kind} {part}")
    written(tmp_path, RECORD | SMOKE)
    names = ["config.yaml", *(["tests/smoke.yaml"] if kind == "overlay" else [])]
    mutable = names[1:] or list(RECORD)
    base = {name: (RECORD | SMOKE)[name] for name in mutable}
    for _ in range(CASES[kind] // 4):
        files = with_changes(base, rng, mutable)
        written(tmp_path, {name: own for name, own in files.items() if own != base[name]})
        outcome(tmp_path, names, kind)
        written(tmp_path, {name: base[name] for name in files if files[name] != base[name]})


@pytest.mark.parametrize("part", range(4))
def test_changes_of_a_small_config_are_refused_in_a_line_or_accepted(part, tmp_path):
    rng, base = random.Random(part), {"small.yaml": yaml.safe_load(TEXT)}
    for _ in range(CASES["small"] // 4):
        written(tmp_path, with_changes(base, rng, list(base)))
        outcome(tmp_path, ["small.yaml"], "small")


@pytest.mark.parametrize("part", range(2))
def test_scrambled_texts_are_refused_in_a_line_or_accepted(part, tmp_path):
    rng = random.Random(f"text {part}")
    for _ in range(CASES["text"] // 2):
        text = scrambled(TEXT, rng)
        (tmp_path / "text.yaml").write_text(text, encoding="utf-8")
        outcome(tmp_path, ["text.yaml"], "text")


def test_unchanged_ones_are_accepted_and_there_are_as_many_as_there_must_be(tmp_path):
    written(tmp_path, RECORD | SMOKE)
    (tmp_path / "small.yaml").write_text(TEXT, encoding="utf-8")
    for names in (["config.yaml"], ["config.yaml", "tests/smoke.yaml"], ["small.yaml"]):
        assert read.load([tmp_path / name for name in names]).experiments
    assert sum(CASES.values()) >= 5000
