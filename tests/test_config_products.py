"""What `emmoe check` accepts can be made: products of changed entries, from results in memory.

A small config is run once, in this process; then its figures, tables, findings and probes are
changed at random, and those of the accepted ones are made. None may fail but for what only data
can tell.
"""

import copy
import os
import random
import warnings
from collections import Counter
from functools import cache

import pandas as pd
import pytest
import yaml
from test_config_random import DUMPER, TEXT, any_value, places
from workflow_helpers import ROOT

from emmoe.evidence.summary import gather, summarise
from emmoe.jobs.product import Product, batches
from emmoe.lab.columns import as_table, metrics
from emmoe.lab.contest import run_contest
from emmoe.lab.fit import fit_block
from emmoe.lab.probe import run_probe
from emmoe.record import plan, read
from emmoe.store.errors import ConfigError
from emmoe.store.layout import CLAIMS

TIMES = int(os.environ.get("EMMOE_CONFIGS", "1"))
CHANGES = 300 * TIMES  # of a part of the config
SECTIONS = ("figures", "tables", "findings", "probes")
MORE = yaml.safe_load("""
figures:
  two: {draw: figure_2, target: figures, reads: {summary: small}, curves: {em: EM}}
  agreement: {draw: rate_agreement, target: figures, reads: {runs: {a: grid}}, curves: {em: EM}}
  bounds: {draw: bounds, target: figures, reads: {runs: bounds}, curves: {em: EM}}
  floor: {draw: error_floor, target: figures, reads: {runs: floor}, curves: {em: EM}}
  conflict: {draw: curve_conflict, target: figures, reads: &conflict {trace: gate, runs: gate, reported: claims}}
  costs: {draw: cost_to_floor, target: figures, reads: {table: {costs: costs}}}
  spent: {draw: cost_curves, target: figures, reads: {seconds: {fair: fair}}, curves: {em: EM}, options: {targets: &targets {statistical: p/2n, numerical: 1.0e-8}}}
  profiles: {draw: profiles, target: figures, reads: {table: {fair: profile}}}
  images: {draw: figure_3, target: figures, reads: {summary: digits}, curves: {em: EM}}
tables:
  agreement: {draw: rate_agreement, target: figures, reads: {runs: {a: grid}}}
  certificate: {draw: certificate, target: figures, reads: {runs: {a: grid}}}
  minima: {draw: spurious_minima, target: figures, reads: {runs: {a: grid}}}
  costs: {draw: cost_to_floor, target: figures, reads: {trace: small, runs: small}, curves: {em: EM, gd: GD}}
  compared: {draw: comparison, target: figures, reads: {costs: {fair: fair}}, curves: {em: EM}, options: {targets: *targets, currencies: [passes, flops], em: em}}
  profile: {draw: profiles, target: figures, reads: {seconds: {fair: fair}}, curves: {em: EM}, options: {targets: *targets, currencies: [passes, cpu_seconds]}}
  conclusions: {draw: conclusions, target: figures, reads: {table: {fair: judged}}}
  judged: {draw: comparison_verdicts, target: figures, reads: {costs: {fair: fair}}, curves: {em: EM, gradient_descent: GD}, options: {targets: *targets, currencies: [iteration], em: [em], family: [], epochs: []}}
  stopped: {draw: stopped_early, target: figures, reads: {costs: {images: images}}, curves: {em: EM, gradient_descent: GD}}
  two: {draw: table_2, target: figures, reads: {summary: digits}, curves: {em: EM}}
  base: {draw: baselines, target: figures, reads: {probe: {baselines: base}, summary: digits}, curves: {em: EM}}
findings:
  f2: {find: f2_curves_disagree, target: figures, reads: *conflict}
  f3: {find: f3_step_sizes, target: figures, reads: {table: {costs: costs}}, options: {expected: {EM: 9, GD: 8}, passes: [GD]}}
  f4: {find: f4_cost_of_solved_em, target: figures, reads: {summary: {summary: digits, rivals: digits}}, options: {data: digits, reported_accuracy: null}}
  f5: {find: f5_baselines, target: figures, reads: {probe: {baselines: base}}, options: {data: the digits, expected: {oracle pair: 0.5}}}
  f8: {find: f8_one_pixel_tells, target: figures, reads: {probe: {inversion: inverted}}, options: {data: the digits}}
  f9: {find: f9_crossing, target: figures, reads: {trace: small, runs: small, reported: claims}}
probes:
  base: {measure: baselines, experiment: digits, options: {train_size: 200, iterations: 3}}
  inverted: {measure: inversion, experiment: digits, iterations: 2, fitters: {em: {algorithm: gradient_em, inner_steps: 2, step: 0.1}}, options: {fitter: em}}
contests:
  images:
    model: {name: logistic_experts, experts: 2, classes: 10}
    data: {name: random_invert_digits, test_size: 1300, validation_size: 100}
    start: {name: gaussian, variance: 0.01}
    replicates: {tuning: 1, comparison: 2}
    passes: 4
    targets: {level: {loss: 1.0}}
    rivals: {em: {algorithm: gradient_em, inner_steps: 1, step: 0.1}, gradient_descent: {algorithm: gradient_descent, step: 0.1, doublings: [0, 1]}}
experiments:
  bounds: {extends: small, data: {n: 400, norm_beta: 3.0, norm_w: 1.0, angle: 45}, replicates: 4, tolerance: 1.0e-10, analyses: [rates, bounds], iterations: 500}
  floor: {extends: small, data: {n: [60, 90], d: [2, 3]}, analyses: [rates], iterations: 100}
  gate: {extends: small, iterations: 62, analyses: [true_gate], fitters: {em: null, gd: null, gradient_descent: {algorithm: gradient_descent, step: 0.1}, fast_gate: {algorithm: gradient_descent, step: 0.2}}}
  digits:
    model: {name: logistic_experts, experts: 2, classes: 10}
    data: {name: random_invert_digits, test_size: 1500}
    start: {name: gaussian, variance: 0.01}
    replicates: 1
    replicates_per_block: 1
    iterations: 2
    fitters:
      em: {algorithm: gradient_em, inner_steps: 2, step: 0.1}
      gradient_descent: {algorithm: gradient_descent, step: 0.1}
      em_solved: {algorithm: em, m_step_tolerance: 0.1}
      lbfgs: {algorithm: lbfgs}
      nesterov: {algorithm: nesterov, step: 0.1}
""")  # noqa: E501
READ = {
    "table": ["tables"], "probe": ["probes"], "costs": ["contests"], "seconds": ["contests"],
    "summary": ["experiments"], "runs": ["experiments"], "trace": ["experiments"],
}  # fmt: skip
MADE: Counter[str] = Counter()


