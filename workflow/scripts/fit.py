"""Run one fitter on one block."""

from emmoe.jobs import steps as jobs
from emmoe.jobs.failures import logged

names = {"experiment": snakemake.wildcards.experiment, "fitter": snakemake.wildcards.fitter}
files = jobs.verified(snakemake.config, snakemake.input.get("downloads", []))
with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    task, code = snakemake.params.task, snakemake.params.code
    jobs.fit(task, code, names, snakemake.input.draw, files, *snakemake.output)
