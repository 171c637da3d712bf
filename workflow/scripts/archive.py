"""Write the archive of all results that are there."""

import sys

from emmoe.archive import file
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    sha256 = file.write(snakemake.config, snakemake.params.path)
    print(f"{snakemake.params.path}: SHA-256 {sha256}", file=sys.stderr)