def laid(base, over):
    """Return mappings joined."""
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        base[key] = laid(base[key], value) if both else value
    return base


BASE = yaml.safe_load(yaml.dump(laid(yaml.safe_load(TEXT), MORE), Dumper=DUMPER))


class Results:
    """Tables of a record's experiments, contests and probes, made on demand, and its products'."""

    def __init__(self, record):
        self.record = record

    def table(self, read):
        """Return what a product reads."""
        if read.kind == "reported":
            return claims()
        if read.kind in ("costs", "seconds"):
            rows = contest(self.record.contests[read.name])
            return rows if read.kind == "seconds" else rows.drop(columns="cpu_seconds")
        if read.kind == "probe":
            return probe(self.record, read.name)
        if read.kind == "table":
            return self.product("tables", read.name)
        return gathered(self.record.experiments[read.name])[read.kind].copy()

    def product(self, kind, name):
        """Make a product as its job does; a figure is drawn as far as its texts."""
        entry = getattr(self.record, kind)[name]
        tables = {argument: self.table(own) for argument, own in entry.reads.items()}
        made = []

        class Given:
            def frame(self, argument):
                return tables[argument]

        outcome = Product.run(name, entry, Given())
        made.append(outcome)
        if kind == "tables":
            return pd.read_csv(_csv(outcome.contents["csv"]))
        return outcome


