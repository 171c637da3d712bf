"""Another processor's BLAS rounds otherwise: the verdicts and their texts are the same."""

import subprocess
import sys

import pytest
from workflow_helpers import ROOT, environment

SCRIPT = """
from audit_helpers import calibration, runs, sources
from emmoe.audit.build import build

lost = ("figure_1a_gradient_descent", "held_out")
outcomes = {"good": {lost: "fails"}, "other": {"held_out": 2.0}}
found = build(sources(calibration=calibration(outcomes), ours=runs(offset=0.5)))
for table in (found.rows, found.curves, found.runs):
    print(table[["verdict", "reason"]].to_csv())
"""


@pytest.mark.slow
def test_verdicts_and_texts_are_the_same_with_two_kernels():
    outputs = set()
    for kernel in ("Haswell", "Nehalem"):
        env = environment() | {"OPENBLAS_CORETYPE": kernel, "PYTHONPATH": "src:tests"}
        process = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=ROOT, env=env, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        outputs.add(process.stdout)
    (same,) = outputs
    assert same.count("reproduced") > 50
