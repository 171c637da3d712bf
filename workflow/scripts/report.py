"""Build the report."""

from emmoe import jobs
from emmoe.report import build

with jobs.logged(snakemake.log[0]):
    build.write(snakemake.config, snakemake.output[0])
