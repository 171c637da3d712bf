"""Run the jobs of a rule, one after the other."""

from emmoe.jobs.base import run_all
from emmoe.store.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    named = {name: list(paths) for name, paths in snakemake.input.items()}
    run_all(snakemake.params.work, named)
