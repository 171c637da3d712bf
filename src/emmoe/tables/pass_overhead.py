"""What a data pass costs with an algorithm around it, beside the bare one: of every rival.

CPU seconds measure implementations: a rival whose passes cost several bare ones is slow by its
bookkeeping, small arrays and interpreter, not by what it computes. FLOPs a pass tell the two apart.

:section: rivals
:title: What a data pass costs: {name}
:caption: CPU microseconds of a run over its data passes, beside those of a bare loss with its
    gradient. An overhead far above 1 is an implementation's, where the operations a pass are no
    more.
"""

import pandas as pd

from emmoe.evidence.reach import PROBLEM, joined
from emmoe.record.reads import Curves, Timed

COLUMNS = [
    "contest", "cell", "rival", "label", "runs", "bare_us", "pass_us", "lower_us", "upper_us",
    "overhead", "pass_kflop",
]  # fmt: skip


def build(*, curves: Curves, **contests: Timed) -> pd.DataFrame:
    """Return COLUMNS, one row a problem and rival of curves, over all of the comparison's runs.

    bare_us: CPU microseconds of a loss with its gradient, the median of the samples'; pass_us,
    lower_us, upper_us: those of a run over its data passes, median and quartiles; overhead: the
    median of their quotients, 1 where a rival costs no more than its passes; pass_kflop: thousands
    of operations counted for a pass."""
    rows = joined(contests)
    ends = rows[rows["phase"] == "comparison"].drop_duplicates("run", keep="last")
    ends = ends[ends["passes"] > 0]
    spent = 1e6 * ends["cpu_seconds"] / ends["passes"]
    bare = 1e6 * ends["pass_seconds"]
    kflop = 1e-3 * ends["flops"] / ends["passes"]
    ends = ends.assign(pass_us=spent, bare_us=bare, overhead=spent / bare, pass_kflop=kflop)
    groups = ends.groupby([*PROBLEM, "rival"], sort=False)
    table = groups[["bare_us", "pass_us", "overhead", "pass_kflop"]].median()
    table["runs"] = groups.size()
    for name, share in {"lower_us": 0.25, "upper_us": 0.75}.items():
        table[name] = groups["pass_us"].quantile(share)
    table = table.reset_index()
    return table.assign(label=table["rival"].map(curves)).dropna(subset="label")[COLUMNS]
