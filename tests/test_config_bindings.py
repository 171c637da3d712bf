"""What a product reads, and its options, are held to its function when the config is read."""

import inspect

import pytest
from msgspec.structs import replace
from workflow_helpers import ROOT

from emmoe.record import read, registry
from emmoe.record.check_options import hints_of, marks
from emmoe.record.check_probes import check_probe
from emmoe.record.check_products import check_order, check_product
from emmoe.record.entries import Read
from emmoe.record.reads import Reads
from emmoe.store.errors import ConfigError

RECORD = read.load(ROOT / "config.yaml")
PRODUCTS = {product.path: product for product in RECORD.products()}
NAMED = {
    "summary": "symmetric_linear", "runs": "symmetric_linear", "trace": "gate_step",
    "table": "rates", "probe": "fisher_linear", "costs": "fair_digits", "seconds": "fair_digits",
    "reported": "claims",
}  # fmt: skip


def refusal(entry):
    """Return the one line with which a product is refused."""
    with pytest.raises(ConfigError) as caught:
        check_product(RECORD, entry)
    message = str(caught.value)
    assert message.startswith(f"{entry.kind}.{entry.name}") and len(message.splitlines()) == 1
    return message


def parameters(entry):
    """Return the parameters of a product's function."""
    return inspect.signature(registry.function(entry.kind, entry.module)).parameters


@pytest.mark.parametrize("path", PRODUCTS)
def test_read_that_is_needed_cannot_be_dropped(path):
    entry = PRODUCTS[path]
    check_product(RECORD, entry)
    for argument in entry.reads:
        own = parameters(entry).get(argument)
        if own is not None and own.default is own.empty:
            rest = {name: kept for name, kept in entry.reads.items() if name != argument}
            assert f"needs '{argument}'" in refusal(replace(entry, reads=rest))


@pytest.mark.parametrize("path", PRODUCTS)
def test_read_of_another_kind_is_refused(path):
    entry = PRODUCTS[path]
    for argument, own in entry.reads.items():
        for kind, name in NAMED.items():
            if kind != own.kind and {kind, own.kind} != {"costs", "seconds"}:
                reads = entry.reads | {argument: Read(kind, name)}
                refusal(replace(entry, reads=reads))


@pytest.mark.parametrize("path", [path for path, own in PRODUCTS.items() if own.options])
def test_option_of_another_type_is_refused(path):
    entry = PRODUCTS[path]
    for option, value in entry.options.items():
        for wrong in (2, "many", [2], {"a": []}, [[]], True):
            if type(wrong) is not type(value) and not (option == "angle" and wrong == 2):
                refusal(replace(entry, options=entry.options | {option: wrong}))
        if option not in ("reported_accuracy", "expected", "model", "labels", "design"):
            refusal(replace(entry, options=entry.options | {option: None}))
    refusal(replace(entry, options=entry.options | {"currencie": 1}))


OPTIONS = [
    ("tables/fair_digits_passes", "currencies", [], "length >= 1"),
    ("tables/fair_digits_passes", "currencies", ["passes", "passes"], "stands twice"),
    ("tables/fair_digits_passes", "currencies", ["cpu_seconds"], "no cpu_seconds"),
    ("tables/fair_digits_passes", "currencies", ["pass"], "'pass'"),
    ("tables/fair_digits_passes", "em", "nesterof", "did you mean 'nesterov'"),
    ("tables/fair_digits_passes", "targets", {}, "length >= 1"),
    ("tables/fair_digits_passes", "targets", {"loss_low": 0.5}, "not tuned for it"),
    ("tables/fair_digits_verdicts", "em", ["emm"], "no rival 'emm'"),
    ("tables/fair_digits_verdicts", "family", ["gradient_descent"], "options.descent"),
    ("tables/fair_digits_verdicts", "descent", "gd", "no rival 'gd'"),
    ("figures/fair_digits", "targets", {"statistical": 0.5}, "not tuned for it"),
    ("figures/fair_digits", "em", ["emm"], "no rival 'emm'"),
    ("figures/profiles", "em", ["emm"], "no method 'emm'"),
    ("figures/snr_small", "angle", 30, "known are 45"),
    ("figures/snr_small", "angle", "randon", "'randon'"),
    ("figures/snr_small", "model", "symmetric", "known are symmetric_linear"),
    ("figures/snr_small", "n", 1, "known are 2000"),
    ("figures/snr_small", "shows", "speed", "'speed'"),
    ("findings/f3", "expected", {"EMM": 9}, "'EMM'"),
    ("findings/f3", "passes", ["EM "], "'EM '"),
    ("findings/f5", "expected", {"original": 0.8}, "expected"),
    ("findings/f4", "reported_accuracy", 78.5, "<= 1"),
]


