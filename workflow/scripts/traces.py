"""Gather the traces of an experiment."""

from emmoe import jobs

with jobs.logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.gather_traces(list(snakemake.input), snakemake.output[0])
