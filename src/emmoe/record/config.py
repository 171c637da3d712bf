"""Reads and checks config.yaml, the record of all experiments: every mistake is one line."""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from emmoe.datasets.base import Dataset
from emmoe.evidence.step_grid import variants
from emmoe.record import components, registry
from emmoe.record.cells import LIMITS, cells
from emmoe.record.check_audit import check as check_audit
from emmoe.record.check_calibration import check as check_calibration
from emmoe.record.validation import validate
from emmoe.store.errors import ConfigError

ENTRIES = 10**10  # of a sample's features: 80 GB
PARAMETERS = 10**8


class _Loader(yaml.SafeLoader):
    """YAML in which a key that stands twice in a mapping is a mistake, not an override."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:str" and key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"line {line}: {key.value!r} is set twice: rename one")
            seen.add(key.value if isinstance(key.value, str) else None)
        return super().construct_mapping(node, deep)


def read(path: Path | str) -> Any:
    """Return a YAML file's content; raises ConfigError for a mistake in its form."""
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from None


def load(path: Path | str) -> dict[str, Any]:
    """Return the checked config of a file, defaults filled."""
    return check(read(path))


def check(config: Any) -> dict[str, Any]:
    """Return config with defaults filled; raises ConfigError naming the first wrong setting."""
    validate(config)
    for name, experiment in config["experiments"].items():
        _check_experiment(f"experiments.{name}", experiment, config["downloads"])
    for name, contest in config["contests"].items():
        _check_contest(f"contests.{name}", contest, config["downloads"])
    for kind in ("figures", "tables"):
        for name, entry in config[kind].items():
            _check_product(config, kind, name, entry)
    check_calibration(config)
    check_audit(config)
    for name, entry in config["probes"].items():
        _check_probe(config, f"probes.{name}", entry)
    for name, entry in config["findings"].items():
        _check_finding(config, f"findings.{name}", entry)
    for path in config["inferred"]:
        _check_path(config, path)
    return config


def _check_experiment(where: str, experiment: dict[str, Any], downloads: dict[str, Any]) -> None:
    """Build every component of an experiment, so that no job starts with a wrong setting."""
    model = components.build_model(experiment["model"], f"{where}.model")
    start = components.build_start(experiment["start"], f"{where}.start")
    found = (components.build_dataset(cell.data) for cell in cells(experiment, where))
    for features, dataset in {dataset.features: dataset for dataset in found}.items():
        if dataset.has_truth and not hasattr(model, "simulate"):
            raise ConfigError(f"{where}.model: {experiment['model']['name']} cannot simulate data")
        if start.needs_truth and not dataset.has_truth:
            raise ConfigError(f"{where}.start: {experiment['start']['name']} needs a known truth")
        blocks = model.blocks(features)
        _check_size(where, dataset, blocks)
        _check_blocks(f"{where}.start.distance", getattr(start, "distance", None), blocks)
        for name, settings in experiment["fitters"].items():
            fitter = components.build_fitter(settings, f"{where}.fitters.{name}")
            _check_blocks(f"{where}.fitters.{name}.step", getattr(fitter, "step", None), blocks)
    _check_known(
        f"{where}.analyses", "analysis", experiment["analyses"], registry.functions("analyses")
    )
    if experiment["analyses"] and not hasattr(model, "mirror_map"):
        raise ConfigError(f"{where}.analyses: {experiment['model']['name']} has no mirror map")
    if not math.isfinite(experiment["tolerance"] or 0):
        raise ConfigError(f"{where}.tolerance: must be finite, got {experiment['tolerance']}")
    _check_files(where, dataset.files, downloads)
    _check_limits(where, experiment)


def _check_size(where: str, dataset: Dataset, blocks: dict[str, slice]) -> None:
    """Raise ConfigError for a sample or a model that no machine can hold."""
    rows, features = getattr(dataset, "n", 0), dataset.features
    if rows * features > ENTRIES:
        raise ConfigError(f"{where}.data: {rows} rows of {features} features are too many to hold")
    parameters = max(part.stop for part in blocks.values())
    if parameters > PARAMETERS:
        raise ConfigError(f"{where}.model: {parameters} parameters are more than {PARAMETERS}")


def _check_contest(where: str, contest: dict[str, Any], downloads: dict[str, Any]) -> None:
    """Check a contest as an experiment whose fitters are its rivals, one at each step."""
    for name, rival in contest["rivals"].items():
        settings = {key: value for key, value in rival.items() if key != "doublings"}
        components.build_fitter(settings, f"{where}.rivals.{name}")
    fitters = {
        f"{name} {variant.name}".strip(): variant.settings
        for name, rival in contest["rivals"].items()
        for variant in variants(rival, f"{where}.rivals.{name}")
    }
    fits = {"fitters": fitters, "analyses": [], "replicates": 1, "iterations": 1}
    try:
        _check_experiment(where, contest | fits, downloads)
    except ConfigError as error:
        raise ConfigError(str(error).replace(f"{where}.fitters.", f"{where}.rivals.")) from None


