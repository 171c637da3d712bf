"""What a run needs of its surroundings, tried before its first job."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from emmoe.store.errors import RunError

SCRATCH = 1 << 20  # bytes that the temporary folder must take
PATIENCE = 60.0  # seconds that Slurm may take to answer
SLURM = ("sbatch", "squeue", "scancel")


def quote_interpreter() -> None:
    """Make Snakemake start Python from any path: it puts the interpreter into the shell commands
    that run scripts and jobs as it stands (its issues 1546, 2645, 2981)."""
    sys.executable = shlex.quote(sys.executable)


def check_place() -> None:
    """Raise RunError if the path of the current folder, or of the sources, is not UTF-8: files that
    name it could not be written."""
    for folder in (Path.cwd(), Path(__file__)):
        try:
            str(folder).encode()
        except UnicodeEncodeError:
            shown = os.fsencode(folder).decode(errors="backslashreplace")
            raise RunError(f"{shown}: this path is not UTF-8: rename or move its folder") from None


def check_cores(cores: int | None) -> None:
    """Raise RunError if a run has no core. cores: None where a cluster counts them."""
    if cores is not None and cores < 1:
        raise RunError(f"--cores {cores}: nothing can run: give 1 or more, or all")


def check_means(executor: str) -> None:
    """Raise RunError if a run has no place for temporary files, or not the cluster that it is to
    use. executor: the name of Snakemake's plugin."""
    for variable in ("TMPDIR", "TEMP", "TMP"):
        if folder := os.environ.get(variable):
            _try_scratch(folder, f"{variable} (the folder for temporary files)")
    if executor == "slurm":
        _ask_slurm()
    _try_scratch(_temporary(), "the folder for temporary files")


def _ask_slurm() -> None:
    said = "no Slurm answers on this machine ({}): run it where one does, or without --profile"
    if lost := [name for name in SLURM if not shutil.which(name)]:
        raise RunError(said.format(f"{lost[0]} is not there"))
    try:
        subprocess.run(["squeue", "--me"], capture_output=True, check=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError):
        raise RunError(said.format("squeue fails")) from None


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        said = "no folder for temporary files can be written"
        raise RunError(f"{said}: set TMPDIR to one that can") from None


def _try_scratch(folder: str, what: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(bytes(SCRATCH))
    except OSError as error:
        said = f"{folder}: {what} takes no file ({os.strerror(error.errno)})"
        raise RunError(f"{said}: make room, or set TMPDIR to another folder") from None
