"""Summarise the traces of an experiment."""

from emmoe.jobs import steps as jobs
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.summary(list(snakemake.input), snakemake.output[0])
