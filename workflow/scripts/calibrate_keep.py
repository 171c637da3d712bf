"""Keep some of the accepted data settings."""

from emmoe.calibration import jobs
from emmoe.jobs.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    points, kept = snakemake.params.points, snakemake.params.kept
    jobs.select(points, list(snakemake.input), kept, snakemake.output[0])
