"""Run a contest."""

from pathlib import Path

from emmoe import jobs

known = snakemake.config["downloads"]
paths = [Path(path) for path in snakemake.input.get("downloads", [])]
files = {
    f"{path.parent.name}/{path.name}": (path, known[path.parent.name]["files"][path.name]["sha256"])
    for path in paths
}
with jobs.logged(snakemake.log[0]):
    jobs.contest(snakemake.params.task, snakemake.params.code, files, *snakemake.output)
