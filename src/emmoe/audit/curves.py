"""Judges the parts of curves, and pairs of curves that one setting should give."""

from collections.abc import Mapping
from typing import NamedTuple

from emmoe.audit import calibration as searched
from emmoe.audit import verdicts
from emmoe.audit.calibration import OURS, Calibration
from emmoe.audit.parts import Part, Parts, Setup, test
from emmoe.audit.runs import Run, Runs, at
from emmoe.audit.verdicts import CONTRADICTORY, NOT_TESTED, Finding, Search, Trial
from emmoe.calibration.readings import CALIBRATION
from emmoe.calibration.spreads import furthest
from emmoe.evidence.statistics import CurveTest


class Tested(NamedTuple):
    """The test of a run's means, and the largest factor between its standard deviations and the
    reported ones."""

    means: CurveTest
    spread: float


class Judged(NamedTuple):
    """A part's finding, the test of our run (None without one), how the searched settings fare
    (None without a calibration), and the further settings of ours that were tried."""

    part: Part
    finding: Finding
    ours: Tested | None
    search: Search | None
    tries: list[Trial]


JudgedParts = dict[tuple[str, str], Judged]
Pair = tuple[str, str]  # of curve_ids


def judge(
    parts: Parts,
    runs: Runs,
    calibration: Calibration | None,
    fitted_to_all: Mapping[str, bool],
    setup: Setup,
) -> JudgedParts:
    """Return every part judged.

    fitted_to_all: by model, whether our run's settings were fitted to held-out readings too."""
    found = {}
    for key, part in parts.items():
        run = (part.model, part.algorithm)
        ours = _test(part, run, runs, setup)
        named = runs.tries.get(run, {})
        more = {name: _test(part, (part.model, name), runs, setup) for name in named}
        tries = [_trial(name, test) for name, test in more.items() if test]
        search = None if calibration is None else searched.search(calibration, part, setup.level)
        if ours is None:
            finding = Finding(NOT_TESTED, runs.why_not(run))
        elif search is None:
            finding = Finding(NOT_TESTED, f"no calibration of {part.predicted_as}")
        else:
            search = search.with_tries(tries, named)
            finding = _finding(part, _trial(OURS, ours), search, fitted_to_all[part.model])
        found[key] = Judged(part, finding, ours, search, tries)
    return found


def _test(part: Part, run: Run, runs: Runs, setup: Setup) -> Tested | None:
    values = at(runs.values(run, part.metric), part.readings["iteration"]).to_numpy()
    if len(values) < 2:
        return None
    reported = (part.readings[name] for name in ("spread", "uncertainty"))
    return Tested(test(part, values, setup), furthest(values.std(axis=0, ddof=1), *reported))


def _trial(name: str, tested: Tested) -> Trial:
    return Trial(name, tested.means.statistic, tested.means.critical, tested.spread)


def _finding(part: Part, ours: Trial, search: Search, saw_it: bool) -> Finding:
    if part.part == CALIBRATION:
        return verdicts.of_calibration(ours, search)
    return verdicts.of_held_out(ours, search, ours_saw_it=saw_it)


def of_pair(pair: Pair, judged: JudgedParts, calibration: Calibration | None) -> Finding:
    """Return the finding on two curves of the same runs, from all settings and from our run."""
    own = [[j for (curve, _), j in judged.items() if curve == name] for name in pair]
    for parts in own:
        lost = next((j.finding for j in parts if j.finding.verdict == NOT_TESTED), None)
        if lost or not parts:
            return lost or Finding(NOT_TESTED, f"no readings of {' or of '.join(pair)}")
    ratios = []
    for name, parts in zip(pair, own, strict=True):
        own = searched.ratios(calibration, name)
        for trial in (t for j in parts for t in (_trial(OURS, j.ours), *j.tries)):
            own[trial.setting] = max(trial.ratio, own.get(trial.setting, 0.0))
        ratios.append(own)
    return verdicts.of_pair(*ratios, pair)


def contradicted(judged: JudgedParts, pairs: Mapping[Pair, Finding]) -> JudgedParts:
    """Return the parts with the verdict of a pair that contradicts itself on both its curves."""
    found = dict(judged)
    for pair, finding in pairs.items():
        if finding.verdict == CONTRADICTORY:
            for key in found:
                if key[0] in pair:
                    found[key] = found[key]._replace(finding=finding)
    return found
