"""Draw the truths and starts of a block."""

from emmoe.jobs import steps as jobs
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    jobs.draw(snakemake.params.task, snakemake.output[0])
