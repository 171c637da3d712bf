"""The abstract's claims on EM follow from its runs, and fail where these do not bear them out."""

import numpy as np
import pytest
from sweep_helpers import plane

from emmoe.audit import theory
from emmoe.audit.verdicts import Verdict


def runs(**columns):
    """Runs of both models over a small plane, EM's columns changed; the linear ones have bounds."""
    linear = plane("symmetric_linear", [1.0, 2.0], [1.0, 4.0], success=1.0)
    logistic = plane("symmetric_logistic", [3.0, 6.0], [4.0, 8.0], success=1.0)
    linear["bound_alpha"] = [[0.5] * 6] * len(linear)
    linear["bound_lambda"] = [[0.5] * 6] * len(linear)
    bregman = [0.4**t for t in range(6)]
    linear["bound_bregman"], linear["bound_gap"] = [bregman] * len(linear), [bregman] * len(linear)
    tables = {"linear": linear, "logistic": logistic}
    for table in tables.values():
        table["gradient_norm"], table["curve_gap"] = 1e-12, 1e-6
        for name, value in columns.items():
            if name in table:
                table[name] = [value] * len(table)
    return tables


@pytest.mark.parametrize("extra", [0.0, 1.5])
def test_a_change_of_slope_beyond_its_power_flips_the_verdict_on_rates(monkeypatch, extra):
    """extra: added to the rates' slope in log |beta*|, so that both verdicts are met."""
    build, tables = theory.rates.build, runs()

    def tilted(by):
        def built(**own):
            table = build(**own)
            rho = table["rho_population"] * table["norm_beta"] ** by
            return table.assign(rho_population=rho / 10)

        monkeypatch.setattr(theory.rates, "build", built)
        return theory.signal_to_noise(tables)

    found = tilted(extra)
    sign = 1 if found.verdict is Verdict.REPRODUCED else -1
    assert found.flips > 0
    assert tilted(extra + 0.99 * sign * found.flips).verdict is found.verdict
    assert tilted(extra + 1.01 * sign * found.flips).verdict is not found.verdict


def verdict(name, tables):
    return theory.CLAIMS[name](tables)


@pytest.mark.parametrize("name", theory.CLAIMS)
def test_claims_are_reproduced_by_runs_that_bear_them_out(name):
    finding = verdict(name, runs())
    assert finding.verdict == Verdict.REPRODUCED, finding.reason


@pytest.mark.parametrize(
    ("column", "value"),
    [("mirror_residual", 1e-6), ("mirror_residual", np.nan), ("control_half_step", 1e-12)],
)
def test_mirror_descent_needs_every_step_to_pass_and_every_control_to_fail(column, value):
    assert (
        verdict("abstract_1_mirror_descent", runs(**{column: value})).verdict
        == Verdict.INCONSISTENT
    )


def test_mirror_descent_is_claimed_of_both_models():
    tables = {"linear": runs()["linear"]}
    assert verdict("abstract_1_mirror_descent", tables).verdict == Verdict.INCONSISTENT


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("gradient_norm", 1e-3),  # it ends away from a stationary point
        ("bound_bregman", [1.0, 0.6, 0.36, 0.216, 0.1, 0.05]),  # above (1 - alpha)^t
        ("bound_gap", [1.0, 2.0, 0.1, 0.1, 0.1, 0.1]),  # above D_0 / t
        ("curve_gap", 1e-2),  # errors that M does not predict
    ],
)
def test_convergence_fails_with_any_of_its_parts(column, value):
    assert (
        verdict("abstract_2_convergence", runs(**{column: value})).verdict == Verdict.INCONSISTENT
    )


def test_a_bound_is_not_held_against_runs_where_its_hypothesis_fails():
    tables = runs(bound_alpha=[-0.5] * 6, bound_gap=[9.0] * 6)
    finding = verdict("abstract_2_convergence", tables)
    assert finding.verdict == Verdict.NOT_DETERMINABLE and "0 of the 0 cases" in finding.reason


@pytest.mark.parametrize("status", ["max_iterations", "separable"])
def test_a_run_on_its_way_is_no_run_that_ends_elsewhere(status):
    tables = runs(gradient_norm=1e-3, status=status)
    assert verdict("abstract_2_convergence", tables).verdict == Verdict.REPRODUCED


def test_signal_to_noise_fails_where_the_rate_does_not_fall():
    tables = runs()
    swap = {1.0: 2.0, 2.0: 1.0}
    finding = verdict("abstract_3_signal_to_noise", tables)
    assert finding.verdict == Verdict.REPRODUCED and 0.5 < finding.number < 1
    assert "falls with |beta*| in 4 of 4 rows" in finding.reason
    assert "slower in 2 of 4" in finding.reason  # for two linear experts, not for logistic ones
    only = {"linear": tables["linear"].assign(norm_beta=tables["linear"]["norm_beta"].map(swap))}
    assert verdict("abstract_3_signal_to_noise", only).verdict == Verdict.INCONSISTENT  # of one
