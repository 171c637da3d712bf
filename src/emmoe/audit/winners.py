"""Which searched settings are to be simulated anew, before anything is called reproduced."""

from collections.abc import Mapping

import pandas as pd

from emmoe.audit import claims as judging
from emmoe.audit.calibration import calibration
from emmoe.audit.groups import group
from emmoe.audit.parts import parts
from emmoe.calibration.family import Family
from emmoe.calibration.readings import HELD_OUT
from emmoe.evidence import reported


def to_confirm(
    claims: pd.DataFrame,
    settings: pd.DataFrame,
    scores: pd.DataFrame,
    predictions: pd.DataFrame,
    families: Mapping[str, Family],
    algorithm: str,
) -> list[str]:
    """Return the settings of an algorithm that decide: the winner of each group, and the closest to
    each pair of curves that no searched setting gives both."""
    table = reported.load(claims)
    found = parts(table, families)
    level = next(iter(families.values())).level
    searched = calibration(settings, scores, predictions, None, found, level)
    names = []
    for model in dict.fromkeys(part.model for part in found.values()):
        mine = {key: part for key, part in found.items() if part.model == model}
        own = group(model, mine, searched, {}, level)
        if algorithm not in own.candidates:
            continue
        names.append(own.winner(algorithm))
        for pair in judging.pairs(table):
            parts_of = [mine.get((curve, HELD_OUT)) for curve in pair]
            if all(part is not None and part.algorithm == algorithm for part in parts_of):
                facts = own.pair(pair, algorithm)
                names += [facts.closest] if facts.times > 1 else []
    return list(dict.fromkeys(filter(None, names)))