def _check_files(where: str, files: tuple[str, ...], downloads: dict[str, Any]) -> None:
    for file in files:
        folder, _, name = file.partition("/")
        if name not in downloads.get(folder, {}).get("files", {}):
            raise ConfigError(f"downloads.{folder}.files: {name} is missing, {where} needs it")


def _check_limits(where: str, experiment: dict[str, Any]) -> None:
    for name, settings in experiment["fitters"].items():
        for limit in LIMITS:
            if settings.get(limit, 0) > experiment[limit]:
                raise ConfigError(
                    f"{where}.fitters.{name}.{limit}: {settings[limit]} is more than "
                    f"the experiment's {experiment[limit]}"
                )


def _check_product(config: dict[str, Any], kind: str, name: str, entry: dict[str, Any]) -> None:
    """Check a figure's or table's module, the experiments it reads, and the fitters it shows."""
    known = config["experiments"]
    _check_known(f"{kind}.{name}.draw", "module", [entry["draw"]], registry.functions(kind))
    read = _check_inputs(config, f"{kind}.{name}.inputs", entry["inputs"])
    fitters = {fitter for experiment in read for fitter in known[experiment]["fitters"]}
    contests = re.findall(r"<results>/contests/(\w+)/", " ".join(entry["inputs"].values()))
    _check_known(f"{kind}.{name}.inputs", "contest", contests, config["contests"])
    fitters |= {rival for contest in contests for rival in config["contests"][contest]["rivals"]}
    _check_known(f"{kind}.{name}.curves", "fitter", entry["curves"], fitters)


def _check_inputs(config: dict[str, Any], where: str, inputs: dict[str, str]) -> list[str]:
    """Check that every input can be made; return the experiments that are read."""
    paths = " ".join(inputs.values())
    read = re.findall(r"<results>/(?:summaries|runs|traces)/(\w+)\.", paths)
    _check_known(where, "experiment", read, config["experiments"])
    for folder, what in (("probes", "probe"), ("tables", "table")):
        named = re.findall(rf"<results>/{folder}/(\w+)\.", paths)
        _check_known(where, what, named, config[folder])
    return read


def _check_probe(config: dict[str, Any], where: str, entry: dict[str, Any]) -> None:
    """Check a probe's module, experiment, fitters, and that what it measures has its options."""
    _check_known(f"{where}.measure", "probe", [entry["measure"]], registry.functions("probes"))
    _check_known(f"{where}.experiment", "experiment", [entry["experiment"]], config["experiments"])
    for name, settings in entry["fitters"].items():
        components.build_fitter(settings, f"{where}.fitters.{name}")
    measure = import_module(f"emmoe.measures.probes.{entry['measure']}").measure
    _check_options(where, measure, {"scene": None}, entry["options"])
    for option, value in entry["options"].items():
        if isinstance(value, str):  # a probe's only texts are names of its fitters
            _check_known(f"{where}.options.{option}", "fitter", [value], entry["fitters"])


def _check_finding(config: dict[str, Any], where: str, entry: dict[str, Any]) -> None:
    """Check a finding's module, its inputs and options, and the products that show it."""
    _check_known(f"{where}.find", "finding", [entry["find"]], registry.functions("findings"))
    _check_inputs(config, f"{where}.inputs", entry["inputs"])
    products = [f"{kind}/{name}" for kind in ("figures", "tables") for name in config[kind]]
    _check_known(f"{where}.shown_by", "figure or table", entry["shown_by"], products)
    find = import_module(f"emmoe.findings.{entry['find']}").find
    _check_options(where, find, entry["inputs"], entry["options"])


def _check_options(
    where: str, function: Callable, inputs: dict[str, Any], options: dict[str, Any]
) -> None:
    """Check that a function takes these inputs and options, and no more without default."""
    try:
        inspect.signature(function).bind(**inputs, **options)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from None


def _check_known(where: str, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"{where}: no {what} named {name!r}{registry.nearest(name, known)}")


def _check_blocks(where: str, setting: Any, blocks: dict[str, slice]) -> None:
    """Raise ConfigError if a setting by block does not name the model's blocks."""
    if isinstance(setting, Mapping) and set(setting) != set(blocks):
        named, blocks = ", ".join(map(str, setting)) or "nothing", ", ".join(blocks)
        raise ConfigError(f"{where}: names {named}, the blocks are {blocks}")


def _check_path(config: dict[str, Any], path: str) -> None:
    """Raise ConfigError unless a dotted path of `inferred` leads to a setting."""
    node: Any = config
    for key in path.split("."):
        if not isinstance(node, dict) or key not in node:
            raise ConfigError(f"inferred.{path}: there is no such setting")
        node = node[key]
