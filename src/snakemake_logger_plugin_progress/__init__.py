"""A logger for Snakemake (`--logger progress`): one line that says how far a run is.

On a terminal the line is written anew every second; elsewhere plain lines with a time stamp follow
every ten seconds. Warnings, errors and the last words of a run are printed as ever, and Snakemake's
full log and what jobs say are in .snakemake/log.
"""

import logging
import os
import shutil
import sys
import threading
import time
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from emmoe.store.progress import Progress, redirect

EVERY = 10.0  # seconds between plain lines
ERASE = "\r\x1b[K"
WORDS = ("Nothing to be done", "Complete log")  # of Snakemake's own, that are passed on
TALK = Path(".snakemake") / "log" / "jobs.log"  # where jobs say how far they are


class LogHandler(LogHandlerBase):
    """Writes the line; see above."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.progress, self.over, self.ended = Progress(), False, threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        event, now = getattr(record, "event", None), time.monotonic()
        if hasattr(record, "expected"):
            self.progress.plan(record.expected, record.cores)
            redirect(str(TALK.resolve()))
        elif event == LogEvent.JOB_INFO:
            self.progress.start(record.jobid, _name(record), now)
        elif event == LogEvent.JOB_FINISHED:
            self.progress.finish(record.job_id, now)
        elif self._is_said(record, event):
            self._write(self.format(record))
        if not self.over and (self.live or self.progress.complete):
            self._show(now)

    def _is_said(self, record: logging.LogRecord, event: LogEvent | None) -> bool:
        if event in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR, LogEvent.ERROR):
            return True
        words = record.getMessage()
        said = hasattr(record, "last_words") or words.startswith(WORDS)
        return event is None and bool(words) and (said or record.levelno >= logging.WARNING)

    def _write(self, text: str) -> None:
        self.stream.write(f"{ERASE if self.live else ''}{text}\n")
        self.stream.flush()

    def _show(self, now: float) -> None:
        """Write the line, over the last one on a terminal; the last of all stays."""
        if not self.progress.total:
            return
        line, self.over = self.progress.line(now), self.progress.complete
        if self.live and not self.over:
            self.stream.write(ERASE + line[: shutil.get_terminal_size().columns - 1])
            self.stream.flush()
        else:
            self._write(line if self.live else f"{time.strftime('%H:%M:%S')} {line}")

    def _tick(self) -> None:
        while not self.ended.wait(1.0 if self.live else EVERY):
            with self.lock:
                if not self.over:
                    self._show(time.monotonic())

    def close(self) -> None:
        """Leave the line of a run that was broken off where it is."""
        self.ended.set()
        if self.live and self.progress.total and not self.over:
            self.stream.write("\n")
        super().close()


def _name(record: logging.LogRecord) -> str:
    """A job as the line names it: its rule, and what tells it from the rule's others."""
    parts = [record.rule_name, *record.wildcards.values()]
    return " ".join(str(part) for part in parts)[:60]
