"""config.yaml: what is committed loads, and every mistake is one line that names the setting."""

import copy
import re

import pytest
import yaml
from records import record
from workflow_helpers import ROOT

from emmoe.record import read, registry
from emmoe.record.entries import Audit
from emmoe.store.errors import ConfigError

TEXT = (ROOT / "config.yaml").read_text(encoding="utf-8")
COMMITTED = yaml.safe_load(read.expanded(ROOT / "config.yaml"))
LINEAR = "experiments.symmetric_linear"
DIGITS = "experiments.digits"
SHA256 = ("downloads", "fashion-mnist", "files", "t10k-labels-idx1-ubyte.gz", "sha256")


def mutated(path, value):
    """Return the committed config with one setting changed; path: dotted, or a tuple of keys."""
    content = copy.deepcopy(COMMITTED)
    *keys, last = path.split(".") if isinstance(path, str) else path
    node = content
    for key in keys:
        node = node[key]
    node[last] = value
    return content


def refusal(content):
    """Return the one line with which a config is refused."""
    with pytest.raises(ConfigError) as caught:
        read.check(content)
    message = str(caught.value)
    assert message.strip() and len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize("names", [["config.yaml"], ["config.yaml", "tests/smoke.yaml"]])
def test_committed_config_loads(names):
    assert read.load([ROOT / name for name in names]).experiments


# path, value, where the message must say it is, what else it must hold
VALUES = [
    (f"{LINEAR}.fitters.gradient_descent.step", -0.1, f"{LINEAR}.fitters.gradient_descent", "-0.1"),
    (f"{LINEAR}.fitters.gradient_descent.step", 0, f"{LINEAR}.fitters.gradient_descent", "got 0"),
    (f"{LINEAR}.fitters.gradient_descent.step", "1e-3", f"{LINEAR}.fitters", "'1e-3'"),
    (f"{LINEAR}.fitters.gradient_descent.step", None, f"{LINEAR}.fitters", "None"),
    (f"{LINEAR}.fitters.gradient_descent.step", float("nan"), f"{LINEAR}.fitters", "nan"),
    (f"{LINEAR}.fitters.gradient_em.step", {"beta": 0.2, "gate": 1.6}, LINEAR, "gate"),
    (f"{LINEAR}.fitters.gradient_em.step", {"beta": 0.2}, LINEAR, "beta, w"),
    (f"{LINEAR}.fitters.gradient_em.step", {"beta": 0.2, "w": -1}, LINEAR, "w must"),
    (f"{LINEAR}.fitters.gradient_em.inner_steps", 0, f"{LINEAR}.fitters.gradient_em", "got 0"),
    (f"{LINEAR}.fitters.gradient_em.inner_steps", 1.5, f"{LINEAR}.fitters.gradient_em", "1.5"),
    (f"{LINEAR}.start.distance", {"beta": [1, 1]}, f"{LINEAR}.start.distance", "names beta"),
    (f"{LINEAR}.data.n", 5, f"{LINEAR}.data", "got 5"),
    (f"{LINEAR}.data.n", [10000, 5], f"{LINEAR}.data", "got 5"),
    (f"{LINEAR}.data.d", 1, f"{LINEAR}.data", "got 1"),
    (f"{LINEAR}.data.norm_beta", -1.25, f"{LINEAR}.data", "-1.25"),
    (f"{LINEAR}.data.norm_w", 0, f"{LINEAR}.data", "got 0"),
    (f"{LINEAR}.data.angle", 200, f"{LINEAR}.data", "200"),
    (f"{LINEAR}.data.angle", "randon", f"{LINEAR}.data", "'randon'"),
    (f"{LINEAR}.model.noise_sd", 0, f"{LINEAR}.model", "got 0"),
    (f"{LINEAR}.replicates", 0, f"{LINEAR}.replicates", "0"),
    (f"{LINEAR}.replicates_per_block", 2.5, f"{LINEAR}.replicates_per_block", "2.5"),
    (f"{LINEAR}.iterations", "many", f"{LINEAR}.iterations", "'many'"),
    (f"{LINEAR}.fitters.em.replicates", 51, f"{LINEAR}.fitters.em.replicates", "51"),
    (f"{LINEAR}.fitters.em.iterations", 101, f"{LINEAR}.fitters.em.iterations", "101"),
    (f"{LINEAR}.tolerance", 0, f"{LINEAR}.tolerance", "0"),
    (f"{LINEAR}.tolerance", -1, f"{LINEAR}.tolerance", "-1"),
    (f"{DIGITS}.start.variance", 0, f"{DIGITS}.start", "got 0"),
    (f"{DIGITS}.data.test_size", 1797, f"{DIGITS}.data", "1797"),
    (SHA256, "abc", ".".join(SHA256), "'abc'"),
    ("seed", -1, "seed", "-1"),
    ("figures.figure_1.target", "papers", "figures.figure_1.target", "'papers'"),
    ("inferred", {f"{LINEAR}.data.m": "a reason long enough"}, f"inferred.{LINEAR}.data.m", "no"),
]


