"""Faults of one job, of every kind: killed while it works, without disk, its files damaged."""

import contextlib
import json
import os
import shutil
import time

import psutil

from emmoe.jobs._batches import small_batches
from emmoe.jobs.product import batches
from emmoe.record.read import load
from faults.disks import PAGE, PLENTY, disk
from faults.lab import CONFIG, RESULTS, SECONDS, Lab, Outcome, refusal

SEARCH = "calibration/parts/symmetric_linear"
# A file of a job of each kind, in the order of the work; the last two read the search as kept.
FILES = {
    "fit": "traces/lines/em/d5-n2000-anglerandom-norm_beta2-norm_w2.r000-009.parquet",
    "gather": "summaries/lines.csv",
    "probe": "probes/identity.csv",
    "contest": "contests/race/costs.parquet",
    "figure": "figures/path.png",
    "table": "tables/steps.csv",
    "finding": "findings/same.json",
    "theorems": "audit/theorems/paper/theorems.csv",
    "audit": "audit/figures/audit.csv",
    "claim": "audit/claims/figure_2a_em_10.csv",
    "report": "report.html",
    "calibrate": f"{SEARCH}/data-0.json",
    "calibrate_keep": f"{SEARCH}/kept.json",
    "calibrate_gather": "calibration/settings.csv",
    "calibrate_fresh": "calibration/fresh/symmetric_linear-em.csv",
    "audit_power": "audit/power/figures/mutations.csv",
}
READ_KEPT = ("calibrate_fresh", "audit_power")
CLOCKS = ("seconds.parquet", "report.html")  # which hold seconds of a run, or its minute


class Jobs(Lab):
    """A finished run of jobs of several kinds, each asked for by a file."""

    configs = (CONFIG, "tests/faults_of_jobs.yaml")

    @classmethod
    @contextlib.contextmanager
    def made(cls, world, kinds=tuple(FILES), mounted=True):
        """Run what makes the kinds' files, on a disk of its own if one can be mounted."""
        jobs = cls(world.fresh().folder)
        with (
            disk(jobs.folder / RESULTS, PLENTY)
            if mounted
            else contextlib.nullcontext() as jobs.remount
        ):
            jobs._make(kinds)
            yield jobs

    def _make(self, kinds):
        """Run jobs of the kinds, and keep the search for those that read it kept."""
        later = set(kinds) & set(READ_KEPT)
        first = [*(set(kinds) - later), *(["calibrate_gather"] if later else [])]
        self.run(target=[target(kind) for kind in first])
        if later:
            results = self.folder / RESULTS
            parts = shutil.ignore_patterns("parts", "fresh")
            shutil.copytree(
                results / "calibration", results / "reference/calibration", ignore=parts
            )
            self.run(target=[target(kind) for kind in kinds])

    def made_by(self, kind):
        """Return the provenance of the job that makes a kind's file, and its other files."""
        results = self.folder / RESULTS
        for path in results.rglob("*provenance.json"):
            if path.is_relative_to(results / "reference"):
                continue
            outputs = json.loads(path.read_bytes())["outputs"]
            if FILES[kind] in outputs:
                return path, [results / name for name in outputs]
        raise AssertionError(f"nothing says what made {FILES[kind]}")

    def made_together(self, kind):
        """Return the files, and each time the provenance, of all that the process makes which makes
        a kind's file: of all products of its study and target, if it is a product's."""
        with contextlib.chdir(self.folder):
            own = load(self.configs)
            for jobs in [*batches(own).values(), *small_batches(own).values()]:
                if any(target(kind) in job.outputs.values() for job in jobs):
                    return [
                        (self._at(*job.outputs.values()), *self._at(job.provenance)) for job in jobs
                    ]
        return []

    def _at(self, *paths):
        return [self.folder / path for path in paths]

    def written(self):
        """Return when each result was written."""
        results = self.folder / RESULTS
        return {
            path: path.stat().st_mtime_ns
            for path in results.rglob("*")
            if path.is_file()
            and path.relative_to(results).parts[0] not in ("logs", "benchmarks")
            and not any(part.startswith(".") for part in path.relative_to(results).parts)
        }


