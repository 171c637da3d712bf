"""A small finished run, its archive, and ways to change one by hand."""

import copy
import json
import shutil
import zipfile
from hashlib import sha256

import yaml

from emmoe import __main__ as cli
from emmoe.archive import file
from emmoe.archive.reader import SUMS
from emmoe.jobs.audit import Audit
from emmoe.jobs.base import execute
from emmoe.jobs.fit import Fit
from emmoe.jobs.gather import Gather
from emmoe.jobs.probe import Probe
from emmoe.jobs.product import Product
from emmoe.record import read
from emmoe.store.provenance import SEAL

TRACE = "results/traces/small/em/d2-n40-anglerandom-norm_beta2-norm_w2.r000-000.parquet"
SIDECAR = TRACE.replace(".parquet", ".provenance.json")
FIGURE = "results/figures/figure_2"
EXPERIMENT = {
    "model": {"name": "symmetric_linear"},
    "data": {"name": "synthetic", "n": 40, "d": 2, "norm_beta": 2, "norm_w": 2, "angle": "random"},
    "start": {"name": "random_direction", "norm": 1.0},
    "replicates": 2,
    "replicates_per_block": 1,
    "iterations": 3,
    "fitters": {"em": {"algorithm": "em"}, "gd": {"algorithm": "gradient_descent", "step": 0.1}},
}


def settings(results):
    """The settings of one small experiment and a figure of it."""
    curves = {"em": "EM", "gd": "GD"}
    figure = {"draw": "figure_2", "target": "figures", "reads": {"summary": "small"}}
    return {
        "folders": {"results": str(results), "downloads": "data/downloads"},
        "seed": 5,
        "experiments": {"small": EXPERIMENT},
        "figures": {"figure_2": figure | {"curves": curves}},
        "tables": {},
    }


def rich(results):
    """The settings with one of each kind of product, a probe, and what an audit is made of."""
    content = copy.deepcopy(settings(results))
    content["experiments"]["small"] |= {"analyses": ["certificate"]}
    one, two = ({"algorithm": "gradient_em", "inner_steps": k, "step": 0.5} for k in (1, 2))
    descent = {"algorithm": "gradient_descent", "step": 0.5}
    fitters = {"gradient_descent": descent, "one": one, "two": two}
    probe = {"measure": "fisher", "experiment": "small", "iterations": 3, "fitters": fitters}
    probe["options"] = {"one": "one", "two": "two", "reference": "gradient_descent"}
    finding = {"find": "f1_gradient_em_is_gd", "target": "figures"}
    finding["reads"] = {"probe": {"linear": "fisher", "images": "fisher"}}
    table = {"draw": "certificate", "target": "figures", "reads": {"runs": {"small": "small"}}}
    return content | {
        "probes": {"fisher": probe},
        "findings": {"f1": finding},
        "tables": {"certificate": table},
    }


def make(content, audit=True):
    """Run all of a record but its report, and its audit of the figures if that is asked for."""
    record = read.check(content)
    jobs = [job for kind in (Fit, Probe, Gather, Product) for job in kind.every(record)]
    for job in jobs + ([Audit(record, "figures")] if audit else []):
        execute(job.work, job.inputs)


def write(content, path):
    """Write the archive of a config's results."""
    return file.write(read.check(content), yaml.safe_dump(content), path)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, content, entries=()):
    """Write an archive by hand."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (*content.items(), *entries):
            archive.writestr(name, data)


def corrected(content, keep=()):
    """Return an archive's files with checksums in all provenance, but for those to keep, and in the
    manifest made to fit whatever is in them: what a careful forger does."""
    content = dict(content)
    for name in [n for n in content if n.endswith("provenance.json") and n not in keep]:
        record = json.loads(content[name])
        for hashes in (record["outputs"], record["inputs"]):
            for inside in hashes.keys() & {own.removeprefix("results/") for own in content}:
                hashes[inside] = sha256(content[f"results/{inside}"]).hexdigest()
        content[name] = sealed(record)
    return listed(content)


def sealed(record):
    """Return a provenance file with its seal made to fit, if it can have one."""
    if not isinstance(record, dict) or not record:
        return unsealed(record)
    body = unsealed({k: v for k, v in record.items() if k != "seal"}).removesuffix(b"\n}\n")
    return body + SEAL % sha256(body).hexdigest().encode()


def unsealed(record):
    """Return what JSON can hold as a file."""
    return (json.dumps(record, indent=1) + "\n").encode(errors="surrogatepass")


def listed(content):
    """Return an archive's files with a manifest of them."""
    names = sorted(set(content) - {SUMS})
    lines = [f"{sha256(content[name]).hexdigest()}  {name}\n" for name in names]
    return content | {SUMS: "".join(lines).encode()}


def changed(content, name, *path, value):
    """Return an archive's files, listed, with one value of a JSON file replaced."""
    document = json.loads(content[name])
    *keys, last = path
    node = document
    for key in keys:
        node = node[key]
    node[last] = value
    return listed(content | {name: sealed(document)})


def verify(path, *options, capsys):
    """Return the lines of `emmoe verify` and how it ended: None, or its error."""
    error = None
    try:
        cli.main(["verify", str(path), *options])
    except SystemExit as end:
        error = end.code
    return capsys.readouterr().out.splitlines(), error


def copied(finished, folder):
    """Copy a run into folder/results; return the settings that name them."""
    shutil.copytree(finished["folders"]["results"], folder / "results")
    return settings(folder / "results")
