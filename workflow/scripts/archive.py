"""Write the archive of all results that are there."""

import sys

from emmoe.archive.file import write
from emmoe.jobs.base import layout_of
from emmoe.record import read
from emmoe.store.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    sources = snakemake.params.files, snakemake.params.overrides
    record, text = read.load(*sources), read.expanded(*sources)
    path = layout_of(record).archive
    print(f"{path}: SHA-256 {write(record, text, path)}", file=sys.stderr)
