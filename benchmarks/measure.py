"""CPU seconds of calls in turn, and by how much each raises the resident memory."""

import gc
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PROCESS = Path("/proc/self")


class Timing(NamedTuple):
    """seconds: CPU, one a round, of all threads; memory: MB of the highest peak above what was
    resident before the call, so without its inputs (NaN where the system does not tell);
    returned: what the calls returned."""

    seconds: np.ndarray
    memory: float = np.nan
    returned: tuple = ()


def resident(which: str = "VmRSS") -> float:
    """Return this process's resident memory in MB, now or at its peak (VmHWM); NaN if unknown.

    Not from getrusage: a process starts there with the peak of the one that started it."""
    try:
        lines = (PROCESS / "status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return np.nan
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))


def _forget_peak() -> None:
    """Let the peak start at what is resident now (Linux); elsewhere there is none to forget."""
    if PROCESS.exists():
        (PROCESS / "clear_refs").write_text("5", encoding="utf-8")


def interleave(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Timing]:
    """Time the calls, `rounds` times one after the other, each once before that for nothing.

    In turn, so that a machine that slows down for a while slows all of them down."""
    for call in calls.values():
        call()
    timed: dict[str, list[tuple[float, float, Any]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            timed[name].append(_once(call))
    return {name: _collect(found) for name, found in timed.items()}


def _once(call: Callable[[], Any]) -> tuple[float, float, Any]:
    gc.collect()
    before = resident()
    _forget_peak()
    started = time.process_time()
    returned = call()
    seconds = time.process_time() - started
    return seconds, max(resident("VmHWM") - before, 0.0), returned


def _collect(found: list[tuple[float, float, Any]]) -> Timing:
    seconds, memory, returned = zip(*found, strict=True)
    return Timing(np.array(seconds), max(memory), returned)