# A setting of the wrong type, or that only a job would refuse, with a traceback.
UNUSABLE = [
    (f"{LINEAR}.data.n", 300.5, f"{LINEAR}.data", "300.5"),
    (f"{LINEAR}.data.n", "many", f"{LINEAR}.data", "'many'"),
    (f"{LINEAR}.data.n", [], f"{LINEAR}.data", "empty"),
    (f"{LINEAR}.data.n", [100, 100], f"{LINEAR}.data", "100"),
    (f"{LINEAR}.data.norm_w", "1.25x", f"{LINEAR}.data", "'1.25x'"),
    (f"{LINEAR}.model.noise_sd", [1, 2], f"{LINEAR}.model", "[1, 2]"),
    (f"{LINEAR}.start.distance", 0.5, f"{LINEAR}.start", "0.5"),
    (f"{LINEAR}.start.distance", {"beta": 1, "w": 1}, f"{LINEAR}.start", "1"),
    (f"{LINEAR}.start.distance", {"beta": [1, -1], "w": [1, 1]}, f"{LINEAR}.start", "-1"),
    (f"{LINEAR}.start.floor", "low", f"{LINEAR}.start", "'low'"),
    (f"{LINEAR}.tolerance", float("nan"), f"{LINEAR}.tolerance", "nan"),
    (f"{DIGITS}.start", {"name": "near_truth", "distance": {}}, f"{DIGITS}.start", "truth"),
    (f"{DIGITS}.start.variance", float("inf"), f"{DIGITS}.start", "inf"),
    (f"{DIGITS}.data.test_size", 2.5, f"{DIGITS}.data", "2.5"),
    (f"{DIGITS}.model.experts", 2.5, f"{DIGITS}.model", "2.5"),
    (f"{DIGITS}.data.name", "synthetc", f"{DIGITS}.data", "'synthetc'"),
    ("experiments.fashion_mnist.fitters.em_solved.m_step_tolerance", "1e-3x", "exp", "'1e-3x'"),
    ("figures.figure_1.draw", "figure_9", "figures.figure_1.draw", "'figure_9'"),
    ("tables.table_2.draw", "table_9", "tables.table_2.draw", "'table_9'"),
    ("figures.figure_1.reads", {"summary": "linear"}, "figures.figure_1.reads", "'linear'"),
    ("figures.figure_1.curves", {"emm": "EM"}, "figures.figure_1.curves", "'emm'"),
    ("downloads", {}, "downloads.fashion-mnist", "experiments.fashion_mnist"),
    ("probes.inversion.measure", "inversoin", "probes.inversion.measure", "'inversoin'"),
    ("probes.inversion.experiment", "digit", "probes.inversion.experiment", "'digit'"),
    ("probes.inversion.fitters.em.step", -1, "probes.inversion.fitters.em", "-1"),
    ("probes.inversion.options", {"fiter": "em"}, "probes.inversion", "fit"),
    ("probes.inversion.options", {"fitter": "gd"}, "probes.inversion.options.fitter", "'gd'"),
    ("findings.f5.find", "f5_baseline", "findings.f5.find", "'f5_baseline'"),
    ("findings.f5.reads.probe.baselines", "base", "findings.f5.reads", "'base'"),
    ("findings.f3.reads.table.costs", "cost", "findings.f3.reads", "'cost'"),
    ("findings.f5.reads", {"probe": {"baseline": "baselines"}}, "findings.f5", "baseline"),
    ("findings.f5.options", {}, "findings.f5", "data"),
    ("findings.f5.shown_by", ["tables/baseline"], "findings.f5.shown_by", "'tables/baseline'"),
]


@pytest.mark.parametrize(("path", "value", "where", "shown"), UNUSABLE)
def test_unusable_value_is_refused_before_any_job_runs(path, value, where, shown):
    message = refusal(mutated(path, value))
    assert message.startswith(where) and shown in message


@pytest.mark.parametrize(("path", "value", "where", "shown"), VALUES)
def test_bad_value_is_one_line_naming_setting_and_value(path, value, where, shown):
    message = refusal(mutated(path, value))
    name = path.split(".")[-1] if isinstance(path, str) else path[-1]
    assert message.startswith(where) and name in message and shown in message.removeprefix(where)


NAMES = [
    ("expermients", {}, "config", "'expermients'", "'experiments'"),
    (f"{LINEAR}.iteration", 3, LINEAR, "'iteration'", "'iterations'"),
    (f"{LINEAR}.data.norm_bet", 3, f"{LINEAR}.data.norm_bet", "synthetic", "'norm_beta'"),
    (f"{LINEAR}.fitters.em.m_step", 1, f"{LINEAR}.fitters.em.m_step", "em", "m_step_tolerance"),
    (f"{LINEAR}.fitters.em.algorithm", "emm", f"{LINEAR}.fitters.em", "'emm'", "'em'"),
    (f"{LINEAR}.model.name", "symetric", f"{LINEAR}.model", "'symetric'", "'symmetric_linear'"),
    (f"{LINEAR}.start.name", "near_thruth", f"{LINEAR}.start", "'near_thruth'", "'near_truth'"),
    ("experiments.Upper", {}, "experiments", "'Upper'", ""),
]


