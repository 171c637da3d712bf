"""A job as plain data: what its process is told, demands, says and hands back."""

import os
import sys
from typing import Any

from msgspec import Struct

from emmoe.store.progress import LINES


class Demand(Struct, frozen=True):
    """What to ask a cluster for: megabytes of memory and minutes; one core a job."""

    mem_mb: int = 1000
    runtime: int = 10


# Contests, probes, parts of the calibration: the longest takes half an hour and 1 000 MB.
LONG = Demand(4000, 180)


class Work(Struct, frozen=True):
    """A job as plain data: what its process needs beside its inputs.

    checksums: SHA-256 that files from outside must have, by path."""

    kind: str
    name: str
    task: Any
    code: str
    modules: list[str]
    outputs: dict[str, str]
    results: str
    inputs: dict[str, list[str]] = {}
    checksums: dict[str, str] = {}


class Outcome(Struct, frozen=True):
    """Contents by output, and what the provenance is to hold beside the usual."""

    contents: dict[str, Any]
    notes: dict[str, Any] = {}


def say(line: str) -> None:
    """Tell the progress of a job, on the terminal or in the file that `LINES` names."""
    if path := os.environ.get(LINES):
        with open(path, "a", encoding="utf-8") as file:
            print(line, file=file)
    else:
        print(line, file=sys.stderr, flush=True)