def _csv(write):
    from io import StringIO

    stream = StringIO()
    write(stream)
    stream.seek(0)
    return stream


@cache
def claims():
    return pd.read_csv(ROOT / CLAIMS)


KNOWN = {}


def kept(key, make):
    """Return what was made for an equal entry before, or make it."""
    text = repr(key)
    if text not in KNOWN:
        KNOWN[text] = make()
    return KNOWN[text]


def contest(entry):
    task = plan.contest_task(entry)
    return kept(task, lambda: run_contest(task, {}, lambda line: None))


def probe(record, name):
    task = plan.probe_task(record, name)
    return kept(task, lambda: run_probe(task, {}))


def gathered(own):
    return kept(own, lambda: _gathered(own))


def _gathered(own):
    blocks = [(f, b) for f in own.fitters for b in plan.blocks_of(own, f)]
    fits = [fit_block(plan.fit_task(own, [f], b), {}, lambda line: None) for f, b in blocks]
    trace = pd.concat([as_table("trace", own.name, fit.rows) for fit in fits], ignore_index=True)
    runs = pd.concat([as_table("runs", own.name, fit.runs) for fit in fits], ignore_index=True)
    table = gather(runs, pd.DataFrame(plan.facts(own)))
    return {"trace": trace, "runs": table, "summary": summarise(trace.copy(), metrics())}


def named(keys, node, last):
    """Return names that may stand where one does: of what is read, of fitters, or anything."""
    inner = [*keys, last]
    for kind, sections in READ.items():
        if "reads" in inner and kind in inner:
            return [name for own in sections for name in BASE[own]]
    if inner[-1] == "experiment":
        return list(BASE["experiments"])
    return ["em", "gd", "one", "gradient_descent", "a label", "random", "passes", "flops", "p/2n"]


def changed(rng, section):
    """Return the config with one to two changes of a section, and the entries that they touch."""
    content, touched = copy.deepcopy(BASE), set()
    for _ in range(rng.choice([1, 1, 2])):
        *keys, last = rng.choice([p for p in places(content[section]) if len(p) > 1])
        node = content[section]
        for key in keys:
            node = node[key]
        change = rng.choice(["set", "remove", "from another", "named", "named", "named"])
        if change == "remove":
            del node[last]
        elif change == "from another":
            other = rng.choice(list(content[section].values()))
            node[last] = copy.deepcopy(other.get(last, rng.choice(list(content["experiments"]))))
        elif change == "named" and isinstance(node[last], str):
            node[last] = rng.choice(named(keys, node, last))
        else:
            node[last] = any_value(rng, node[last])
        touched.add(keys[0] if keys else last)
    return content, touched


def affected(record, section, touched):
    """Yield the products that changed entries make or are read by."""
    for (_, _), jobs in batches(record).items():
        for job in jobs:
            entry = job.task
            read = {own.name for own in entry.reads.values()}
            own = section == job.folder and any(job.product.startswith(name) for name in touched)
            if own or (section in ("tables", "probes") and read & touched):
                yield job.folder, job.product


def make(content, section, touched):
    """Check a config and, if it is accepted, make what the changes touch."""
    try:
        record = read.check(content)
    except ConfigError:
        MADE[section, "refused"] += 1
        return
    MADE[section, "accepted"] += 1
    results = Results(record)
    for kind, name in affected(record, section, touched):
        results.product(kind, name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("section", SECTIONS)
def test_what_check_accepts_of_changed_products_is_made(section):
    rng = random.Random(section)
    failed = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(CHANGES):
            content, touched = changed(rng, section)
            try:
                make(copy.deepcopy(content), section, touched)
            except Exception as error:
                was = {name: content[section].get(name) for name in touched}
                failed.append(f"{number}: {type(error).__name__}: {error} of {was}")
    assert not failed, "\n".join(failed)
    assert MADE[section, "accepted"] > CHANGES // 20


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("section", ["figures", "tables", "findings"])
def test_what_is_changed_can_be_made_as_it_stands(section):
    record = read.check(copy.deepcopy(BASE))
    results = Results(record)
    for name in getattr(record, section):
        results.product(section, name)
