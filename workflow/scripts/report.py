"""Build the report."""

from emmoe.report import build
from emmoe.told import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    build.write(snakemake.config, snakemake.output[0])
