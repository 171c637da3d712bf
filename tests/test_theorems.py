"""The theorems as printed: what a run violates is found, and what holds is not called proved."""

import numpy as np
import pandas as pd
import pytest

from emmoe.audit import theorems
from emmoe.audit.theorems import Case, Path, run
from emmoe.models.symmetric_linear import SymmetricLinear
from emmoe.theory.bounds import Trace

PRINTED, MENDED, OURS = (theorems.STATEMENTS[at].excess for at in (3, 4, 5))


def path(gap, bregman, alpha):
    gap, bregman = np.array(gap), np.array(bregman)
    return Path(Trace(gap, bregman, np.full(len(gap), alpha), np.zeros(len(gap))))


def test_the_linear_rate_as_printed_fails_before_any_step():
    """At T = 1 it says that the start's gap is at most (1 - alpha) times itself."""
    own = path([1.0, 0.25], [2.0, 0.5], alpha=0.5)
    assert PRINTED(own) == pytest.approx(np.log(2))
    assert MENDED(own) == pytest.approx(np.log(0.5))  # 0.25 against (1 - 0.5) 1
    assert OURS(own) == pytest.approx(np.log(0.5))


def test_a_gap_that_falls_too_slowly_violates_the_mended_form_too():
    assert MENDED(path([1.0, 0.75], [2.0, 0.5], alpha=0.5)) == pytest.approx(np.log(1.5))


def test_without_its_hypothesis_nothing_is_held_against_a_statement():
    assert MENDED(path([1.0, 9.0], [1.0, 1.0], alpha=-0.1)) is None
    assert all(s.excess(path([1.0, 9.0], [1.0, 1.0], -0.1)) is None for s in theorems.STATEMENTS)


def test_the_paths_of_the_search_are_em_s_with_its_own_divergences():
    rng = np.random.default_rng(3)
    found = run(Case(SymmetricLinear, (8, 1), rng.standard_normal(8 + 8 + 2)))
    assert (np.diff(found.trace.gap) <= 1e-12).all()  # EM never climbs
    decrease = found.trace.gap[:-1] - found.trace.gap[1:]
    steps = found.steps[: len(decrease)]
    assert (steps <= decrease + 1e-10).all() and (steps >= -1e-12).all()  # of the proof of (1)


def test_table_says_no_violation_in_so_many_trials_and_never_proved(monkeypatch):
    for name, value in {"TRIALS": 12, "POLISHED": 1, "POLISHING": 5}.items():
        monkeypatch.setattr(theorems, name, value)
    found = theorems.table("results/runs/x.parquet is missing: run make figures", 5)
    assert list(found.columns) == theorems.COLUMNS and len(found) == 2 * len(theorems.STATEMENTS)
    of_runs = found[found["tried_on"] == "runs"]["verdict"]
    assert (of_runs == "not tested: results/runs/x.parquet is missing: run make figures").all()
    of_search = found[found["tried_on"] != "runs"].set_index(["statement", "form"])
    printed = of_search.loc[("Theorem 4.2 (3)", "as printed")]
    assert printed["violations"] == printed["trials"] > 0
    ours = of_search.loc[("Theorem 4.2 (3)", "ours: divergence, T - 1")]
    assert ours["verdict"] == f"no violation in {ours['trials']:.0f} trials"


def test_runs_on_record_are_tried():
    lists = {"bound_gap": [1.0, 0.2], "bound_bregman": [2.0, 0.4], "bound_alpha": [0.5, 0.5]}
    row = lists | {"bound_lambda": [0.5, 0.5], "fitter": "em", "outcome": "optimum"}
    frame = pd.DataFrame([row, row | {"outcome": "capped"}])
    assert len(list(theorems._of_runs({"a": frame, "b": pd.DataFrame({"x": [1]})}))) == 1
