"""A sweep of 100 000 cells is planned within a gigabyte."""

import json
import subprocess
import sys

import numpy as np
import pytest
import yaml
from workflow_helpers import ROOT, environment

MEMORY = 1e9  # bytes, that planning may take
# Linux counts what a process held before exec too, so that a child of a large process that runs
# tests looks as large as that: a small process between them starts the command and asks.
MEASURE = """
import json, os, resource, subprocess, sys
out = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"code": out.returncode, "said": out.stdout, "memory": memory}))
"""
SWEEP = {
    "extends": "sweep_linear",
    "data": {
        "angle": [0, 30, 45, 60, 90],
        "norm_beta": [round(0.5 + 0.05 * i, 2) for i in range(100)],
        "norm_w": [round(0.25 + 0.04 * i, 2) for i in range(200)],
    },
    "replicates": 10,
    "replicates_per_block": 10,
    "cells_per_block": 200,
    "fitters": {"gradient_descent": {"replicates": None}},
}


@pytest.mark.slow
def test_planning_100_000_cells_takes_less_than_a_gigabyte(tmp_path):
    config = tmp_path / "large.yaml"
    results = {"results": str(tmp_path / "results"), "downloads": str(tmp_path / "downloads")}
    config.write_text(yaml.safe_dump({"folders": results, "experiments": {"large": SWEEP}}))
    target = f"{results['results']}/runs/large.parquet"
    plan = measured(
        [
            sys.executable,
            "-m",
            "snakemake",
            target,
            "-n",
            "-q",
            "rules",
            "--configfile",
            str(config),
        ]
    )
    assert plan["code"] == 0, plan["said"][-2000:]
    jobs = dict(
        line.split() for line in plan["said"].splitlines() if line.startswith(("fit ", "gather "))
    )
    assert jobs == {"fit": "1000", "gather": "1"}
    assert 1e8 < plan["memory"] <= MEMORY


def test_memory_is_that_of_the_command_not_of_the_process_that_asks():
    held = np.ones(25_000_000)  # 200 MB
    assert measured([sys.executable, "-c", "pass"])["memory"] < held.nbytes / 4


def measured(command):
    asked = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(asked.stdout)
