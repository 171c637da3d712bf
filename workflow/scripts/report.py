"""Build the report."""

from emmoe.jobs.failures import logged
from emmoe.report import build

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    build.write(snakemake.config, snakemake.output[0])