@pytest.mark.parametrize(("path", "option", "value", "shown"), OPTIONS)
def test_option_that_nothing_can_be_made_of_is_refused(path, option, value, shown):
    entry = PRODUCTS[path]
    assert shown in refusal(replace(entry, options=entry.options | {option: value}))


READS = [
    ("figures/bounds", {"linear": Read("runs", "symmetric_linear")}, "analysis 'rates'"),
    ("figures/error_floor", {"runs": Read("runs", "sweep_linear_small")}, "only n and d may vary"),
    ("figures/figure_1", {"summary": Read("summary", "digits")}, "excess_loss_to_truth"),
    ("figures/figure_1", {"summary": Read("summary", "sweep_linear")}, "108 cells"),
    ("figures/figure_3", {"summary": Read("summary", "symmetric_linear")}, "'test_accuracy'"),
    ("figures/cost_to_floor", {"costs": Read("table", "rates")}, "'cost_to_floor'"),
    ("tables/fair_digits_accuracy", {"digits": Read("costs", "fair_linear_near")}, "validation"),
    ("findings/f2", {"trace": Read("trace", "digits")}, "no fitter 'fast_gate'"),
    ("findings/f6", {"runs": Read("runs", "bounds_linear")}, "random angles"),
    ("findings/f8", {"inversion": Read("probe", "baselines")}, "'inversion'"),
]


@pytest.mark.parametrize(("path", "reads", "shown"), READS)
def test_read_that_lacks_what_is_needed_is_refused(path, reads, shown):
    entry = replace(PRODUCTS[path], curves={})
    if path.startswith("figures/figure_"):
        (own,) = (one.name for one in reads.values())
        fitters = list(RECORD.experiments[own].fitters)
        entry = replace(entry, curves={fitters[0]: "One"})
    message = refusal(replace(entry, reads=entry.reads | reads))
    assert shown in message


LABELS = ["", " ", "a\nb", "x" * 101, "$\\nonsense{$", "$a_$ and $b$"]


@pytest.mark.parametrize("label", LABELS)
def test_label_that_cannot_be_shown_is_refused(label):
    refusal(replace(PRODUCTS["figures/figure_1"], curves={"em": label}))


@pytest.mark.parametrize("label", ["EM", "a $ b", r"$\beta_t$", "100 %", "é"])
def test_label_that_can_be_shown_is_accepted(label):
    check_product(RECORD, replace(PRODUCTS["figures/figure_1"], curves={"em": label}))


def test_label_of_two_fitters_is_refused():
    curves = {"em": "EM", "gradient_em": "EM"}
    assert "stands for two" in refusal(replace(PRODUCTS["figures/figure_1"], curves=curves))


def test_tables_made_of_each_other_are_refused():
    pair = {"a": "b", "b": "a"}
    base = RECORD.tables["rates"]
    tables = {n: replace(base, reads={"table": Read("table", of)}) for n, of in pair.items()}
    with pytest.raises(ConfigError, match=r"^tables\.[ab]\.reads: a cycle"):
        check_order(replace(RECORD, tables=tables))


PROBES = [
    ("baselines", {"options": {"train_size": 5, "iterations": 3}}, "at least 100"),
    ("baselines", {"options": {"train_size": 500, "iterations": 0}}, "at least 1"),
    ("baselines", {"options": {"train_size": "all", "iterations": 3}}, "'all'"),
    ("baselines", {"options": {"iterations": 3}}, "needs 'train_size'"),
    ("baselines", {"experiment": "symmetric_linear"}, "looks at"),
    ("inversion", {"experiment": "symmetric_linear"}, "needs"),
    ("fisher_linear", {"options": {"one": "one", "two": "too", "reference": "one"}}, "'too'"),
    ("fisher_linear", {"options": {"one": 1, "two": "two", "reference": "one"}}, "got 1"),
]


@pytest.mark.parametrize(("name", "changes", "shown"), PROBES)
def test_probe_that_cannot_be_measured_is_refused(name, changes, shown):
    entry = replace(RECORD.probes[name], **changes)
    with pytest.raises(ConfigError) as caught:
        check_probe(RECORD, f"probes.{name}", entry)
    assert shown in str(caught.value) and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("kind", ["figures", "tables", "findings"])
def test_every_table_that_a_module_takes_is_described(kind):
    for name in registry.functions(kind):
        function = registry.function(kind, name)
        for argument, own in inspect.signature(function).parameters.items():
            described = any(isinstance(m, Reads) for m in marks(hints_of(function)[argument]))
            is_table = "DataFrame" in str(own.annotation) or own.kind is own.VAR_KEYWORD
            assert described == is_table, f"{kind}/{name}: {argument}"
