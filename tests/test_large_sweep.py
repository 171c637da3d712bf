"""A sweep of 100 000 cells is planned within a gigabyte."""

import os
import subprocess
import sys

import pytest
import yaml
from workflow_helpers import ROOT, environment

MEMORY = 1e9  # bytes, that planning may take
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
    config, out = tmp_path / "large.yaml", tmp_path / "out"
    results = {"results": str(tmp_path / "results"), "downloads": str(tmp_path / "downloads")}
    config.write_text(yaml.safe_dump({"folders": results, "experiments": {"large": SWEEP}}))
    target = f"{results['results']}/runs/large.parquet"
    command = [sys.executable, "-m", "snakemake", target, "-n", "-q", "rules"]
    with out.open("w") as file:
        process = subprocess.Popen(
            [*command, "--configfile", str(config)],
            cwd=ROOT,
            env=environment(),
            stdout=file,
            stderr=file,
        )
        _, status, used = os.wait4(process.pid, 0)
    said = out.read_text()
    assert os.waitstatus_to_exitcode(status) == 0, said[-2000:]
    jobs = dict(line.split() for line in said.splitlines() if line.startswith(("fit ", "gather ")))
    assert jobs == {"fit": "1000", "gather": "1"}
    assert used.ru_maxrss * 1024 <= MEMORY
