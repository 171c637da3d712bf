"""Which jobs a run has to do, by what their provenance says: neither the times of files nor the
bookkeeping of Snakemake count."""

from functools import cache, cached_property

from emmoe.jobs.base import CURRENT, Job, every_job, layout_of
from emmoe.record.entries import Record
from emmoe.store import provenance
from emmoe.store.provenance import Made


class Due:
    """Says of a record's jobs whether they are to be done: what one wrote is not all there, not as
    it was written, not of this code and these settings, or not from the inputs as they are or will
    be made."""

    def __init__(self, record: Record):
        self._record, self._layout = record, layout_of(record)
        self._made: dict[str, Made | None] = {}  # by provenance file; None: to be made
        self._hash = cache(provenance.file_hash)

    def __call__(self, job: Job) -> bool:
        """Return whether a job is to be done."""
        return self._current(job) is None

    def _current(self, job: Job) -> Made | None:
        """What a job left, or None if it is to be done."""
        path = job.provenance
        if path not in self._made:
            state, made = job.examined()
            whole = state == CURRENT and made.inputs == self._inputs(job)
            self._made[path] = made if whole else None
        return self._made[path]

    def _inputs(self, job: Job) -> dict[str, str] | None:
        """The SHA-256 of a job's inputs; None if one of them is to be made or can't be read."""
        paths = [path for paths in job.inputs.values() for path in paths]
        try:
            found = {path: job.checksums.get(path) or self._sha256(path) for path in paths}
        except OSError:
            return None
        known = {self._layout.inside(path): sha256 for path, sha256 in found.items() if sha256}
        return known if len(known) == len(found) else None

    def _sha256(self, path: str) -> str | None:
        maker = self._makers.get(path) if self._layout.is_result(path) else None
        if maker is None:
            return self._hash(path)
        made = self._current(maker)
        return None if made is None else made.outputs.get(self._layout.inside(path))

    @cached_property
    def _makers(self) -> dict[str, Job]:
        """The job that writes each result."""
        return {path: job for job in every_job(self._record) for path in job.outputs.values()}