@pytest.mark.parametrize(("path", "value", "where", "shown", "suggested"), NAMES)
def test_unknown_name_is_one_line_suggesting_the_nearest(path, value, where, shown, suggested):
    message = refusal(mutated(path, value))
    assert message.startswith(where) and shown in message and suggested in message


def test_mapping_with_a_key_that_is_no_text_is_one_line():
    refusal(mutated(f"{LINEAR}.fitters.gradient_descent.step", {"beta": 0.1, 1: 0.1}))


@pytest.mark.parametrize("name", ["base", "nothing_like_any"])
def test_name_far_from_all_lists_what_is_known(name):
    message = refusal(mutated(f"{LINEAR}.fitters.em.algorithm", name))
    assert f"{name!r}: known are {', '.join(registry.names('fitters'))}" in message


SHAPES = [
    ("experiments", [], "experiments"),
    ("experiments", {}, "experiments"),
    (LINEAR, None, LINEAR),
    (f"{LINEAR}.fitters", ["em"], f"{LINEAR}.fitters"),
    (f"{LINEAR}.fitters.em", "em", f"{LINEAR}.fitters.em"),
    (f"{LINEAR}.model", "symmetric_linear", f"{LINEAR}.model"),
    ("inferred", ["a reason"], "inferred"),
    ("downloads", None, "downloads"),
]


@pytest.mark.parametrize(("path", "value", "where"), SHAPES)
def test_list_or_scalar_where_a_mapping_is_expected_is_one_line(path, value, where):
    assert refusal(mutated(path, value)).startswith(f"{where}: ")


@pytest.mark.parametrize("content", [None, [], "text", 3])
def test_config_that_is_no_mapping_is_one_line(content):
    assert refusal(content).startswith("config: ")


@pytest.mark.parametrize("name", ["folders", "seed", "experiments", "figures", "tables"])
def test_missing_top_level_setting_is_named(name):
    content = copy.deepcopy(COMMITTED)
    del content[name]
    assert f"'{name}'" in refusal(content)


@pytest.mark.parametrize("name", ["model", "replicates", "fitters"])
def test_missing_setting_of_an_experiment_is_named(name):
    content = copy.deepcopy(COMMITTED)
    del content["experiments"]["digits"][name]
    message = refusal(content)
    assert message.startswith(DIGITS) and f"'{name}'" in message


def test_missing_setting_of_a_component_is_named():
    content = copy.deepcopy(COMMITTED)
    del content["experiments"]["symmetric_linear"]["data"]["d"]
    assert refusal(content) == f"{LINEAR}.data: synthetic needs the setting 'd'"


@pytest.mark.parametrize(
    "content", ["seed: [1\nexperiments: {", "a: b: c", "\tseed: 1", "seed: \x00", ""]
)
def test_file_that_cannot_be_read_as_a_config_is_one_line(tmp_path, content):
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read.load(path)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith((str(path), "config:"))


def test_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match=r"^\S*/absent\.yaml: No such file or directory$"):
        read.load(tmp_path / "absent.yaml")


def test_defaults_are_filled():
    sections = {"experiments": {"x": COMMITTED["experiments"]["digits"]}, "figures": {}}
    sections["tables"] = {"x": {"draw": "table_2", "target": "figures", "reads": {"summary": "x"}}}
    checked = record(**sections)
    assert checked.downloads == {} and checked.audit == Audit()
    assert checked.tables["x"].curves == {}
    assert checked.experiments["x"].tolerance is None and checked.experiments["x"].seed == 7


def test_defaults_replace_nothing_that_is_set():
    assert read.check(mutated(f"{DIGITS}.tolerance", 0.5)).experiments["digits"].tolerance == 0.5


def keys_by_line(node, path=()):
    """Yield (line, path) of every key of a mapping, outer keys first."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.start_mark.line, (*path, key.value)
            yield from keys_by_line(value, (*path, key.value))


def test_settings_marked_inferred_are_those_with_a_reason():
    places = list(keys_by_line(yaml.compose(TEXT)))
    marked = set()
    for number, line in enumerate(TEXT.splitlines()):
        mark = re.search(r"\S.*\s# (?:(\w+) )?inferred\b", line)
        if mark:
            on_line = [path for place, path in places if place == number]
            marked.add(next(p for p in on_line if mark[1] in (None, p[-1])))
    assert {".".join(path) for path in marked} == set(COMMITTED["inferred"])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("figures.figure_1.importance", 1, "figures have none"),
        ("tables.table_2.shown_by", ["figures/figure_1"], "tables have none"),
        ("findings.f1.title", "A title", "findings have none"),
        ("findings.f1.importance", 0, "must be"),
        ("findings.f3.importance", 4, "findings.f1 has 4 too: renumber one"),
        ("findings.f1.importance", True, "must be"),
        ("figures.figure_1.title", "two\nlines", "must be a text in one line"),
        ("figures.figure_1.caption", " a space", "must be a text in one line"),
    ],
)
def test_text_or_rank_that_the_report_cannot_use_is_refused(path, value, said):
    message = refusal(mutated(path, value))
    assert message.startswith(path) and said in message
