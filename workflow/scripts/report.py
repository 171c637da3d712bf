"""Build the report."""

from emmoe import jobs
from emmoe.report import build

with jobs.logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    build.write(snakemake.config, snakemake.output[0])
