"""Build one table."""

from emmoe.jobs import steps as jobs
from emmoe.jobs.failures import logged

entry = snakemake.params.entry
inputs = {name: snakemake.input[name] for name in entry["inputs"]}
with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.table(entry, inputs, *snakemake.output)
