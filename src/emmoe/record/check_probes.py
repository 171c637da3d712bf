"""Checks probes: their experiment is one that they can look at, and their options are there."""

from emmoe.record import components, registry
from emmoe.record.cells import grid
from emmoe.record.check_fitters import check_fitter, check_needs
from emmoe.record.check_options import check_call
from emmoe.record.entries import Experiment, Probe, Record
from emmoe.record.registry import check_known
from emmoe.store.errors import ConfigError

INVERTED = ("random_invert_digits", "random_invert_fashion_mnist")
IMAGES = 100  # fewer may lack a class, which no classifier learns then


def check_probe(record: Record, where: str, probe: Probe) -> None:
    """Check a probe's module, experiment, fitters, and that what it measures has its options."""
    check_known(f"{where}.measure", "probe", probe.measure, registry.functions("probes"))
    check_known(f"{where}.experiment", "experiment", probe.experiment, record.experiments)
    experiment = record.experiments[probe.experiment]
    model = components.build_model(experiment.model)
    check_needs(f"{where}.measure", probe.measure, registry.needs("probes", probe.measure), model)
    blocks = model.blocks(components.build_dataset(grid(experiment).first().data).shape)
    for name, own in probe.fitters.items():
        check_fitter(f"{where}.fitters.{name}", own, model, blocks)
    measure = registry.function("probes", probe.measure)
    check_call(where, measure, {"scene": None}, probe.options)
    _check_made_of(where, probe, experiment)
    for option, value in probe.options.items():
        if isinstance(value, int) and value < 1:  # its only whole numbers are counts
            raise ConfigError(f"{where}.options.{option}: must be at least 1, got {value}")
        if isinstance(value, str):  # a probe's only texts are names of its fitters
            check_known(f"{where}.options.{option}", "fitter", value, probe.fitters)


def _check_made_of(where: str, probe: Probe, experiment: Experiment) -> None:
    """Check what the probes of Random Invert look at, beyond what they need of the model."""
    if probe.measure not in ("baselines", "inversion"):
        return
    data, place = experiment.data.name, f"{where}.experiment"
    if data not in INVERTED:
        said = f"{probe.measure} looks at {' or '.join(INVERTED)}, {experiment.name} has {data}"
        raise ConfigError(f"{place}: {said}")
    if probe.measure == "inversion" and experiment.model.settings.get("experts", 2) != 2:
        raise ConfigError(f"{place}: inversion looks at two experts, {experiment.name} has others")
    if probe.measure == "baselines" and probe.options["train_size"] < IMAGES:
        raise ConfigError(f"{where}.options.train_size: must be at least {IMAGES}, for every class")
