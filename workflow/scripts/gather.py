"""Gather the runs of an experiment."""

from emmoe import jobs
from emmoe.told import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.gather_runs(list(snakemake.input), snakemake.params.facts, snakemake.output[0])