def target(kind):
    return f"{RESULTS}/{FILES[kind]}"


def killed(jobs, kind, chance):
    """Its process is killed while it works."""
    provenance, outputs = jobs.made_by(kind)
    for path in (provenance, *outputs):
        path.unlink()
    log = jobs.folder / "run.log"
    log.unlink(missing_ok=True)
    process = jobs.begin(target=target(kind))
    worker = _worker(process)
    time.sleep(chance.uniform(0, 0.5))
    worker.kill()
    assert process.wait(timeout=SECONDS) != 0, "the run ended well without its job"
    assert "Traceback" not in log.read_text()


def _worker(process):
    """Return the process in which a run's next job works."""
    until = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < until:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                if any(part.endswith("job.py") for part in child.cmdline()):
                    return child
            except psutil.Error:  # it ended meanwhile
                continue
        time.sleep(0.01)
    raise AssertionError("no job began")


def without_disk(jobs, kind, chance):
    """The disk of the results is full."""
    provenance, outputs = jobs.made_by(kind)
    for path in (provenance, *outputs):
        path.unlink()
    jobs.remount(f"size={shutil.disk_usage(jobs.folder / RESULTS).used + PAGE}")
    try:
        refusal(jobs.call(target=target(kind)), "No space left on device")
    finally:  # the next fault is injected into the same jobs
        jobs.remount(f"size={PLENTY}")


def truncated(jobs, kind, chance):
    """Its file lost its end."""
    _rewritten(jobs.folder / target(kind), lambda content: content[: len(content) // 2])


def edited(jobs, kind, chance):
    """A byte of its file was changed, and the file's date set back."""

    def edit(content):
        place = chance.randrange(len(content))
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    _rewritten(jobs.folder / target(kind), edit)


def gone(jobs, kind, chance):
    """Its file was removed."""
    (jobs.folder / target(kind)).unlink()


def unsealed(jobs, kind, chance):
    """A byte of its provenance was changed, and the file's date set back."""
    _rewritten(jobs.made_by(kind)[0], lambda content: content.replace(b"20", b"21", 1))


def _rewritten(path, damage):
    before, dates = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    damaged = damage(before)
    assert damaged != before
    path.write_bytes(damaged)
    os.utime(path, ns=dates)


FAULTS = {
    "killed": killed,
    "disk full": without_disk,
    "truncated": truncated,
    "edited": edited,
    "gone": gone,
    "unsealed": unsealed,
}
MOUNTED = "disk full"  # which needs a disk that can be made small


def injected(jobs, kind, fault, chance):
    """Inject a fault into a job of a kind: the next run makes its files again, and no others but
    those that one process makes together with them, which are made as they were."""
    provenance, outputs = jobs.made_by(kind)
    batch = jobs.made_together(kind)
    made = {*outputs, *(path for paths, _ in batch for path in paths)}
    contents = {path: path.read_bytes() for path in made if path.name not in CLOCKS}
    own = {provenance, *made, *(path for _, path in batch)}
    others = {path: at for path, at in jobs.written().items() if path not in own}
    FAULTS[fault](jobs, kind, chance)
    damaged = jobs.written()
    jobs.run(target=target(kind))
    now = jobs.written()
    assert all(now[path] != damaged.get(path) for path in (provenance, *outputs)), "not made again"
    lost = sum(now.get(path) != at for path, at in others.items())
    differing = sum(path.read_bytes() != content for path, content in contents.items())
    assert "Nothing to be done" in jobs.run("--dry-run", target=target(kind))
    return Outcome(1, 1, lost, differing, "its batch again" if batch else "made again")


def table(outcomes):
    """Return the lines of a table of kinds of jobs by faults: what became of each."""
    faults = list(dict.fromkeys(fault for _, fault in outcomes))
    kinds = list(dict.fromkeys(kind for kind, _ in outcomes))
    rows = [["job", *faults]]
    rows += [[kind, *(_word(outcomes[kind, fault]) for fault in faults)] for kind in kinds]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _word(outcome):
    if not outcome.survived:
        return "not survived"
    return "lost" if outcome.lost else "differs" if outcome.differing else outcome.said
