"""Fetch one file of a data set."""

from pathlib import Path

from emmoe.store.download import fetch
from emmoe.store.failures import logged

with logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    fetch(
        f"{snakemake.wildcards.dataset}/{snakemake.wildcards.file}",
        snakemake.params.sources,
        snakemake.params.checksum["sha256"],
        Path(snakemake.output[0]),
        size=snakemake.params.checksum["size"],
    )
