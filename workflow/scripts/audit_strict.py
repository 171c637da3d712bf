"""Fail where a verdict is worse than in the reference."""

import sys
from pathlib import Path

from emmoe.audit.plan import NOT_COVERED
from emmoe.audit.strict import moved, worse
from emmoe.store.errors import DataError
from emmoe.store.failures import logged
from emmoe.store.files import read_frame

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    now, reference = snakemake.input.now, snakemake.params.reference
    if not Path(reference).is_file():
        raise DataError(f"{reference} is missing: nothing to compare with: run make reference")
    compared = read_frame(now), read_frame(reference), NOT_COVERED
    lines = worse(*compared)
    said = lines or ["no verdict is worse than in the reference"]
    print("\n".join([moved(*compared), *said]), file=sys.stderr)
    sys.exit(bool(lines))
