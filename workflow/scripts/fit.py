"""Run one fitter on one block."""

from pathlib import Path

from emmoe import jobs

known = snakemake.config["downloads"]
paths = [Path(path) for path in snakemake.input.get("downloads", [])]
files = {
    f"{path.parent.name}/{path.name}": (path, known[path.parent.name]["files"][path.name]["sha256"])
    for path in paths
}
names = {"experiment": snakemake.wildcards.experiment, "fitter": snakemake.wildcards.fitter}
with jobs.logged(snakemake.log[0], snakemake.resources.get("attempt", 1)):
    task, code = snakemake.params.task, snakemake.params.code
    jobs.fit(task, code, names, snakemake.input.draw, files, *snakemake.output)
