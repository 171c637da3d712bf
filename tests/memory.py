"""The memory that a process has used at most, whatever started it."""

import re
from pathlib import Path


def peak_memory():
    """The most memory that this process has held since it began its program, in bytes.

    Not `resource.getrusage`: on Linux that counts what the process held before, as the copy of a
    large process that runs tests, and then hides what the program takes below it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024
