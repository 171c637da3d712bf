"""Killed runs, and two runs at once."""

import os
import signal
import subprocess

from faults.lab import Outcome, kill, refusal


def kills(world, whole, times):
    """Kill runs at random moments, some again after they were resumed, and resume each to its end.

    whole: the process group, with all jobs, instead of the scheduler alone."""
    killed = lost = differing = 0
    said = []
    while killed < times:
        lab, finished = world.fresh(), {}
        process = lab.begin()
        while killed < times and _alive_after(
            process, moment := world.chance.uniform(*_span(world))
        ):
            kill(process, whole)
            killed += 1
            finished = lab.finished() | finished  # what finished first must stay as it was then
            said.append(f"{moment:.1f} s ({len(finished)} files finished)")
            process = lab.begin()
        lab.wait(process)
        lost += lab.lost(finished)
        differing += lab.differing(world.reference)
    return Outcome(killed, killed, lost, differing, "at " + ", ".join(said))


def _span(world):
    """From when Snakemake has begun to load until a run's usual end."""
    return 0.05 * world.seconds, world.seconds


def _alive_after(process, seconds):
    """Whether a process still runs after some seconds."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def second_run(world):
    """Begin a run where one is working: it is told so, and the first one ends as if alone."""
    lab = world.fresh()
    process = lab.begin()
    lab.wait_for(process, "traces/*/*/*.parquet")
    finished = lab.finished()
    os.killpg(process.pid, signal.SIGSTOP)  # so that it works for as long as the second one plans
    try:
        said = refusal(lab.call(), "another run is working in this folder", str(process.pid))
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    lab.wait(process)
    return Outcome(1, 1, lab.lost(finished), lab.differing(world.reference), said)
